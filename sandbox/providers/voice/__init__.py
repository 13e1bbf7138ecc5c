"""Telephony: LiveKit's services under ``/livekit``, Vapi's API under ``/vapi``, and the people who are called.

Who is called does what POST /voice/people says of the number, or what follows from the seed: ``people.py`` lists the
behaviours. Calls take as long as their words, whatever the haste; POST /voice/pace makes all of it faster. The truth
of every call is in the log (``voice_placed``, ``voice_ringing``, ``voice_answered``, ``voice_ended``,
``voice_priced``), at GET /voice/calls, and in the stats. Recordings are synthesised when they are fetched.

Faults of the protocols ``livekit`` and ``vapi`` (``sandbox/answering.py``) strike at the stages PLACE, ROOM, LOOK_UP,
HANG_UP, LIST and RECORDING, for a key as ``account`` and a number as ``recipient``. At the stage CALLBACK ``drop``
loses a callback, ``split`` repeats it, ``slow`` makes it late by ``seconds``, ``answer`` lets it come after later ones.
POST /voice/callbacks sets shares in a hundred for all of them. POST /voice/accounts/{key} sets an account's limits,
numbers and webhook.
"""

from typing import Any

from sandbox.core import Core
from sandbox.faults import FaultKind
from sandbox.http import Dropped, Problem, Request, Response, reply
from sandbox.providers import register
from sandbox.providers.voice.exchange import Exchange
from sandbox.providers.voice.livekit import LiveKit
from sandbox.providers.voice.people import People
from sandbox.providers.voice.settings import Settings, deliveries_of
from sandbox.providers.voice.speech import recording
from sandbox.providers.voice.vapi import Vapi


@register
class Voice:
    """The provider."""

    name = "voice"

    def __init__(self, core: Core) -> None:
        self._core = core
        self._settings = Settings(core)
        self._people = People(core)
        self._exchange = Exchange(core, self._people, self._settings)
        self._deliveries = deliveries_of(core, self._settings)
        self._livekit = LiveKit(core, self._exchange, self._settings, self._deliveries)
        self._vapi = Vapi(core, self._exchange, self._settings, self._deliveries)

    async def start(self) -> None:
        self._livekit.start()
        self._vapi.start()
        for method, path, handler in (
            ("POST", "/voice/people", self._save_person),
            ("GET", "/voice/calls", self._list_calls),
            ("GET", "/voice/calls/{id}", self._show_call),
            ("POST", "/voice/pace", self._set_pace),
            ("POST", "/voice/callbacks", self._set_shares),
            ("POST", "/voice/accounts/{key}", self._set_account),
            ("POST", "/voice/inbound", self._call_in),
            ("GET", "/voice/recordings/{file}", self._recording),
        ):
            self._core.http.route(method, path, handler)

    def reset(self) -> None:
        self._exchange.reset()
        for counts in (self._deliveries.counts, self._livekit.answering.counts, self._vapi.answering.counts):
            counts.clear()

    def stats(self) -> dict[str, object]:
        """Count calls by how they ended, callbacks by how they went, and requests by status."""
        return {
            **self._exchange.stats(),
            "callbacks": dict(self._deliveries.counts),
            "requests": {
                "livekit": dict(self._livekit.answering.counts),
                "vapi": dict(self._vapi.answering.counts),
            },
        }

    async def _save_person(self, request: Request) -> Response:
        return reply(vars(self._people.save(request.json())), 201)

    async def _list_calls(self, request: Request) -> Response:
        query = request.query
        found = self._exchange.search(account=query.get("account", ""), to=query.get("to", ""), limit=100_000)
        our_id = query.get("our_id")
        return reply({"calls": [call.as_json() for call in found if our_id in (None, call.our_id)]})

    async def _show_call(self, request: Request) -> Response:
        call = self._exchange.get(request.names["id"])
        if call is None:
            raise Problem(404, "There is no such call.")
        return reply(call.as_json())

    async def _set_pace(self, request: Request) -> Response:
        self._settings.set_pace(float(request.json()["pace"]))
        return reply({})

    async def _set_shares(self, request: Request) -> Response:
        self._settings.set_shares(request.json())
        return reply({})

    async def _set_account(self, request: Request) -> Response:
        self._settings.set_account(request.names["key"], request.json())
        return reply({})

    async def _call_in(self, request: Request) -> Response:
        """Let somebody (``from``, or "anonymous") call a number (``to``) of an ``account`` of a ``protocol``."""
        values = request.json()
        protocols: dict[str, Any] = {"livekit": self._livekit, "vapi": self._vapi}
        if values.get("protocol") not in protocols:
            raise Problem(400, f"The protocol must be one of {', '.join(protocols)}.")
        call = protocols[values["protocol"]].call_in(values["account"], values["from"], values["to"])
        return reply(call.as_json(), 201)

    async def _recording(self, request: Request) -> Response:
        call = self._exchange.get(request.names["file"].removesuffix(".wav"))
        if call is None or call.answered is None or call.ended is None:
            raise Problem(404, "There is no such recording.")
        fault = self._core.faults.strike(call.protocol, "RECORDING", account=call.account, recipient=call.to_number)
        if fault is not None and fault.kind == FaultKind.ANSWER:
            raise Problem(fault.code, "The sandbox was asked to fail.")
        if fault is not None:
            raise Dropped
        return Response(recording(call.plan.turns, call.seconds), content_type="audio/wav")
