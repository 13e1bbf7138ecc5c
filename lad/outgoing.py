"""Connect to servers that users name: public ones, and those that settings allow."""

import os
import socket
import ssl
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.core.exceptions import ValidationError
from django.db import connection as database

Address = IPv4Address | IPv6Address
NAT64: Final = ip_network("64:ff9b::/96")
PLAIN: Final = "Use https: the key would be readable on its way. Plain http is for hosts that LAD's operator allows."
NO_ADDRESS: Final = "Enter an address such as {example}, without a user name, query or fragment."
PRIVATE: Final = "This address is inside a private network. LAD connects to public endpoints only."


class CallInTransaction(RuntimeError):
    """An outside system was called inside a transaction, which would stay open for as long as the system takes."""


class Unresolved(Exception):
    """The name has no address."""


class PrivateAddress(Exception):
    """The name leads into a private network."""


class NotPublic(OSError):
    """The server's address is inside a private network."""


def connect(host: str, port: int, *, timeout: float, exceptions: Collection[str] = ()) -> socket.socket:
    """Return a connection to the server. Raises NotPublic, and OSError if it cannot be reached.

    ``exceptions`` are names, addresses and networks that may be private. The name is looked up once, and the
    connection goes to the address that was checked: a name server that answers differently a second time gains nothing.
    """
    refused: OSError = OSError(f"There is no server named {host}.")
    for address in addresses(host, port):
        if not is_public(address) and not is_listed(host, address, exceptions):
            raise NotPublic(f"{host} is an address inside a private network.")
        try:
            return socket.create_connection((str(address), port), timeout=timeout)
        except OSError as error:
            refused = error
    raise refused


def addresses(name: str, port: int) -> list[Address]:
    """Return the addresses of a name, in the order in which to try them. Raises OSError, and UnicodeError."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(parsed(str(each[4][0])) for each in found))


def parsed(text: str) -> Address:
    """Return an address as the system writes it. Raises ValueError for a name."""
    # An IPv6 address may carry a zone, which names an interface.
    return ip_address(text.partition("%")[0])


def is_public(address: Address) -> bool:
    """Return whether the address can be reached from everywhere, and so can the one that a gateway makes of it."""
    embedded = _embedded(address)
    return address.is_global and not address.is_multicast and (embedded is None or embedded.is_global)


def is_listed(name: str, address: Address | None, entries: Collection[str]) -> bool:
    """Return whether one of the names, addresses and networks of a setting means this address of the name."""
    return any(_matches(entry.strip().lower(), name, address) for entry in entries)


def _matches(entry: str, name: str, address: Address | None) -> bool:
    if entry == name:
        return True
    try:
        return address is not None and address in ip_network(entry, strict=False)
    except ValueError:
        return False


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway would take from an IPv6 address."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True, slots=True)
class Guard:
    """Which servers may be called. ``exceptions`` returns names, addresses and networks that may be private.

    ``example`` is the address that messages show.
    """

    exceptions: Callable[[], list[str]]
    example: str

    def validate(self, base_url: str) -> None:
        """Raise ValidationError for an address that LAD will not call, as far as it can be told without a look-up."""
        wrong = NO_ADDRESS.format(example=self.example)
        try:
            parts = urlsplit(base_url)
            host, _port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise ValidationError(wrong) from None
        if parts.scheme not in ("http", "https") or not host:
            raise ValidationError(wrong)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValidationError(wrong)
        try:
            address = parsed(host)
        except ValueError:
            address = None
        if is_listed(host, address, self.exceptions()):
            return
        if parts.scheme != "https":
            raise ValidationError(PLAIN)
        if host == "localhost" or (address is not None and not is_public(address)):
            raise ValidationError(PRIVATE)

    def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raise PrivateAddress if one is not allowed, Unresolved if there is none."""
        try:
            found = addresses(host, port)
        except (OSError, UnicodeError):
            raise Unresolved from None
        if not all(is_public(each) or is_listed(host.lower(), each, self.exceptions()) for each in found):
            raise PrivateAddress
        return [str(each) for each in found]


def refuse_transactions() -> None:
    """Raise CallInTransaction inside a transaction, other than that of a test case."""
    # As Django's own check of durable blocks does.
    if database.atomic_blocks and not getattr(database.atomic_blocks[-1], "_from_testcase", False):
        raise CallInTransaction(CallInTransaction.__doc__)


def is_at(base_url: str, hosts: Collection[str]) -> bool:
    """Return whether the address is on one of the hosts."""
    return is_listed((urlsplit(base_url).hostname or "").lower(), None, hosts)


def client(addresses: Callable[[str, int], list[str]], *, ca_file: str, connections: int, idle: float) -> httpx2.Client:
    """Return this process's client for servers that ``addresses`` allows. Open connections are kept ``idle`` seconds.

    ``ca_file`` names certificates to trust beside the system's.
    """
    # A forked process must not share connections with its parent.
    return _client(os.getpid(), addresses, ca_file, connections, idle)


@lru_cache(maxsize=4)
def _client(
    _process: int, addresses: Callable[[str, int], list[str]], ca_file: str, connections: int, idle: float
) -> httpx2.Client:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=idle)
    transport = httpx2.HTTPTransport(verify=context, trust_env=False, limits=limits)
    # The library offers no other way to choose how its pool connects.
    transport._pool._network_backend = GuardedBackend(addresses)
    return httpx2.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        # Tenants share the client, so nothing that a server sets may come back to it.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "LAD", "Accept-Encoding": "identity"},
    )


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects to addresses that LAD allows.

    The name is looked up once, and the connection goes to the address that was checked: a name server that answers
    differently a second time gains nothing.
    """

    def __init__(self, addresses: Callable[[str, int], list[str]]) -> None:
        self._addresses = addresses
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("The name has no address.")
        for address in self._addresses(host, port):
            try:
                return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)
