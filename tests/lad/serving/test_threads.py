"""A WSGI application in threads: what it is told about a request, and what slow clients may cost."""

import asyncio
import hashlib
import threading
from collections.abc import Iterable, MutableMapping
from typing import Any, TypeVar

import pytest

from lad.serving import bodies
from lad.serving.clients import address_of
from lad.serving.threads import MEMORY_BYTES, ThreadedApplication
from tests.support.loops import run as run_coroutine

MAX_BODY = 300_000
MAX_UPLOAD = 600_000
UNFINISHED = 60
Message = dict[str, Any]
Result = TypeVar("Result")


def shown(environment: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the length and digest of the body and the path; /long and /broken answer otherwise."""
    if environment["PATH_INFO"] == "/broken":
        raise RuntimeError("nobody caught this")
    body = environment["wsgi.input"].read()
    start_response(
        "200 OK", [("X-Digest", hashlib.sha256(body).hexdigest()), ("X-Thread", threading.current_thread().name)]
    )
    if environment["PATH_INFO"] == "/long":
        return (b"0123456789abcdef" * 4096 for _ in range(40))
    names = ("REQUEST_METHOD", "PATH_INFO", "CONTENT_LENGTH", "HTTP_COOKIE", "HTTP_X_FORWARDED_FOR", "REMOTE_ADDR")
    return ["|".join(environment.get(name, "-") for name in names).encode("latin-1")]


application = ThreadedApplication(
    shown, threads=1, max_body=MAX_BODY, max_upload=MAX_UPLOAD, unfinished_bodies=UNFINISHED
)


class Client:
    """One request and the messages that come back. ``pieces`` arrive one by one; None means a pause."""

    def __init__(
        self,
        method: str = "POST",
        path: bytes = b"/",
        headers: Iterable[tuple[bytes, bytes]] = (),
        *pieces: bytes | None,
        address: str = "203.0.113.9",
        seconds_between: float = 0,
    ) -> None:
        self.scope: Message = {
            "type": "http",
            "method": method,
            "path": path.decode(),
            "raw_path": path,
            "query_string": b"",
            "headers": list(headers),
            "http_version": "1.1",
            "scheme": "http",
            "client": (address, 1),
            "server": ("127.0.0.1", 80),
        }
        self.sent: list[MutableMapping[str, Any]] = []
        self._pieces = list(pieces)
        self._seconds_between = seconds_between

    async def receive(self) -> Message:
        await asyncio.sleep(self._seconds_between)
        piece = self._pieces.pop(0) if self._pieces else None
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    async def run(self) -> "Client":
        await application(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def run(client: Client) -> Client:
    return run_coroutine(client.run())


def test_a_request_reaches_the_application_as_wsgi_names_it() -> None:
    headers = [
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-forwarded-for", b"198.51.100.1"),
        (b"content-length", b"0"),
    ]
    client = run(Client("GET", b"/caf%C3%A9/", headers))
    assert client.status == 200
    assert client.body.decode() == "GET|/café/|-|a=1; b=2|198.51.100.1|203.0.113.9".replace("|-|", "||")
    assert client.headers[b"content-length"] == str(len(client.body)).encode()


def test_a_header_with_an_underscore_does_not_pass_for_a_proxys() -> None:
    client = run(Client("GET", b"/", [(b"x_forwarded_for", b"198.51.100.1")]))
    assert client.body == b"GET|/||-|-|203.0.113.9"


@pytest.mark.parametrize("header", [(b"content-length", b"200000"), (b"transfer-encoding", b"chunked")])
def test_a_body_in_pieces_arrives_whole(header: tuple[bytes, bytes]) -> None:
    pieces = [bytes([number]) * 50_000 for number in range(4)]
    client = run(Client("POST", b"/", [header], *pieces))
    assert client.headers[b"x-digest"] == hashlib.sha256(b"".join(pieces)).hexdigest().encode()
    assert b"|200000|" in client.body


def test_a_body_that_is_too_long_is_not_read_but_its_length_is_told() -> None:
    length = str(MAX_BODY + 1).encode()
    client = run(Client("POST", b"/", [(b"content-length", length)], b"never read"))
    assert client.headers[b"x-digest"] == hashlib.sha256(b"").hexdigest().encode()
    assert b"|" + length + b"|" in client.body


def test_a_long_response_is_sent_in_pieces() -> None:
    client = run(Client("GET", b"/long"))
    assert client.body == b"0123456789abcdef" * 4096 * 40
    assert len(client.body) > MEMORY_BYTES
    assert len(client.sent) > 3


def test_slow_bodies_leave_the_thread_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.3)

    async def together() -> tuple[list[Client], Client]:
        slow = [Client("POST", b"/", [(b"content-length", b"10")], b"{", None) for _ in range(50)]
        waiting = [asyncio.create_task(each.run()) for each in slow]
        await asyncio.sleep(0)
        quick = await Client("GET", b"/").run()
        assert not any(each.done() for each in waiting)
        return [await each for each in waiting], quick

    slow, quick = run_coroutine(together())
    assert quick.status == 200
    assert [each.status for each in slow] == [408] * 50


def test_a_body_that_drips_is_given_up_although_it_never_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.2)
    drops = [b"x"] * 1_000
    slow = Client("POST", b"/", [(b"content-length", b"1000")], *drops, seconds_between=0.01)
    assert run(slow).status == 408
    monkeypatch.setattr(bodies, "MIN_BYTES_PER_SECOND", 50)
    enough = Client("POST", b"/", [(b"content-length", b"60")], *drops[:60], seconds_between=0.01)
    assert run(enough).status == 200


def test_a_client_has_a_limited_number_of_unfinished_bodies_and_others_have_theirs() -> None:
    head = [(b"content-length", b"10")]

    async def together() -> tuple[list[Client], Client, Client, Client]:
        held = [Client("POST", b"/", head, b"{", None) for _ in range(UNFINISHED)]
        waiting = [asyncio.create_task(each.run()) for each in held]
        await asyncio.sleep(0)
        refused = await Client("POST", b"/", head, b"{", None).run()
        without_body = await Client("GET", b"/").run()
        other = await Client("POST", b"/", head, b"0123456789", address="203.0.113.10").run()
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        again = await Client("POST", b"/", head, b"0123456789").run()
        return held, refused, other, without_body if again.status == 200 else again

    held, refused, other, without_body = run_coroutine(together())
    assert [each.sent for each in held] == [[]] * UNFINISHED
    assert refused.status == 429
    assert refused.headers[b"retry-after"]
    assert (other.status, without_body.status) == (200, 200)


def test_behind_a_proxy_the_client_is_who_the_proxy_names() -> None:
    scope = Client(headers=[(b"x-forwarded-for", b"6.6.6.6, 198.51.100.1"), (b"x-forwarded-for", b"10.0.0.1")]).scope
    assert address_of(scope, trusted_proxies=0) == "203.0.113.9"
    assert address_of(scope, trusted_proxies=1) == "10.0.0.1"
    assert address_of(scope, trusted_proxies=2) == "198.51.100.1"
    assert address_of(Client().scope, trusted_proxies=1) == "203.0.113.9"


def test_only_a_form_with_files_may_be_as_long_as_an_upload() -> None:
    length = (b"content-length", str(MAX_UPLOAD).encode())
    form = (b"content-type", b"Multipart/form-data; boundary=x")
    content = [b"x" * MAX_UPLOAD]
    plain, upload = (run(Client("POST", b"/", headers, *content)) for headers in ([length], [length, form]))
    assert plain.headers[b"x-digest"] == hashlib.sha256(b"").hexdigest().encode()
    assert upload.headers[b"x-digest"] == hashlib.sha256(content[0]).hexdigest().encode()


def test_a_failure_outside_django_answers_500_and_keeps_the_thread() -> None:
    assert run(Client("GET", b"/broken")).status == 500
    assert run(Client("GET", b"/")).status == 200
