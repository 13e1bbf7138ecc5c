"""Send requests over connections that stay open, from one thread: cheap enough to share two cores with the server."""

import json
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

TIMEOUT: Final = 60
LAST_CHUNK: Final = b"0\r\n\r\n"


class UnexpectedAnswer(Exception):
    """The server answered with another status than expected, or closed the connection."""


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request(method: str, path: str, *, headers: Mapping[str, str], body: object = None) -> bytes:
    """Return the bytes of a request."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Connection:
    """A connection that sends one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, content: bytes) -> None:
        self._received = b""
        self.socket.sendall(content)

    def receive(self) -> Answer | None:
        """Read what has arrived. Return the response once it is complete."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise UnexpectedAnswer(f"The server closed the connection after {self._received[:200]!r}.")
        self._received += piece
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        _before, has_length, length = head.lower().partition(b"\r\ncontent-length:")
        if len(body) < int(length.partition(b"\r\n")[0]) if has_length else not body.endswith(LAST_CHUNK):
            return None
        return Answer(int(head[9:12]), body if has_length else _joined(body))

    def ask(self, content: bytes) -> Answer:
        """Send a request and wait for its response."""
        self.send(content)
        while (answer := self.receive()) is None:
            pass
        return answer


def ask(port: int, content: bytes, *, status: int) -> Answer:
    """Send one request over a connection of its own. Raise UnexpectedAnswer if the status is another."""
    connection = Connection(port)
    with connection.socket:
        return _checked(connection.ask(content), status)


def mean_seconds(
    port: int, next_request: Callable[[], bytes], *, status: int, concurrency: int, seconds: float
) -> float:
    """Send requests for some seconds. Return how long one took on average.

    Raises UnexpectedAnswer if a response has another status.
    """
    count = 0
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        started = time.perf_counter()
        for _ in range(concurrency):
            connection = Connection(port)
            stack.enter_context(connection.socket)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next_request())
        busy = concurrency
        while busy:
            for key, _events in selector.select(TIMEOUT):
                answer = key.data.receive()
                if answer is None:
                    continue
                _checked(answer, status)
                count += 1
                if time.perf_counter() - started < seconds:
                    key.data.send(next_request())
                else:
                    busy -= 1
        return (time.perf_counter() - started) * concurrency / count


def _joined(chunks: bytes) -> bytes:
    """Return the body of a response in chunks."""
    body = b""
    while chunks:
        size, _separator, rest = chunks.partition(b"\r\n")
        body += rest[: int(size, 16)]
        chunks = rest[int(size, 16) + 2 :]
    return body


def _checked(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise UnexpectedAnswer(f"The server answers {answer.status} instead of {status}: {answer.body[:500]!r}")
    return answer
