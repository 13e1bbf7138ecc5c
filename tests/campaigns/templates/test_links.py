"""Where the links of messages lead."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from campaigns.templates import links
from campaigns.templates.links import check_links, links_of
from campaigns.templates.variables import UNSUBSCRIBE_MARKER

PAGES = {"/": (200, ""), "/gone": (404, ""), "/broken": (503, ""), "/moved": (302, "/"), "/round": (301, "/round")}


class Pages(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        status, location = PAGES.get(self.path, (405, ""))
        self._answer(status, location)

    def do_GET(self) -> None:
        self._answer(403 if self.path == "/people-only" else 200, "")

    def _answer(self, status: int, location: str) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_links_are_found_in_text_and_html_once_without_the_one_to_unsubscribe() -> None:
    html = f'<a href="https://a.example/x?a=1&amp;b=2">here</a> <a href="{UNSUBSCRIBE_MARKER}">Stop</a>'
    assert links_of("See https://b.example/y, or (https://a.example/x?a=1&b=2).", html) == [
        "https://b.example/y",
        "https://a.example/x?a=1&b=2",
    ]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/", links.NO_TLS),
        ("/moved", links.NO_TLS),
        ("/any", links.NO_TLS),
        ("/people-only", links.NO_TLS),
        ("/gone", "The server answers 404. Check the address."),
        ("/broken", "The server answers 503. Check the address."),
        ("/round", links.TOO_MANY),
    ],
)
def test_what_a_server_answers_is_reported(path: str, problem: str, site: str, settings: Any) -> None:
    settings.MAIL_INTERNAL_HOSTS = ["127.0.0.1"]
    [report] = check_links([site + path])
    assert report.problem == problem


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://bit.ly/abc", links.SHORTENER),
        ("ftp://a.example/x", links.NOT_AN_ADDRESS),
        ("https://localhost/x", links.NOT_AN_ADDRESS),
        ("https://user@a.example/x", links.NOT_AN_ADDRESS),
        ("https://a.example:99999/", links.NOT_AN_ADDRESS),
        ("http://169.254.169.254/latest/meta-data", links.INTERNAL),
        ("http://127.0.0.1:1/", links.INTERNAL),
        ("http://[::ffff:10.0.0.1]/", links.NO_ANSWER),
    ],
)
def test_links_that_nobody_should_send_are_never_asked(url: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.create_connection", pytest.fail)
    assert check_links([url])[0].problem == problem


def test_a_redirect_into_the_private_network_is_not_followed(site: str, settings: Any) -> None:
    settings.MAIL_INTERNAL_HOSTS = ["127.0.0.1"]
    PAGES["/inside"] = (302, "http://10.0.0.1/")
    assert check_links([f"{site}/inside"])[0].problem == links.INTERNAL


def test_nothing_is_asked_when_the_time_is_up(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MAX_SECONDS", 0)
    assert check_links([f"{site}/"])[0].problem == links.NO_TIME
