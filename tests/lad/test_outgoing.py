"""Which servers LAD connects to on a user's behalf."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from lad import outgoing
from lad.addresses import is_listed, is_public

PUBLIC = ["8.8.8.8", "2606:4700::1111"]
NOT_PUBLIC = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_only_addresses_that_can_be_reached_from_everywhere_are_public() -> None:
    assert [each for each in PUBLIC + NOT_PUBLIC if is_public(ip_address(each))] == PUBLIC


@pytest.mark.parametrize(
    ("entry", "other"),
    [
        ("Mail.acme.example", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.4"),
        ("10.0.0.0/8", "11.1.2.3"),
    ],
)
def test_settings_name_hosts_addresses_and_networks(entry: str, other: str) -> None:
    assert is_listed("mail.acme.example", ip_address("10.1.2.3"), [entry])
    assert not is_listed("other.example", ip_address(other), [entry])


def test_a_name_that_leads_inside_is_refused_unless_it_is_allowed(port: int) -> None:
    with pytest.raises(outgoing.PrivateAddress, match="inside a private network"):
        outgoing.connect("localhost", port, timeout=1)
    for allowed in ("localhost", "127.0.0.0/8"):
        # The name has an IPv6 address as well on some machines.
        outgoing.connect("127.0.0.1" if "/" in allowed else "localhost", port, timeout=1, exceptions=[allowed]).close()


def test_a_server_that_does_not_answer_is_an_error(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        outgoing.connect("127.0.0.1", closed, timeout=1, exceptions=["127.0.0.1"])
