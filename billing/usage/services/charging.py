"""Charge usage events: one ledger debit per event, at once, from a hold, or later by a task.

An event that cannot be paid is kept as failed with the reason and retried at growing intervals. A charged
event stays charged until it is voided.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from billing import money
from billing.ledger.errors import (
    AmountTooLarge,
    IdempotencyConflict,
    InsufficientBalance,
    WalletClosed,
    WalletSuspended,
    WalletUnknown,
)
from billing.ledger.models import Hold, Wallet
from billing.ledger.services import ledger, wallets
from billing.ledger.services.ledger import Operation, Posting, PostingOutcome, Reference, ReferenceKind
from billing.usage.models import UsageEvent, UsageStatus
from lad.batches import apply_batch
from lad.errors import Conflict, DomainError, NotFound
from lad.jobs.leases import Backoff, WorkQueue
from lad.tenancy.context import current_tenant_id, platform_context, tenant_context

UNPAID: Final = (UsageStatus.PENDING, UsageStatus.FAILED)
# Retries follow after 5, 10, 20 … minutes, at most once a day.
FIRST_RETRY_DELAY: Final = timedelta(minutes=5)
MAX_RETRY_DELAY: Final = timedelta(days=1)
MAX_ATTEMPTS: Final = 20
# Enough events to share a commit, few enough not to lock a wallet for long.
BATCH_SIZE: Final = 200
# Large columns that charging does not read.
UNUSED_COLUMNS: Final = ("usage_items", "metadata", "intent")

_queue: Final = WorkQueue(
    UsageEvent,
    due="next_charge_at",
    # Without jitter: customers see when a charge is retried.
    backoff=Backoff(FIRST_RETRY_DELAY, MAX_RETRY_DELAY, MAX_ATTEMPTS, jitter=0),
)

log = structlog.get_logger(__name__)


class WrongUsageStatus(Conflict):
    """The status of this usage event does not allow this."""

    code = "wrong_usage_status"


class WalletCurrencyMismatch(Conflict):
    """The paying wallet holds a different currency than the usage is priced in."""

    code = "wallet_currency"


class UsageNotFound(NotFound):
    """There is no such usage event here."""


class ChargeOutcome(StrEnum):
    """How a charge ended."""

    CHARGED = "charged"
    REPLAYED = "replayed"
    REFUSED = "refused"
    WRONG_STATUS = "wrong_status"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """The result for one event. A refused event is kept as failed and carries its error."""

    event_id: UUID
    outcome: ChargeOutcome
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a charge failed, how often it was attempted and when the next attempt is due."""

    event_id: UUID
    reason: str
    attempts: int
    next_charge_at: datetime | None


def charge(*, event: UsageEvent, now: datetime | None = None) -> UsageEvent:
    """Debit the event's cost from the paying wallet and return the updated event.

    Idempotent. A charge that cannot be paid does not raise: the event is returned as failed with the reason
    in ``error_message``, so that the caller's transaction keeps it. Use ``charge_many`` to get the error.
    Raises WrongUsageStatus for a voided event.
    """
    [result] = charge_many(event_ids=[event.pk], now=now)
    if result.error is not None and result.outcome != ChargeOutcome.REFUSED:
        raise result.error
    row: UsageEvent = UsageEvent.objects.get(pk=event.pk)
    return row


@transaction.atomic
def retry(*, event: UsageEvent, now: datetime | None = None) -> UsageEvent:
    """Charge a failed event again, as ``charge`` does. Raises WrongUsageStatus unless it has failed.

    Idempotent: an event that failed and was charged since is returned as it is.
    """
    require_retryable(locked(event))
    return charge(event=event, now=now)


def require_retryable(row: UsageEvent) -> None:
    """Raise WrongUsageStatus unless the event's charge has failed. It may have been charged since."""
    retried = row.status == UsageStatus.CHARGED and row.retry_count > 0
    if row.status != UsageStatus.FAILED and not retried:
        status = row.get_status_display().lower()
        raise WrongUsageStatus(f"This usage event is {status}; only a failed charge can be retried.")


@transaction.atomic
def charge_many(*, event_ids: Sequence[UUID], now: datetime | None = None) -> list[ChargeResult]:
    """Charge events of the current tenant in one transaction and return a result each, in the given order.

    Events are locked in key order, then their wallets. An event that cannot be paid does not block the rest.
    """
    rows = UsageEvent.objects.select_for_update(no_key=True).filter(tenant=current_tenant_id(), pk__in=event_ids)
    found: dict[UUID, UsageEvent] = {row.pk: row for row in rows.defer(*UNUSED_COLUMNS).order_by("pk")}
    results = {key: _result_of_settled(row) for key, row in found.items() if row.status not in UNPAID}
    unpaid = [row for row in found.values() if row.status in UNPAID]
    results |= _charge_unpaid(unpaid, now)
    return [results.get(key) or ChargeResult(key, ChargeOutcome.UNKNOWN, UsageNotFound()) for key in event_ids]


@transaction.atomic
def capture_hold(*, event: UsageEvent, hold: Hold | UUID, now: datetime | None = None) -> UsageEvent:
    """Pay for the event from a hold and release the rest of the hold. Idempotent.

    Raises WrongUsageStatus for a voided event, and HoldExpired, HoldResolved or CaptureTooLarge. In those
    three cases the event is charged later like any other.
    """
    row = locked(event)
    if row.status == UsageStatus.CHARGED:
        return row
    if row.status not in UNPAID:
        raise _wrong_status(row)
    debit = ledger.capture(
        hold=hold,
        amount=row.total_cost,
        key=charge_key(row.pk),
        reference=Reference(ReferenceKind.USAGE_EVENT, row.pk),
        description=f"Use of {row.feature_key}",
        now=now,
    )
    mark_charged([row], [debit])
    row.refresh_from_db()
    return row


def charge_due(*, now: datetime | None = None) -> int:
    """Charge the pending and failed events that are due, tenant by tenant, and return how many were attempted.

    Call it outside any scope. Several may run at once: each skips the events that another has locked.
    """
    with platform_context():
        tenants = list(_queue.due(now).order_by().values_list("tenant_id", flat=True).distinct())
    return sum(_charge_due_of(tenant_id, now) for tenant_id in tenants)


def charge_key(event_id: UUID) -> str:
    """Return the ledger's idempotency key for an event's charge."""
    return f"charge_usage_{event_id}"


def locked(event: UsageEvent) -> UsageEvent:
    """Lock the event and return its current row. Raises UsageNotFound if the current tenant does not have it."""
    rows = UsageEvent.objects.select_for_update(no_key=True).filter(tenant=current_tenant_id(), pk=event.pk)
    row: UsageEvent | None = rows.first()
    if row is None:
        raise UsageNotFound
    return row


def _wrong_status(row: UsageEvent) -> WrongUsageStatus:
    return WrongUsageStatus(f"This usage event is {row.get_status_display().lower()}.")


def _result_of_settled(row: UsageEvent) -> ChargeResult:
    if row.status == UsageStatus.CHARGED:
        return ChargeResult(row.pk, ChargeOutcome.REPLAYED)
    return ChargeResult(row.pk, ChargeOutcome.WRONG_STATUS, _wrong_status(row))


def _charge_unpaid(rows: Sequence[UsageEvent], now: datetime | None) -> dict[UUID, ChargeResult]:
    payers = wallets.paying_wallets(user_ids=[row.user_id for row in rows])
    errors: dict[UUID, DomainError] = {
        row.pk: WalletCurrencyMismatch() for row in rows if row.currency != payers[row.user_id].currency
    }
    payable = [row for row in rows if row.pk not in errors]
    answers = ledger.post_many([_posting(row, payers) for row in payable], now=now)
    paid = []
    for row, answer in zip(payable, answers, strict=True):
        if answer.posted is not None and answer.outcome in (PostingOutcome.POSTED, PostingOutcome.REPLAYED):
            paid.append((row, answer.posted))
        else:
            errors[row.pk] = _error(row, answer)
    mark_charged([row for row, _debit in paid], [debit for _row, debit in paid])
    _mark_failed([_failure(row, errors[row.pk], now or timezone.now()) for row in rows if row.pk in errors])
    refused = {key: ChargeResult(key, ChargeOutcome.REFUSED, error) for key, error in errors.items()}
    return refused | {row.pk: ChargeResult(row.pk, ChargeOutcome.CHARGED) for row, _debit in paid}


def _posting(row: UsageEvent, payers: Mapping[UUID | None, Wallet]) -> Posting:
    return Posting(
        Operation.DEBIT,
        payers[row.user_id].pk,
        row.total_cost,
        charge_key(row.pk),
        reference=Reference(ReferenceKind.USAGE_EVENT, row.pk),
        description=f"Use of {row.feature_key}",
    )


def _error(row: UsageEvent, answer: ledger.PostingResult) -> DomainError:
    if answer.outcome == PostingOutcome.INSUFFICIENT:
        available, cost = answer.available or Decimal(0), money.plain(row.total_cost)
        return InsufficientBalance(
            f"The usage costs {cost} {row.currency}, but only {money.plain(available)} is available. "
            "Top up the wallet.",
            required=str(row.total_cost),
            available=str(available),
            currency=row.currency,
        )
    if answer.outcome == PostingOutcome.CONFLICT:
        return IdempotencyConflict(field=answer.field)
    known: Mapping[PostingOutcome, DomainError] = {
        PostingOutcome.SUSPENDED: WalletSuspended(),
        PostingOutcome.CLOSED: WalletClosed(),
        PostingOutcome.TOO_LARGE: AmountTooLarge(),
    }
    return known.get(answer.outcome, WalletUnknown())


def _failure(row: UsageEvent, error: DomainError, now: datetime) -> _Failure:
    attempts = row.retry_count + 1
    backoff = _queue.backoff
    next_charge_at = None if backoff.exhausted(attempts) else now + backoff.delay(attempts)
    return _Failure(row.pk, error.detail, attempts, next_charge_at)


def mark_charged(rows: Sequence[UsageEvent], debits: Sequence[ledger.PostedTransaction]) -> None:
    """Link the events to their debits in one statement. Failed events must pass through pending first."""
    failed = [row.pk for row in rows if row.status == UsageStatus.FAILED]
    if failed:
        UsageEvent.objects.filter(pk__in=failed).update(status=UsageStatus.PENDING)
    if rows:
        _execute(
            "UPDATE billing_usage_events AS event SET status = 'charged', ledger_transaction_id = paid.debit,"
            " charged_at = paid.at, error_message = '', next_charge_at = NULL"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS paid (event, debit, at)"
            " WHERE event.tenant_id = %s AND event.id = paid.event",
            [row.pk for row in rows],
            [debit.id for debit in debits],
            [debit.created_at for debit in debits],
        )


def _mark_failed(failures: Sequence[_Failure]) -> None:
    """Store why the charges failed and when they are retried, in one statement."""
    if failures:
        _execute(
            "UPDATE billing_usage_events AS event SET status = 'failed', error_message = failure.reason,"
            " retry_count = failure.attempts, next_charge_at = failure.next_charge_at"
            " FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[])"
            " AS failure (event, reason, attempts, next_charge_at)"
            " WHERE event.tenant_id = %s AND event.id = failure.event",
            [failure.event_id for failure in failures],
            [failure.reason for failure in failures],
            [failure.attempts for failure in failures],
            [failure.next_charge_at for failure in failures],
        )


def _execute(sql: str, *columns: Iterable[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(list(column) for column in columns), current_tenant_id()])


def _charge_due_of(tenant_id: UUID, now: datetime | None) -> int:
    attempted = 0
    while True:
        with tenant_context(tenant_id):
            due = _queue.lock(_queue.due(now).filter(tenant=tenant_id), limit=BATCH_SIZE)
            _charge_or_postpone(due, now)
        attempted += len(due)
        if len(due) < BATCH_SIZE:
            return attempted


def _charge_or_postpone(event_ids: list[UUID], now: datetime | None) -> None:
    """Charge the events. Postpone those that raise, so that the rest go on."""
    outcome = apply_batch(
        event_ids,
        lambda part: _charge_part(part, now),
        # The database failed, not an event: the events stay due for the next run.
        reraise=(OperationalError, InterfaceError),
    )
    for failure in outcome.failed:
        log.error("charge failed unexpectedly", usage_event=str(failure.item), exc_info=failure.error)
    if outcome.failed:
        postponed = UsageEvent.objects.filter(pk__in=[failure.item for failure in outcome.failed])
        postponed.update(next_charge_at=(now or timezone.now()) + MAX_RETRY_DELAY)


def _charge_part(event_ids: Sequence[UUID], now: datetime | None) -> None:
    charge_many(event_ids=event_ids, now=now)
