"""Measure how many messages a second the sandbox's submission server accepts, with one connection and with several.

    .venv/bin/python -m benchmarks.sandbox_speed [--messages 20000] [--connections 1 8]

``smtplib`` is what LAD uses; ``pipelined`` is a client that does almost nothing, so that the server is the limit.
"""

import argparse
import multiprocessing
import smtplib
import socket
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.support.sandbox import Sandbox, start, wait_for_ports

TEXT = "A line of the text of a message. \r\n" * 70
Client = Callable[[tuple[str, int], str, int, int], None]


def by_smtplib(server: tuple[str, int], account: str, first: int, count: int) -> None:
    with smtplib.SMTP(*server, timeout=60) as client:
        client.login(account, "secret")
        for number in range(first, first + count):
            client.sendmail(account, [f"lead{number}@people.example"], _message(account, number))


def pipelined(server: tuple[str, int], account: str, first: int, count: int) -> None:
    with socket.create_connection(server) as connection, connection.makefile("rb") as answers:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secret = b64encode(f"\0{account}\0secret".encode()).decode()
        connection.sendall(f"HELO benchmark\r\nAUTH PLAIN {secret}\r\n".encode())
        _expect(answers.readline(), answers.readline(), answers.readline())
        for number in range(first, first + count):
            envelope = f"MAIL FROM:<{account}>\r\nRCPT TO:<lead{number}@people.example>\r\nDATA\r\n"
            connection.sendall(envelope.encode())
            _expect(answers.readline(), answers.readline(), answers.readline())
            connection.sendall(f"{_message(account, number)}\r\n.\r\n".encode())
            _expect(answers.readline())


def measure(sandbox: Sandbox, server: psutil.Process, client: Client, connections: int, messages: int) -> str:
    """Send with each connection in a process of its own. Return a line of the report."""
    share = messages // connections
    accounts = [f"sender{number}@kestrel.example" for number in range(connections)]
    for account in accounts:
        sandbox.mailbox(account)
    before, work = sandbox.stats()["log"].get("submission", 0), server.cpu_times()
    processes = [
        multiprocessing.Process(target=client, args=(sandbox.smtp, account, place * share, share))
        for place, account in enumerate(accounts)
    ]
    started = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - started
    accepted = sandbox.stats()["log"]["submission"] - before
    assert accepted == share * connections, f"{accepted} of {share * connections} were accepted"
    spent = sum(server.cpu_times()[:2]) - sum(work[:2])
    return (
        f"{client.__name__:10} {connections:2} connections: {accepted / seconds:6.0f} a second, "
        f"{accepted / spent:6.0f} a second of the server's processor time, {server.memory_info().rss / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        process = start(home, "--people", "silent")
        try:
            sandbox = Sandbox(home, wait_for_ports(home, process))
            for client in (by_smtplib, pipelined):
                for connections in arguments.connections:
                    print(measure(sandbox, psutil.Process(process.pid), client, connections, arguments.messages))
        finally:
            process.terminate()
            process.wait(10)


def _message(account: str, number: int) -> str:
    return f"From: {account}\r\nSubject: Number {number}\r\nMessage-ID: <{number}.{account}>\r\n\r\n{TEXT}"


def _expect(*answers: bytes) -> None:
    if refused := [answer for answer in answers if answer[:1] not in b"23"]:
        raise ConnectionError(f"the server answered {refused[0]!r}")


if __name__ == "__main__":
    main()
