"""Ask carriers to place claimed calls, and write down exactly what is known afterwards.

A call is certainly placed, certainly not placed, or it is not known: then it is looked up before anything else.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context, write_in_tenant
from leads.contacts.services import retract_contacts
from voice.batches.models import CallBatchEntry
from voice.carriers.connecting import connect
from voice.carriers.errors import (
    AnswerLost,
    CarrierDown,
    CarrierError,
    CredentialsRefused,
    LimitReached,
    NumberRefused,
)
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Outcome
from voice.carriers.protocol import Placed
from voice.dialer.claims import Claimed
from voice.dialer.ending import finish, lock_placement
from voice.dialer.models import CallPlacement, PlacementState
from voice.numbers import choosing
from voice.statuses import EntryStatus

# Who was held up for longer before asking the carrier gives the call back: its lease may end.
MAX_WAIT_SECONDS: Final = 20.0
# The carrier is asked what became of a call of which nobody knows whether it was placed.
FIRST_LOOK: Final = timedelta(seconds=5)
# Without callbacks, a placed call is looked at first after this.
FIRST_LOOK_PLACED: Final = timedelta(seconds=10)
# A carrier that failed is asked again after these; then the attempt counts as one that failed.
PAUSES: Final = (timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45), timedelta(minutes=2))
# An account whose credentials are refused needs somebody; one whose lines are all taken needs a moment.
ACCOUNT_REFUSED: Final = timedelta(minutes=5)
LINES_TAKEN: Final = timedelta(seconds=3)
HELD_UP: Final = "The dialer was held up before it asked the carrier. No call was placed."
FULL: Final = "The carrier takes no further call right now."
LOST: Final = "The dialer was lost while it placed this call. The carrier is asked what became of it."
UNEXPECTED: Final = "LAD failed while it placed this call. It may have been placed."

NOTE_PLACED: Final = "SELECT voice_note_placed(%s, %s, %s, %s, %s, %s)"

log = structlog.get_logger("voice.dialer")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a carrier said to one call. ``asked_at`` is None if it was not asked at all."""

    claimed: Claimed
    asked_at: datetime | None
    placed: Placed | None = None
    error: Exception | None = None


def place(claimed: Claimed) -> Answer:
    """Ask the carrier. Uses no database, so that it may run in a thread. Raises nothing."""
    if time.monotonic() - claimed.claimed_at > MAX_WAIT_SECONDS:
        return Answer(claimed, None)
    asked_at = timezone.now()
    try:
        return Answer(claimed, asked_at, connect(claimed.account).place(claimed.order))
    except Exception as error:
        if not isinstance(error, CarrierError | NumberRefused):
            log.exception("placing failed", call=str(claimed.order.call_id))
        return Answer(claimed, asked_at, error=error)


def record(answer: Answer) -> None:
    """Write down what became of a claimed call, unless somebody else has taken it over.

    For a call that was simply placed this is one statement.
    """
    placement = answer.claimed.placement
    if answer.placed is not None and answer.placed.cause is None and _is_written(placement, answer.placed):
        _note_on_account(answer, timezone.now())
        return
    with tenant_context(placement.tenant_id):
        row = lock_placement(placement.call_log_id)
        now = timezone.now()
        if row is not None and row.attempts == placement.attempts:
            _record(row, answer, now)
    _note_on_account(answer, now)


def _is_written(placement: CallPlacement, placed: Placed) -> bool:
    """Write down that a call was placed. Return False if it is not under the lease of its claim any more."""
    claim = [placement.tenant_id, placement.call_log_id, placement.attempts]
    answer = [placed.reference, placed.carrier_call_id, FIRST_LOOK_PLACED]
    [[written]] = write_in_tenant(placement.tenant_id, NOTE_PLACED, [*claim, *answer])
    return bool(written)


def _record(row: CallPlacement, answer: Answer, now: datetime) -> None:
    if answer.placed is not None:
        _placed(row, answer.placed, now)
    elif row.state != PlacementState.PLACING:
        # Callbacks came first, and know better than an answer that was lost.
        return
    elif answer.asked_at is None:
        back_to_queue(row, until=now, reason=HELD_UP)
    elif isinstance(answer.error, AnswerLost) or not isinstance(answer.error, CarrierError | NumberRefused):
        detail = answer.error.detail if isinstance(answer.error, AnswerLost) else UNEXPECTED
        mark_unknown(row, asked_at=answer.asked_at, error=detail, now=now)
    else:
        _not_placed(row, answer.error, now)


def _placed(row: CallPlacement, placed: Placed, now: datetime) -> None:
    row.reference = row.reference or placed.reference
    row.carrier_call_id = row.carrier_call_id or placed.carrier_call_id
    row.placed_at = row.placed_at or now
    row.save(update_fields=["reference", "carrier_call_id", "placed_at"])
    if row.state not in (PlacementState.PLACING, PlacementState.UNKNOWN):
        return
    if placed.cause is not None:
        finish(row, placed.cause.outcome(answered=False), now=now, cause=placed.cause.raw)
        return
    row.state, row.lease_until, row.error = PlacementState.PLACED, None, ""
    row.look_at, row.looks = now + FIRST_LOOK_PLACED, 0
    row.save(update_fields=["state", "lease_until", "error", "look_at", "looks"])
    if row.entry_id is not None:
        running = CallBatchEntry.objects.filter(pk=row.entry_id, call_log=row.call_log_id, status=EntryStatus.RUNNING)
        running.update(status=EntryStatus.DISPATCHED)


def _not_placed(row: CallPlacement, error: CarrierError | NumberRefused, now: datetime) -> None:
    match error:
        case NumberRefused():
            outcome = Outcome.WRONG_NUMBER if "to_number" in error.errors else Outcome.REFUSED
            detail = " ".join(text for texts in error.errors.values() for text in texts)
            _take_back(row)
            finish(row, outcome, now=now, reason=detail or error.detail, cause=error.code, retry=False)
        case LimitReached():
            back_to_queue(row, until=max(error.until, now), reason=error.detail)
        case CredentialsRefused():
            back_to_queue(row, until=now + ACCOUNT_REFUSED, reason=error.detail)
        case _ if row.attempts <= len(PAUSES) and (not isinstance(error, CarrierDown) or error.passing):
            back_to_queue(row, until=now + PAUSES[row.attempts - 1], reason=error.detail)
        case _:
            _take_back(row)
            finish(row, Outcome.CARRIER_FAILED, now=now, reason=error.detail, cause=error.code)


def back_to_queue(row: CallPlacement, *, until: datetime, reason: str) -> None:
    """Let a call wait again that certainly was not placed. Its placement must be locked. It keeps its credits."""
    _take_back(row)
    row.state, row.lease_until, row.look_at, row.asked_at = PlacementState.QUEUED, None, None, None
    row.due_at, row.error = until, reason
    row.save(update_fields=["state", "lease_until", "look_at", "asked_at", "due_at", "error"])


def mark_unknown(row: CallPlacement, *, asked_at: datetime | None, error: str, now: datetime) -> None:
    """Let a call be looked up of which nobody knows whether it was placed."""
    row.state, row.lease_until, row.error = PlacementState.UNKNOWN, None, error
    row.asked_at, row.look_at, row.looks = asked_at or row.asked_at, now + FIRST_LOOK, 0
    row.save(update_fields=["state", "lease_until", "error", "asked_at", "look_at", "looks"])


def _take_back(row: CallPlacement) -> None:
    """Let a call that was not placed count neither for the person nor for the number that would have called."""
    retract_contacts([row.call_log_id])
    if row.number_id is not None and row.asked_at is not None:
        choosing.give_back({row.number_id: 1}, at=row.asked_at)


def _note_on_account(answer: Answer, now: datetime) -> None:
    """Leave an account alone for a while whose carrier said that it takes no call now."""
    account, error = answer.claimed.account, answer.error
    if isinstance(error, LimitReached):
        pause_account(account, until=error.until, reason=error.detail)
    elif isinstance(error, CredentialsRefused):
        pause_account(account, until=now + ACCOUNT_REFUSED, reason=error.detail)
    elif answer.placed is not None and answer.placed.room_left == 0:
        pause_account(account, until=now + LINES_TAKEN, reason=FULL)


def pause_account(account: CarrierAccount, *, until: datetime, reason: str) -> None:
    """Place no call through an account until then. A longer pause stays."""
    with platform_context():
        shorter: Any = CarrierAccount.objects.filter(pk=account.pk).exclude(paused_until__gte=until)
        shorter.update(paused_until=until, pause_reason=reason)


def take_over_expired(*, limit: int = 500) -> int:
    """Let calls be looked up whose worker was lost while it placed them. Return how many there were.

    Whether their carrier was asked is not known, so they are never simply placed again.
    """
    with platform_context():
        expired: Any = CallPlacement.objects.filter(state=PlacementState.PLACING, lease_until__lt=timezone.now())
        keys = list(expired.order_by("lease_until").values_list("tenant_id", "call_log_id", "attempts")[:limit])
    for tenant_id, call_id, attempts in keys:
        with tenant_context(tenant_id):
            row = lock_placement(call_id)
            if row is not None and row.state == PlacementState.PLACING and row.attempts == attempts:
                latest = row.asked_at + timedelta(seconds=MAX_WAIT_SECONDS) if row.asked_at else None
                mark_unknown(row, asked_at=latest, error=LOST, now=timezone.now())
    if keys:
        log.error("dialers were lost", calls=len(keys))
    return len(keys)


def has_expired() -> bool:
    """Return whether a worker was lost while it placed a call. Needs a platform scope."""
    rows: Any = CallPlacement.objects.filter(state=PlacementState.PLACING, lease_until__lt=timezone.now())
    return bool(rows.exists())
