"""What a call is doing right now, as people say it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from voice.calls.models import CallLog
from voice.dialer.models import CallPlacement, PlacementState
from voice.statuses import CallStatus

# Key of a state → its words and the colour of its label.
STATES: Final = {
    "dialling": ("Dialling", "info"),
    "ringing": ("Ringing", "info"),
    "talking": ("Talking", "success"),
    "hanging_up": ("Hanging up", "warning"),
    "unknown": ("Asking the carrier", "warning"),
}


@dataclass(frozen=True, slots=True)
class LiveState:
    """What a call is doing, and since when."""

    key: str
    since: datetime

    @property
    def label(self) -> str:
        return STATES[self.key][0]

    @property
    def tone(self) -> str:
        return STATES[self.key][1]


def state_of(call: CallLog, placement: CallPlacement | None = None) -> LiveState:
    """Return what an unfinished call is doing. An inbound call has no placement."""
    asked = (placement.asked_at if placement else None) or call.created_at
    if placement is not None and placement.state == PlacementState.UNKNOWN:
        return LiveState("unknown", asked)
    if placement is not None and placement.hang_up_asked_at is not None:
        return LiveState("hanging_up", placement.hang_up_asked_at)
    if call.status == CallStatus.ONGOING:
        return LiveState("talking", call.started_at or asked)
    return LiveState("ringing" if call.status == CallStatus.RINGING else "dialling", asked)
