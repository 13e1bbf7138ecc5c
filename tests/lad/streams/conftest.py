"""The web server as a process of its own, and listeners."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from lad.db.identifiers import uuid7
from lad.streams.tickets import Ticket, issue_ticket
from tools.runtime import web
from tools.runtime.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
STREAMS_PER_TENANT = 3


@dataclass
class Stream:
    """An open stream."""

    connection: socket.socket
    received: bytes = b""

    def wait_for(self, text: str, *, seconds: float = 10) -> str:
        """Read until the text has arrived. Return everything received."""
        self.connection.settimeout(seconds)
        while text.encode() not in self.received:
            piece = self.connection.recv(4096)
            assert piece, self.received
            self.received += piece
        return self.received.decode()

    def ends(self) -> bool:
        self.connection.settimeout(10)
        while piece := self.connection.recv(4096):
            self.received += piece
        return True


class Server:
    """The running web server."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port, self.process = port, process

    @contextmanager
    def stream(self, tenant_id: UUID, channel: str = "activity") -> Iterator[Stream]:
        """Open a stream with a good ticket and wait until it has begun."""
        ticket, _expires_at = issue_ticket(Ticket(tenant_id, uuid7(), channel))
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            head = f"GET /streams/{channel}/?ticket={ticket} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            connection.sendall(f"{head}Origin: {settings.APP_URL}\r\n\r\n".encode())
            stream = Stream(connection)
            stream.wait_for("event: open")
            yield stream

    def refusal(self, ticket: str, channel: str = "activity") -> tuple[int, dict[str, Any]]:
        """Return status and problem document of a stream that is refused."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/streams/{channel}/?ticket={ticket}", timeout=10)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        raise AssertionError("the stream was opened")

    def health(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as answer:
            return int(answer.status)


@contextmanager
def serve() -> Iterator[Server]:
    port = free_port()
    environment = {
        **os.environ,
        "GRANIAN_WORKERS": "1",
        "WEB_THREADS": "2",
        "STREAMS_PER_TENANT": str(STREAMS_PER_TENANT),
        "JWT_SIGNING_KEYS": ",".join(settings.JWT_SIGNING_KEYS),
        "PUBLIC_URL": settings.PUBLIC_URL,
        "REDIS_URL": settings.REDIS_URL,
    }
    arguments = web.command(host="127.0.0.1", port=port)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    server = Server(port, process)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert server.health() == 200
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running
