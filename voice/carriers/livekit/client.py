"""The client of LiveKit. A call is a room with an agent and, once it is dialled, a SIP participant."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson

from voice.agents.tools import BY_NAME
from voice.carriers import transport, values
from voice.carriers.errors import AnswerLost, CarrierError
from voice.carriers.livekit import callbacks
from voice.carriers.livekit.names import call_id_of, member, person_of, room_of
from voice.carriers.livekit.participants import has_recorded, is_person, live_call, recording_of
from voice.carriers.livekit.requests import CallOver, Missing, Services
from voice.carriers.livekit.tokens import check_webhook
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

# An empty room stays so long. Until then, a call without a room was never placed.
ROOM_KEPT: Final = timedelta(minutes=10)
PAGE: Final = 200


class LiveKit:
    """LiveKit with the credentials of one account."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._services = Services(credentials)

    def place(self, call: CallToPlace) -> Placed:
        """Make a room with its agent, and dial into it.

        A room that exists already means that the call was placed before: it is never dialled a second time.
        """
        room = room_of(call.call_id)
        if self._room_exists(room):
            if self._person(room) is None:
                raise AnswerLost
            return Placed(room, already=True)
        self._create_room(room, call)
        try:
            made = self._services.ask("SIP", "CreateSIPParticipant", _dialling(room, call), room=room, places=True)
        except AnswerLost:
            raise
        except CallOver as over:
            return Placed(room, cause=over.cause)
        except Exception:
            # Nobody was dialled, so the agent waits for nobody.
            with suppress(CarrierError, Missing):
                self._delete_room(room)
            raise
        return Placed(room, carrier_call_id=values.text(member(made, "sip_call_id")))

    def look_up(self, key: CallKey) -> CarrierCall:
        """Return what LiveKit knows of a call. It keeps no list of past calls, only recordings for a while."""
        room = key.reference or room_of(key.call_id)
        exists = self._room_exists(room)
        person = self._person(room) if exists else None
        if person is not None:
            return live_call(room, person)
        egress = self._egress(room)
        if not exists and not has_recorded(egress) and datetime.now(UTC) - key.asked_at < ROOM_KEPT:
            return CarrierCall(Presence.NEVER_PLACED, room, key.call_id)
        return CarrierCall(Presence.UNKNOWN, room, key.call_id, recording=recording_of(egress))

    def hang_up(self, reference: str) -> None:
        """Remove the person from the room. The room stays a while, and proves that the call was placed."""
        person = self._person(reference)
        if person is None:
            return
        identity = values.text(person.get("identity"))
        with suppress(Missing):
            self._services.ask(
                "RoomService", "RemoveParticipant", {"room": reference, "identity": identity}, room=reference
            )

    def parse_callback(self, request: CallbackRequest) -> list[CarrierEvent]:
        check_webhook(self._credentials, request)
        return callbacks.events(request.body)

    def callback_reply(self, results: Mapping[str, str]) -> Mapping[str, Any]:
        return {"results": dict(results)}

    def fetch_recording(self, recording: Recording, to: BinaryIO) -> Fetched:
        return transport.fetch(recording.location, to)

    def numbers(self) -> Sequence[CarrierNumber]:
        """Return the numbers of all outbound trunks."""
        answer = self._services.ask("SIP", "ListSIPOutboundTrunk", {})
        return [
            CarrierNumber(number, values.text(member(trunk, "sip_trunk_id")))
            for trunk in values.objects(answer.get("items"))
            for number in member(trunk, "numbers") or []
            if isinstance(number, str)
        ]

    def _create_room(self, room: str, call: CallToPlace) -> None:
        body: dict[str, Any] = {
            "name": room,
            "empty_timeout": int(ROOM_KEPT.total_seconds()),
            "departure_timeout": int(ROOM_KEPT.total_seconds()),
            "metadata": orjson.dumps({"call_id": str(call.call_id)}).decode(),
        }
        if self._credentials.agent:
            metadata = orjson.dumps(dispatch(call)).decode()
            body["agents"] = [{"agent_name": self._credentials.agent, "metadata": metadata}]
        if call.record:
            file = {"file_type": "OGG", "filepath": f"calls/{call.call_id}.ogg"}
            body["egress"] = {"room": {"room_name": room, "audio_only": True, "file_outputs": [file]}}
        self._services.ask("RoomService", "CreateRoom", body)

    def _delete_room(self, room: str) -> None:
        self._services.ask("RoomService", "DeleteRoom", {"room": room}, room=room)

    def _room_exists(self, room: str) -> bool:
        answer = self._services.ask("RoomService", "ListRooms", {"names": [room]})
        return any(each.get("name") == room for each in values.objects(answer.get("rooms")))

    def _person(self, room: str) -> Mapping[str, Any] | None:
        """Return the participant who is on the telephone, if one is in the room."""
        try:
            answer = self._services.ask("RoomService", "ListParticipants", {"room": room}, room=room)
        except Missing:
            return None
        call_id = call_id_of(room)
        return next(
            (each for each in values.objects(answer.get("participants")) if _is_wanted(each, call_id)),
            None,
        )

    def _egress(self, room: str) -> list[Mapping[str, Any]]:
        try:
            answer = self._services.ask("Egress", "ListEgress", {"room_name": room}, room=room)
        except Missing:
            return []
        return values.objects(answer.get("items"))[:PAGE]


def dispatch(call: CallToPlace) -> dict[str, Any]:
    """Return what the agent worker is told of a call. It reports to ``report_url`` as LiveKit's webhooks do."""
    agent = call.agent
    voice = None
    if agent.voice is not None:
        voice = {"provider": agent.voice.provider, "id": agent.voice.id, "settings": dict(agent.voice.settings)}
    return {
        "call_id": str(call.call_id),
        "person": person_of(call.call_id),
        "report_url": call.callback_url,
        "instructions": agent.instructions,
        "first_message": agent.first_message,
        "language": agent.language,
        "variables": dict(agent.variables),
        "voice": voice,
        "tools": [BY_NAME[name].as_function() for name in agent.tools if name in BY_NAME],
        "transfer_to": agent.transfer_to,
        "trunk": call.caller.reference,
    }


def _is_wanted(participant: Mapping[str, Any], call_id: UUID | None) -> bool:
    if call_id is not None:
        return participant.get("identity") == person_of(call_id)
    return is_person(participant)


def _dialling(room: str, call: CallToPlace) -> dict[str, Any]:
    return {
        "sip_trunk_id": call.caller.reference,
        "sip_call_to": call.to_number,
        "sip_number": call.caller.number,
        "room_name": room,
        "participant_identity": person_of(call.call_id),
        "participant_attributes": {"lad.call": str(call.call_id)},
        "ringing_timeout": f"{call.ringing_seconds}s",
        "max_call_duration": f"{call.max_seconds}s",
        "wait_until_answered": False,
    }
