"""Read what LiveKit says of participants and recordings."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from voice.carriers import values
from voice.carriers.livekit.causes import NOT_AN_END, cause_of
from voice.carriers.livekit.names import call_id_of, member
from voice.carriers.protocol import CarrierCall, Presence, Recording
from voice.statuses import CallStatus

SIP_KIND: Final = 3
NANOSECONDS: Final = 1_000_000_000
# The attribute sip.callStatus of a participant → the state of the call.
STATES: Final = {
    "dialing": CallStatus.RINGING,
    "ringing": CallStatus.RINGING,
    "automation": CallStatus.ONGOING,
    "active": CallStatus.ONGOING,
}
RECORDED: Final = frozenset({"EGRESS_COMPLETE", "EGRESS_LIMIT_REACHED", 3, 6})
# A recording that did not begin, or was broken off before anything came of it.
NOTHING_RECORDED: Final = frozenset({None, "EGRESS_STARTING", "EGRESS_FAILED", "EGRESS_ABORTED", 0, 4, 5})


def is_person(participant: Any) -> bool:
    """Return whether a participant is the telephone's end of a call."""
    return member(participant, "kind") in ("SIP", SIP_KIND)


def attributes(participant: Any) -> Mapping[str, Any]:
    return values.mapping(member(participant, "attributes"))


def has_spoken(participant: Any) -> bool:
    """Return whether the telephone sent sound, which it does once somebody answers."""
    told = (member(participant, "tracks"), member(participant, "is_publisher"))
    return any(told) or attributes(participant).get("sip.callStatus") == "active"


def live_call(room: str, participant: Mapping[str, Any]) -> CarrierCall:
    """Return the call of a participant who is in a room."""
    word = values.text(attributes(participant).get("sip.callStatus"))
    reason = member(participant, "disconnect_reason")
    over = word == "hangup" and reason not in NOT_AN_END
    state = STATES.get(word, CallStatus.ONGOING if has_spoken(participant) else CallStatus.RINGING)
    return CarrierCall(
        presence=Presence.PLACED,
        reference=room,
        call_id=call_id_of(room),
        state=None if over else state,
        cause=cause_of(reason) if over else None,
        answered=has_spoken(participant) or state == CallStatus.ONGOING,
        placed_at=values.epoch(member(participant, "joined_at")),
    )


def has_recorded(egress: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether anything was recorded, so that there was a call."""
    return any(member(each, "status") not in NOTHING_RECORDED for each in egress)


def recording_of(egress: Iterable[Mapping[str, Any]]) -> Recording | None:
    """Return the first finished recording."""
    for each in egress:
        if member(each, "status") not in RECORDED:
            continue
        for file in values.objects(member(each, "file_results")):
            location = values.text(member(file, "location"), 4_000)
            duration = values.number(member(file, "duration"))
            size = values.number(member(file, "size"))
            if location:
                return Recording(
                    location,
                    float(duration / NANOSECONDS) if duration is not None else None,
                    int(size) if size is not None else None,
                )
    return None
