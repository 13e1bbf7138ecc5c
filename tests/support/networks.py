"""LAD's side of the networks in tests of the sandbox: an address that keeps what is reported to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.serving import serving


@dataclass(frozen=True)
class Report:
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Reported:
    """What came to ``url``. ``statuses`` are answered first, one after the other; then 200."""

    url: str = ""
    reports: list[Report] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    challenge_token: str = ""

    def events(self) -> list[str]:
        """Return the events of the gateway's reports."""
        return [str(each.json().get("event", "")) for each in self.reports]


@contextmanager
def reports() -> Iterator[Reported]:
    """Listen while the block runs."""
    heard = Reported()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.reports.append(Report(self.path, {name.lower(): each for name, each in self.headers.items()}, body))
            self.send_response(heard.statuses.pop(0) if heard.statuses else 200)
            self.end_headers()

        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            right = query.get("hub.verify_token") == heard.challenge_token and query.get("hub.mode") == "subscribe"
            self.send_response(200 if right else 403)
            self.end_headers()
            self.wfile.write(query.get("hub.challenge", "").encode() if right else b"")

        def log_message(self, *arguments: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        heard.url = f"{url}/reports"
        yield heard
