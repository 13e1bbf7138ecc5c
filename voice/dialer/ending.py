"""End calls that no carrier has: cancelled before their turn, or certainly not placed and not to be tried again."""

from datetime import datetime
from typing import Final

from voice.analysis.queue import request_analyses
from voice.calls.models import CallLog
from voice.calls.services import CallReport, record_call_status
from voice.carriers.outcomes import STATES, Outcome
from voice.dialer import hooks, retries
from voice.dialer.hooks import CallOver
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.waking import wake
from voice.statuses import CallStatus

# Nobody waits for reports of such a call. One that comes all the same corrects it.
OVER_SINCE: Final = "over_since"
ANALYSIS_ASKED: Final = "analysis_asked"


def lock_placement(call_id: object) -> CallPlacement | None:
    """Lock and return the placement of a call, before anything else of it is locked."""
    rows = CallPlacement.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("call_log", "batch", "entry", "booking").filter(call_log=call_id).first()


def finish(
    placement: CallPlacement, outcome: Outcome, *, now: datetime, reason: str = "", cause: str = "", retry: bool = True
) -> CallLog:
    """Record that a call is over which never was on the line. The placement must be locked.

    With ``retry`` it is tried again by the rules of its batch or tenant. Features are told, so that credits are
    released and bookings follow.
    """
    placement.state, placement.lease_until, placement.look_at = PlacementState.SETTLED, None, None
    placement.error, placement.cause = reason or placement.error, cause or placement.cause
    placement.facts = {**placement.facts, OVER_SINCE: now.isoformat(), ANALYSIS_ASKED: now.isoformat()}
    placement.save(update_fields=["state", "lease_until", "look_at", "error", "cause", "facts"])
    retry_at = retries.retry_at(placement, outcome, now=now) if retry else None
    failed = STATES[outcome] == CallStatus.FAILED
    call = record_call_status(
        call=placement.call_log,
        status=STATES[outcome],
        report=CallReport(at=now, reason=reason or (str(outcome.label) if failed else "")),
        now=now,
        outcome=outcome,
        cause=cause,
        retry_at=retry_at,
    )
    hooks.tell(CallOver(call, placement, outcome, now, retry_at))
    # What follows from a call follows from its analysis, even if nobody said a word.
    request_analyses([call.pk])
    wake()
    return call
