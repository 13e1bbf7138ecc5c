"""Carriers at the sandbox, and a server that receives their callbacks."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID, uuid4

import pytest
import stamina

from tests.support.sandbox import Sandbox
from tests.support.serving import serving
from voice.carriers.livekit.client import LiveKit
from voice.carriers.protocol import (
    AgentBrief,
    CallbackRequest,
    Caller,
    CallKey,
    CallToPlace,
    Carrier,
    CarrierEvent,
    Credentials,
    EventKind,
)
from voice.carriers.vapi.client import Vapi

KEY = "sandbox-acme"
SECRET = f"{KEY}-secret-that-opens-nothing-outside"
WEBHOOK_SECRET = "a-secret-that-vapi-brings-with-each-callback"
PERSON = "+442079460500"
PROTOCOLS = ("livekit", "vapi")
AGENT = AgentBrief(
    "Find out whether a demo would help.", "Hello, this is Acme. Do you have a minute?", "en", {"name": "Ada"}
)


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class Callbacks:
    """Receives callbacks and keeps them. ``failures`` is how often it fails first."""

    def __init__(self) -> None:
        self.address = ""
        self.failures = 0
        self.got: list[CallbackRequest] = []

    def receive(self, headers: dict[str, str], body: bytes) -> int:
        self.got.append(CallbackRequest({name.lower(): value for name, value in headers.items()}, body))
        self.failures -= 1
        return 500 if self.failures >= 0 else 200

    def events(self, carrier: Carrier) -> list[CarrierEvent]:
        return [event for request in self.got for event in carrier.parse_callback(request)]

    def reports(self, carrier: Carrier) -> list[CarrierEvent]:
        return [event for event in self.events(carrier) if event.kind == EventKind.REPORT]


@pytest.fixture
def callbacks() -> Iterator[Callbacks]:
    kept = Callbacks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(kept.receive(dict(self.headers), body))
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        kept.address = f"{address}/callbacks"
        yield kept


def credentials(sandbox: Sandbox, protocol: str, **values: str) -> Credentials:
    given = {"key_id": KEY, "secret": SECRET, "agent": "lad-agent"}
    if protocol == "vapi":
        given = {"secret": KEY, "webhook_secret": WEBHOOK_SECRET, "agent": "an-assistant"}
    return Credentials(**{"base_url": f"{sandbox.url}/{protocol}", **given, **values})


def client(sandbox: Sandbox, protocol: str, **values: str) -> Carrier:
    made: dict[str, Callable[[Credentials], Carrier]] = {"livekit": LiveKit, "vapi": Vapi}
    return made[protocol](credentials(sandbox, protocol, **values))


def caller(carrier: Carrier) -> Caller:
    first = carrier.numbers()[0]
    return Caller(first.number, first.reference)


def call_to(carrier: Carrier, callbacks: Callbacks, number: str = PERSON, **values: Any) -> CallToPlace:
    given = {"call_id": uuid4(), "caller": caller(carrier), "callback_url": callbacks.address, "agent": AGENT}
    return CallToPlace(to_number=number, **{**given, **values})


def key_of(call: CallToPlace, *, reference: str = "", ago: timedelta = timedelta()) -> CallKey:
    return CallKey(call.call_id, datetime.now(UTC) - ago, call.caller, reference)


def person(sandbox: Sandbox, behaviour: str, *, number: str = PERSON, language: str = "en") -> str:
    """Say what somebody does when they are called. Return their number."""
    sandbox.call("POST", "/voice/people", json={"number": number, "behaviour": behaviour, "language": language})
    return number


def truth(sandbox: Sandbox, call_id: UUID) -> list[dict[str, Any]]:
    """Return what really happened to a call, newest placement first."""
    found: list[dict[str, Any]] = sandbox.call("GET", "/voice/calls", params={"our_id": str(call_id)}).json()["calls"]
    return found


def told(request: CallbackRequest) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    return body
