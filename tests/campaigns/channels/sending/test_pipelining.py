"""Commands leave together where a server allows it, and one by one where it does not."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from campaigns.accounts.models import EmailAccount
from campaigns.channels.sending import worker
from campaigns.messages.models import MessageState
from leads.contactability.models import ContactPolicy
from tests.campaigns.channels.sending.conftest import states

ANSWERS: Final = {
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go on",
    ".": "250 2.0.0 Ok: queued",
    "AUTH": "235 2.7.0 Welcome",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}
NOBODY: Final = "person0@people.example"


@contextmanager
def server(*, pipelining: bool) -> Iterator[tuple[int, list[list[str]]]]:
    """Serve one connection. Yield its port, and what it has read: the commands of each packet.

    It refuses one recipient and, as RFC 2920 allows, takes a mail to nobody up to its end.
    """
    packets: list[list[str]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        served = pool.submit(_serve, listener, packets, pipelining)
        yield listener.getsockname()[1], packets
        served.result(timeout=10)


def _serve(listener: socket.socket, packets: list[list[str]], pipelining: bool) -> None:
    connection, _address = listener.accept()
    with connection:
        connection.sendall(b"220 fake ESMTP\r\n")
        recipients, in_data = 0, False
        while data := connection.recv(1 << 16):
            lines = data.decode().splitlines()
            packets.append([line.split()[0].upper() for line in lines if line and not in_data])
            for line in lines:
                if in_data and line != ".":
                    continue
                word = line.split()[0].upper()
                answer = ANSWERS.get(word, "500 What?")
                if word == "EHLO":
                    offers = ["PIPELINING"] if pipelining else []
                    answer = "\r\n".join(["250-fake", *(f"250-{each}" for each in offers), "250 AUTH PLAIN"])
                if word == "RCPT":
                    refused = NOBODY in line
                    recipients = 0 if refused else 1
                    answer = "550 5.1.1 no such person" if refused else answer
                if word == "." and not recipients:
                    answer = "554 5.5.1 nobody to send it to"
                in_data = word == "DATA" and (bool(recipients) or pipelining)
                if word == "DATA" and not in_data:
                    answer = "503 5.5.1 Send RCPT first"
                connection.sendall(answer.encode() + b"\r\n")


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_recipient_leaves_the_connection_usable(
    make_account: Callable[..., EmailAccount], policy: ContactPolicy, queue: Any, pipelining: bool
) -> None:
    with server(pipelining=pipelining) as (port, packets):
        account = make_account(smtp_port=port)
        messages = queue(account, 2)
        assert worker.send_due() == {"refused": 1, "sent": 1}
    assert sorted(states(messages)) == [MessageState.FAILED, MessageState.SENT]
    together = ["MAIL", "RCPT", "DATA"] in packets
    assert together == pipelining
    assert sum(packet.count("AUTH") for packet in packets) == 1
