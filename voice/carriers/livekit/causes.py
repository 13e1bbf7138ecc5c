"""What LiveKit's reasons for the end of a participant, and the status codes of SIP, mean for a call.

The reasons are those of LiveKit's protocol, ``DisconnectReason``, in the order of their numbers.
"""

from typing import Final

from voice.carriers.outcomes import Cause, Outcome

ANSWERED, BUSY, FAILED, NO_ANSWER = Outcome.ANSWERED, Outcome.BUSY, Outcome.CARRIER_FAILED, Outcome.NO_ANSWER

# Reason → how a call ended that was answered, and one that was not.
REASONS: Final[dict[str, tuple[Outcome, Outcome]]] = {
    "UNKNOWN_REASON": (ANSWERED, FAILED),
    # The telephone hung up. LiveKit has other reasons for one that did not answer.
    "CLIENT_INITIATED": (ANSWERED, ANSWERED),
    "DUPLICATE_IDENTITY": (FAILED, FAILED),
    "SERVER_SHUTDOWN": (FAILED, FAILED),
    # The agent, or LAD, ended the call.
    "PARTICIPANT_REMOVED": (ANSWERED, Outcome.CANCELLED),
    "ROOM_DELETED": (ANSWERED, Outcome.CANCELLED),
    "STATE_MISMATCH": (FAILED, FAILED),
    "JOIN_FAILURE": (FAILED, FAILED),
    "MIGRATION": (FAILED, FAILED),
    "SIGNAL_CLOSE": (FAILED, FAILED),
    "ROOM_CLOSED": (ANSWERED, Outcome.CANCELLED),
    "USER_UNAVAILABLE": (ANSWERED, NO_ANSWER),
    "USER_REJECTED": (ANSWERED, BUSY),
    "SIP_TRUNK_FAILURE": (FAILED, FAILED),
    "CONNECTION_TIMEOUT": (FAILED, FAILED),
    "MEDIA_FAILURE": (FAILED, FAILED),
    "AGENT_ERROR": (Outcome.AGENT_FAILED, Outcome.AGENT_FAILED),
}
# The participant goes on elsewhere.
NOT_AN_END: Final = frozenset({"MIGRATION"})
ROOM_FINISHED: Final = Cause("room_finished", ANSWERED, Outcome.UNKNOWN)

# Status codes of SIP whose meaning differs from that of their hundred.
SIP_CODES: Final[dict[int, Outcome]] = {
    401: Outcome.REFUSED,
    402: Outcome.REFUSED,
    403: Outcome.REFUSED,
    404: Outcome.WRONG_NUMBER,
    407: Outcome.REFUSED,
    408: NO_ANSWER,
    410: Outcome.WRONG_NUMBER,
    480: NO_ANSWER,
    484: Outcome.WRONG_NUMBER,
    485: Outcome.WRONG_NUMBER,
    486: BUSY,
    487: Outcome.CANCELLED,
    600: BUSY,
    603: Outcome.DECLINED,
    604: Outcome.WRONG_NUMBER,
    607: Outcome.REFUSED,
    608: Outcome.REFUSED,
}


def cause_of(reason: object) -> Cause:
    """Return the cause for a reason, given by its name or its number. One that is new keeps its word."""
    names = list(REASONS)
    if isinstance(reason, int) and 0 <= reason < len(names):
        reason = names[reason]
    word = str(reason or "UNKNOWN_REASON")[:100]
    return Cause(word, *REASONS.get(word, REASONS["UNKNOWN_REASON"]))


def cause_of_sip(code: int) -> Cause:
    """Return the cause for a final status code of SIP."""
    outcome = SIP_CODES.get(code, FAILED)
    return Cause(f"sip-{code}", outcome, outcome)
