"""The client of Vapi. A call runs the account's assistant, with overrides for this call."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlencode

from django.core.exceptions import ValidationError

from lad import outgoing
from lad.requests import Asked
from voice.carriers import transport, values
from voice.carriers.endpoints import endpoints
from voice.carriers.errors import AnswerLost, CarrierDown, HangUpRefused
from voice.carriers.protocol import (
    CallbackRequest,
    CallKey,
    CallToPlace,
    CarrierCall,
    CarrierEvent,
    CarrierNumber,
    Credentials,
    Fetched,
    Placed,
    Presence,
    Recording,
)
from voice.carriers.vapi import callbacks
from voice.carriers.vapi.calls import call_id_of, carrier_call
from voice.carriers.vapi.requests import Api, Missing

PAGE: Final = 100
MAX_PAGES: Final = 20
# Clocks may differ by so much.
CLOCK_TOLERANCE: Final = timedelta(minutes=2)
# A call that was asked for longer ago than this, and is not in the list of calls, was never placed.
SETTLED: Final = timedelta(minutes=1)
# LAD's provider of a voice → Vapi's. The assistant keeps its own voice for the others.
VOICES: Final = {
    "elevenlabs": "11labs",
    "openai": "openai",
    "cartesia": "cartesia",
    "rime": "rime-ai",
    "smallestai": "smallest-ai",
}
MESSAGES: Final = ["status-update", "end-of-call-report", "tool-calls", "hang"]


class Vapi:
    """Vapi with the key of one account."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._api = Api(credentials)

    def place(self, call: CallToPlace) -> Placed:
        """Place a call under LAD's id. The caller must have looked up a call whose answer was lost before."""
        made = self._api.ask("POST", "/call", self._order(call), places=True)
        reference = values.text(values.mapping(made).get("id"))
        if not reference:
            raise AnswerLost
        limits = values.mapping(made.get("subscriptionLimits"))
        left = values.number(limits.get("remainingConcurrentCalls"))
        over = carrier_call(made).cause
        return Placed(reference, reference, cause=over, room_left=None if left is None else int(left))

    def look_up(self, key: CallKey) -> CarrierCall:
        """Return what Vapi knows of a call. Without a reference, the list of calls since then is searched for it."""
        if key.reference:
            try:
                found = self._api.ask("GET", f"/call/{quote(key.reference, safe='')}")
            except Missing:
                return CarrierCall(Presence.UNKNOWN, key.reference, key.call_id)
            return carrier_call(values.mapping(found))
        for each in self._calls_since(key.asked_at - CLOCK_TOLERANCE, key):
            if call_id_of(each) == key.call_id:
                return carrier_call(each)
        settled = datetime.now(UTC) - key.asked_at > SETTLED
        return CarrierCall(Presence.NEVER_PLACED if settled else Presence.UNKNOWN, call_id=key.call_id)

    def hang_up(self, reference: str) -> None:
        """Tell the call to end at the address that Vapi names for it. The key is not sent there."""
        try:
            call = values.mapping(self._api.ask("GET", f"/call/{quote(reference, safe='')}"))
        except Missing:
            return
        if carrier_call(call).cause is not None:
            return
        address = values.text(values.mapping(call.get("monitor")).get("controlUrl"), 4_000)
        if not address:
            raise HangUpRefused
        asked = Asked("POST", address, body={"type": "end-call"})
        try:
            endpoints.validate_link(address)
        except ValidationError as error:
            raise transport.failed(asked, CarrierDown(outgoing.PRIVATE, passing=False), error) from None
        answer = transport.ask(asked)
        # A call that is over has no such address any more.
        if not answer.succeeded and answer.status not in (404, 410):
            raise transport.failed(asked, HangUpRefused(), status=answer.status)

    def parse_callback(self, request: CallbackRequest) -> list[CarrierEvent]:
        callbacks.check_secret(self._credentials.webhook_secret, request)
        return callbacks.events(request.body)

    def callback_reply(self, results: Mapping[str, str]) -> Mapping[str, Any]:
        return {"results": [{"toolCallId": id, "result": result} for id, result in results.items()]}

    def fetch_recording(self, recording: Recording, to: BinaryIO) -> Fetched:
        return transport.fetch(recording.location, to)

    def numbers(self) -> Sequence[CarrierNumber]:
        found = values.objects(self._api.ask("GET", "/phone-number?limit=1000"))
        pairs = ((values.text(each.get("number")), values.text(each.get("id"))) for each in found)
        return [CarrierNumber(number, id) for number, id in pairs if number and id]

    def _order(self, call: CallToPlace) -> dict[str, Any]:
        agent = call.agent
        overrides: dict[str, Any] = {
            "variableValues": {**agent.variables, "instructions": agent.instructions, "language": agent.language},
            "maxDurationSeconds": call.max_seconds,
            "metadata": {"lad_call_id": str(call.call_id)},
            "server": {"url": call.callback_url, "secret": self._credentials.webhook_secret},
            "serverMessages": MESSAGES,
            "artifactPlan": {"recordingEnabled": call.record},
            "monitorPlan": {"controlEnabled": True},
        }
        if agent.voice is not None and agent.voice.provider in VOICES:
            overrides["voice"] = {"provider": VOICES[agent.voice.provider], "voiceId": agent.voice.id}
        if agent.first_message:
            overrides["firstMessage"] = agent.first_message
        return {
            "name": str(call.call_id),
            "assistantId": self._credentials.agent,
            "assistantOverrides": overrides,
            "phoneNumberId": call.caller.reference,
            "customer": {"number": call.to_number},
        }

    def _calls_since(self, moment: datetime, key: CallKey) -> Iterator[Mapping[str, Any]]:
        """Yield the calls that were made since then, newest first."""
        query = {"createdAtGe": _iso(moment), "limit": str(PAGE)}
        if key.caller is not None:
            query["phoneNumberId"] = key.caller.reference
        seen: set[str] = set()
        for _page in range(MAX_PAGES):
            found = values.objects(self._api.ask("GET", f"/call?{urlencode(query)}"))
            # Several calls may be made in one millisecond, so pages overlap.
            fresh = [each for each in found if values.text(each.get("id")) not in seen]
            yield from fresh
            seen.update(values.text(each.get("id")) for each in fresh)
            oldest = min((at for each in found if (at := values.moment(each.get("createdAt")))), default=None)
            if len(found) < PAGE or not fresh or oldest is None:
                return
            query["createdAtLe"] = _iso(oldest)
        raise CarrierDown("The carrier has too many calls to find this one.", passing=False)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
