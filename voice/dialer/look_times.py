"""When a carrier is next asked about a call: seldom while callbacks come, often where none can, never for nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from voice.calls.models import CallLog
from voice.carriers.callback_addresses import callback_url
from voice.carriers.providers import VAPI
from voice.dialer.facts import moment_of, price_of, recording_of
from voice.dialer.knowledge import Known
from voice.dialer.models import CallPlacement, PlacementState

# LiveKit's agent says after the end who answered. Its report follows at once, or not at all.
REPORT_PATIENCE: Final = timedelta(seconds=20)
# An answered call is analysed without its words if they have not come by then.
WORDS_PATIENCE: Final = timedelta(minutes=2)
# A call whose end is not certain, and a carrier that cannot be told where to report.
SHORT: Final = timedelta(seconds=20)
DEAF: Final = timedelta(seconds=4)
Delays = Sequence[timedelta]
NOT_CONFIRMED: Final[Delays] = [timedelta(seconds=each) for each in (5, 15, 30, 60)]
RINGING: Final[Delays] = [timedelta(seconds=each) for each in (20, 30, 60)]
TALKING: Final[Delays] = [timedelta(seconds=each) for each in (45, 60, 120, 240)]
DETAILS: Final[Delays] = [timedelta(seconds=each) for each in (15, 45, 100, 200, 900, 3_600, 21_600)]


def next_look(placement: CallPlacement, known: Known, call: CallLog, now: datetime) -> datetime | None:
    """Return when the carrier is next asked about a call, or None for never again.

    ``looks`` counts the look-ups since the call last moved on.
    """
    over = moment_of(known.facts, "over_since")
    if over is None:
        return _while_open(placement, known, now)
    moments = []
    if "analysis_asked" not in known.facts:
        moments.append(over + WORDS_PATIENCE)
    if placement.looks < len(DETAILS) and _lacks_details(placement, known, call):
        moments.append(now + DETAILS[placement.looks])
    return min(moments, default=None)


def _while_open(placement: CallPlacement, known: Known, now: datetime) -> datetime | None:
    if placement.state == PlacementState.QUEUED:
        return None
    if (freed := moment_of(known.facts, "line_free_since")) is not None:
        return max(freed + REPORT_PATIENCE, now)
    if known.cause is not None or "gone_since" in known.facts:
        return now + SHORT
    account = placement.carrier_account
    if account is not None and not callback_url(account) and known.confirmed:
        return now + DEAF
    delays = TALKING if known.answered else RINGING if known.confirmed else NOT_CONFIRMED
    return now + delays[min(placement.looks, len(delays) - 1)]


def _lacks_details(placement: CallPlacement, known: Known, call: CallLog) -> bool:
    """Return whether a look-up may bring more. Nobody records or charges a call that was not answered."""
    if not known.answered:
        return False
    account = placement.carrier_account
    if account is not None and account.carrier == VAPI.key and (price_of(known.facts) is None or not call.transcripts):
        return True
    return recording_of(known.facts) is None
