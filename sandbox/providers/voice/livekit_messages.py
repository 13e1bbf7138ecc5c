"""What LiveKit says of participants and recordings."""

from typing import Any, Final

from sandbox.providers.voice.exchange import Call
from sandbox.providers.voice.plans import Ending
from sandbox.providers.voice.rooms import Room

REASONS: Final = {
    Ending.PERSON_HUNG_UP: "CLIENT_INITIATED",
    Ending.AGENT_HUNG_UP: "PARTICIPANT_REMOVED",
    Ending.VOICEMAIL: "PARTICIPANT_REMOVED",
    Ending.BUSY: "USER_REJECTED",
    Ending.DECLINED: "USER_REJECTED",
    Ending.NO_ANSWER: "USER_UNAVAILABLE",
    Ending.WRONG_NUMBER: "SIP_TRUNK_FAILURE",
    Ending.TRUNK_FAILED: "SIP_TRUNK_FAILURE",
    Ending.CANCELLED: "PARTICIPANT_REMOVED",
    Ending.TOO_LONG: "CLIENT_INITIATED",
    Ending.OVER_LIMIT: "SIP_TRUNK_FAILURE",
}
NANOSECONDS: Final = 1_000_000_000
BYTES_A_SECOND: Final = 16_000


def participant(call: Call) -> dict[str, Any]:
    """Return the telephone's end of a call."""
    outbound = call.direction == "outbound"
    word = "active" if call.answered is not None else "dialing" if call.ringing is None else "ringing"
    told: dict[str, Any] = {
        "sid": f"PA_{call.id[4:]}",
        "identity": call.info["identity"],
        "kind": "SIP",
        "state": "ACTIVE" if call.ended is None else "DISCONNECTED",
        "joinedAt": str(int(call.placed)),
        "attributes": {
            "sip.callID": call.id,
            "sip.callStatus": word if call.ended is None else "hangup",
            "sip.trunkID": call.info["trunk"],
            "sip.phoneNumber": call.to_number if outbound else call.from_number,
            "sip.trunkPhoneNumber": call.from_number if outbound else call.to_number,
        },
    }
    if call.answered is not None:
        told["isPublisher"] = True
        told["tracks"] = [{"sid": f"TR_{call.id[4:]}", "type": "AUDIO", "source": "MICROPHONE"}]
    if call.ending is not None:
        told["disconnectReason"] = REASONS[call.ending]
    return told


def egress_info(room: Room, call: Call | None, url: str) -> dict[str, Any]:
    """Return the recording of a room. Of a call that nobody answered there is none."""
    told: dict[str, Any] = {"egressId": f"EG_{room.sid[3:]}", "roomId": room.sid, "roomName": room.name}
    if call is None and not room.gone:
        return {**told, "status": "EGRESS_STARTING"}
    if call is not None and call.ended is None:
        return {**told, "status": "EGRESS_ACTIVE"}
    if call is None or call.answered is None:
        return {**told, "status": "EGRESS_ABORTED", "error": "Start signal not received"}
    assert call.ended is not None
    file = {
        "filename": f"calls/{call.id}.wav",
        "location": f"{url}/voice/recordings/{call.id}.wav",
        "startedAt": str(int(call.answered * NANOSECONDS)),
        "endedAt": str(int(call.ended * NANOSECONDS)),
        "duration": str(int(call.seconds * NANOSECONDS)),
        "size": str(int(call.seconds * BYTES_A_SECOND)),
    }
    return {**told, "status": "EGRESS_COMPLETE", "fileResults": [file]}


def usage_of(call: Call) -> list[dict[str, Any]]:
    """Return what the agent used."""
    said = sum(len(turn.text) for turn in call.plan.turns if turn.role == "agent")
    heard = sum(turn.end - turn.start for turn in call.plan.turns if turn.role == "person")
    rows = (
        ("stt", "seconds", round(heard, 2), "deepgram", "nova-3"),
        ("llm", "prompt_tokens", 900 + said // 2, "openai", "gpt-4o-mini"),
        ("llm", "completion_tokens", said // 4, "openai", "gpt-4o-mini"),
        ("tts", "characters", said, "cartesia", "sonic-2"),
    )
    names = ("component", "unit", "amount", "provider", "model")
    return [dict(zip(names, row, strict=True)) for row in rows]
