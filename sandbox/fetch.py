"""Fetch links as people's programs do, from this computer only."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 10
MAX_ANSWER: Final = 1_000_000
FORM: Final = "application/x-www-form-urlencoded"
LOCAL_HOSTS: Final = {"127.0.0.1", "localhost", "::1"}


class Elsewhere(Exception):
    """The link leads to another computer, which the sandbox does not call."""


@dataclass(frozen=True)
class Fetched:
    status: int
    location: str
    body: bytes = b""


class Fetcher:
    """Calls web servers of this computer. ``hosts`` says which other names stand for them."""

    def __init__(self, hosts: dict[str, str]) -> None:
        # Host name in a link -> "host:port" on this computer.
        self.hosts: dict[str, str] = {}
        self.map(hosts)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        agent: str,
        body: str = "",
        content_type: str = FORM,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Make one request without following redirects. Raise Elsewhere, OSError or TimeoutError."""
        host, port, path, name = self._place(url)
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: {name}",
            f"User-Agent: {agent}",
            "Accept: */*",
            "Connection: close",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        if method == "POST":
            head += [f"Content-Type: {content_type}"] if content_type else []
            head.append(f"Content-Length: {len(body.encode())}")
        request = ("\r\n".join(head) + "\r\n\r\n" + body).encode()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                answer = b""
                while len(answer) < MAX_ANSWER and (more := await reader.read(65_536)):
                    answer += more
            finally:
                writer.close()
        return _parsed(answer)

    def _place(self, url: str) -> tuple[str, int, str, str]:
        """Return host and port to call, the path, and the name that the link has."""
        parts = urlsplit(url)
        name = (parts.hostname or "").lower()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if mapped := self.hosts.get(name):
            host, _, port = mapped.rpartition(":")
            return host, int(port), path, parts.netloc
        if name not in LOCAL_HOSTS or parts.scheme != "http":
            raise Elsewhere(f"{name or url} is not on this computer")
        return name, parts.port or 80, path, parts.netloc

    def map(self, hosts: dict[str, str]) -> None:
        """Let host names stand for servers of this computer. Raise ValueError for any other server."""
        for address in hosts.values():
            host, _, port = address.rpartition(":")
            if host not in LOCAL_HOSTS or not port.isdecimal():
                raise ValueError(f"{address} is not a host and port of this computer")
        self.hosts |= {name.lower(): address for name, address in hosts.items()}


def _parsed(answer: bytes) -> Fetched:
    start, _, body = answer.partition(b"\r\n\r\n")
    head = start.decode("latin-1").split("\r\n")
    words = head[0].split()
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError("the server sent no answer")
    location = next((line.partition(":")[2].strip() for line in head[1:] if line.lower().startswith("location:")), "")
    return Fetched(int(words[1]), location, body)
