"""Ask carriers what became of calls whose callbacks stopped, of which nobody knows whether they were placed, or of
which details are missing. Asking changes nothing at the carrier and may be repeated.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from lad.errors import DomainError
from lad.notifier import WorkerNotifier
from lad.tenancy.context import platform_context, tenant_context
from voice.carriers.connecting import caller_of, connect
from voice.carriers.errors import NoCarrier
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import CallKey, Carrier, CarrierCall, Presence
from voice.dialer.facts import moment_of
from voice.dialer.models import OPEN_STATES, CallPlacement, PlacementState
from voice.dialer.reports import take_in

TASK: Final = "voice.look_up_calls"
RUN_SECONDS: Final = 10.0
BATCH_SIZE: Final = 40
AT_ONCE: Final = 8
# While somebody looks, nobody else does. Longer than a carrier may take to answer for a whole batch.
LOOK_LEASE: Final = timedelta(minutes=3)
ASK_AGAIN: Final = timedelta(seconds=30)
# A carrier that could not be asked for so long does not know the call any more either.
GIVE_UP: Final = timedelta(hours=4)
# An open call that nobody is going to look at: a mistake of the past.
FORGOTTEN: Final = timedelta(minutes=10)
NOTHING_NEW: Final = CarrierCall(Presence.PLACED)
NOT_KNOWN: Final = CarrierCall(Presence.UNKNOWN)

notifier: Final = WorkerNotifier(TASK)
log = structlog.get_logger("voice.dialer")

CarrierOf = Callable[[CarrierAccount], Carrier]


@dataclass(frozen=True, slots=True)
class _Question:
    """One call to ask about, and how. Without ``key`` the carrier need not or cannot be asked."""

    placement: CallPlacement
    account: CarrierAccount | None
    key: CallKey | None


def has_work() -> bool:
    """Return whether a carrier is to be asked about a call. Needs a platform scope."""
    return _due().exists() or _forgotten().exists()


def look_due(*, seconds: float = RUN_SECONDS, carrier_of: CarrierOf = connect) -> int:
    """Ask about every call that is due, until there is none or the time is up. Return how many were asked about."""
    deadline = time.monotonic() + seconds
    with platform_context():
        _forgotten().update(look_at=Now())
    looked = 0
    while time.monotonic() < deadline and (questions := _claim()):
        if len(questions) == BATCH_SIZE:
            notifier.ask_for_help()
        for question, answer in zip(questions, _answers(questions, carrier_of), strict=True):
            _take_in(question, answer)
        looked += len(questions)
    return looked


def _claim() -> list[_Question]:
    """Take calls that are due, so that nobody else asks about them meanwhile."""
    with platform_context():
        rows = _due().select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("look_at")
        found = list(rows.select_related("carrier_account", "number__carrier_account")[:BATCH_SIZE])
        keys = [row.pk for row in found]
        CallPlacement.objects.filter(pk__in=keys).update(look_at=Now() + LOOK_LEASE, looks=F("looks") + 1)
        return [_question(row) for row in found]


def _question(row: CallPlacement) -> _Question:
    account = row.carrier_account
    waits_for_report = "line_free_since" in row.facts and "over_since" not in row.facts
    if account is None or row.asked_at is None or waits_for_report:
        return _Question(row, account, None)
    try:
        caller = caller_of(row.number) if row.number is not None else None
    except NoCarrier:
        caller = None
    return _Question(row, account, CallKey(row.call_log_id, row.asked_at, caller, row.reference))


def _answers(questions: Sequence[_Question], carrier_of: CarrierOf) -> list[CarrierCall | DomainError | None]:
    """Ask, several calls at a time, outside any transaction. After a failure the account's others are not asked."""
    failed: set[object] = set()

    def ask(question: _Question) -> CarrierCall | DomainError | None:
        account, key = question.account, question.key
        if account is None or key is None or account.pk in failed:
            return None
        try:
            return carrier_of(account).look_up(key)
        except DomainError as error:
            failed.add(account.pk)
            return error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, questions))


def _take_in(question: _Question, answer: CarrierCall | DomainError | None) -> None:
    placement, now = question.placement, timezone.now()
    told = answer if isinstance(answer, CarrierCall) else _without_answer(placement, now)
    with tenant_context(placement.tenant_id):
        if told is not None:
            take_in(placement, told, at=now, now=now)
        if not isinstance(answer, CarrierCall) and question.key is not None:
            rows = CallPlacement.objects.filter(pk=placement.pk, look_at__isnull=False)
            rows.filter(look_at__gt=now + ASK_AGAIN).update(look_at=now + ASK_AGAIN)
    if isinstance(answer, DomainError):
        log.warning("carrier not asked", call=str(placement.call_log_id), reason=type(answer).__name__)


def _without_answer(placement: CallPlacement, now: datetime) -> CarrierCall | None:
    """Return what may be concluded about a call without its carrier: that its time is up, or nothing."""
    if placement.cause or "line_free_since" in placement.facts:
        return NOTHING_NEW
    if placement.state in OPEN_STATES and (placement.asked_at is None or now - placement.asked_at > GIVE_UP):
        since = moment_of(placement.facts, "gone_since")
        log.error("a call is given up", call=str(placement.call_log_id), since=since and since.isoformat())
        return NOT_KNOWN
    return None


def _due() -> QuerySet[CallPlacement]:
    rows: QuerySet[CallPlacement] = CallPlacement.objects.filter(look_at__lte=Now())
    return rows.exclude(state__in=(PlacementState.PLACING, PlacementState.QUEUED))


def _forgotten() -> QuerySet[CallPlacement]:
    """Return open calls that nobody would ever ask about."""
    rows: QuerySet[CallPlacement] = CallPlacement.objects.filter(
        Q(state=PlacementState.PLACED) | Q(state=PlacementState.UNKNOWN),
        look_at__isnull=True,
        asked_at__lt=Now() - FORGOTTEN,
    )
    return rows
