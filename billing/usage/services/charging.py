"""Charging what was used: one debit of the ledger for each use, at once, from a hold, or later by itself.

What cannot be paid is kept as failed, with the reason, and tried again at growing intervals; what was
charged stays charged until it is voided.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from billing import money as amounts
from billing.ledger.models import Hold, Wallet
from billing.ledger.services import ledger, wallets
from billing.ledger.services.ledger import Operation, Outcome, Posting, Reference
from billing.usage.models import UsageEvent, UsageStatus
from lad.errors import Conflict, DomainError, NotFound
from lad.tenancy.context import current_tenant_id, platform_context, tenant_context

UNPAID: Final = (UsageStatus.PENDING, UsageStatus.FAILED)
# An empty wallet is asked again after 5, 10, 20 … minutes, at most once a day, and after this many times no more.
FIRST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(days=1)
MOST_TRIES: Final = 20
# Events that one transaction charges: enough to share its commit, few enough not to hold a wallet for long.
BATCH: Final = 200
# What the charge itself does not need.
HEAVY: Final = ("usage_items", "metadata", "intent")

log = structlog.get_logger(__name__)


class WrongUsageStatus(Conflict):
    """The use's status does not allow this."""

    code = "wrong_usage_status"


class WalletCurrency(Conflict):
    """The wallet that pays holds another currency than the use is priced in."""

    code = "wallet_currency"


class UsageUnknown(NotFound):
    """There is no such use here."""


class ChargeOutcome(StrEnum):
    """What became of a charge."""

    CHARGED = "charged"
    REPLAYED = "replayed"
    REFUSED = "refused"
    WRONG_STATUS = "wrong_status"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChargeVerdict:
    """What became of one event: charged, or why not. A refused one is kept as failed."""

    event_id: UUID
    outcome: ChargeOutcome
    error: DomainError | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an event was not charged, how often it was tried and when it is next."""

    event_id: UUID
    says: str
    tries: int
    again_at: datetime | None


def charge(*, event: UsageEvent, now: datetime | None = None) -> UsageEvent:
    """Take the use's cost from the wallet that pays for it; answers the event as it is then.

    Idempotent: what is charged stays so. What cannot be paid does not raise but is answered as failed,
    with the reason in ``error_message``, so that the caller's transaction keeps it; ``charge_many`` gives the
    error itself. Raises WrongUsageStatus for a voided use.
    """
    [verdict] = charge_many(event_ids=[event.pk], now=now)
    if verdict.error is not None and verdict.outcome != ChargeOutcome.REFUSED:
        raise verdict.error
    row: UsageEvent = UsageEvent.objects.get(pk=event.pk)
    return row


@transaction.atomic
def retry(*, event: UsageEvent, now: datetime | None = None) -> UsageEvent:
    """Charge a use again whose charge failed; like ``charge``. Raises WrongUsageStatus for any other."""
    require_failed(locked(event))
    return charge(event=event, now=now)


def require_failed(row: UsageEvent) -> None:
    """Raise WrongUsageStatus unless the use's charge failed."""
    if row.status != UsageStatus.FAILED:
        raise WrongUsageStatus(f"The use is {row.get_status_display().lower()}: only a failed one is tried again.")


@transaction.atomic
def charge_many(*, event_ids: Sequence[UUID], now: datetime | None = None) -> list[ChargeVerdict]:
    """Charge many uses of the current tenant in one transaction; a verdict each, in the order asked.

    Events are locked in one order, then their wallets. One that cannot be paid holds up no other.
    """
    rows = UsageEvent.objects.select_for_update(no_key=True).filter(tenant=current_tenant_id(), pk__in=event_ids)
    found: dict[UUID, UsageEvent] = {row.pk: row for row in rows.defer(*HEAVY).order_by("pk")}
    verdicts = {key: _settled_before(row) for key, row in found.items() if row.status not in UNPAID}
    unpaid = [row for row in found.values() if row.status in UNPAID]
    verdicts |= _charged(unpaid, now)
    return [verdicts.get(key) or ChargeVerdict(key, ChargeOutcome.UNKNOWN, UsageUnknown()) for key in event_ids]


@transaction.atomic
def capture_hold(*, event: UsageEvent, hold: Hold | UUID, now: datetime | None = None) -> UsageEvent:
    """Pay a use from money that was held for it; the rest of the hold is given back. Idempotent.

    Raises WrongUsageStatus for a voided use, and HoldExpired, HoldResolved or CaptureTooLarge: the use is
    then charged later like any other.
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
        reference=Reference("usage_event", row.pk),
        description=f"Use of {row.feature_key}",
        now=now,
    )
    _mark_charged([row], [debit])
    row.refresh_from_db()
    return row


def charge_due(*, now: datetime | None = None) -> int:
    """Charge what nobody charged and what may be tried again, tenant by tenant; returns how many were tried.

    Called outside any scope. Several may run at once: each takes what no other holds.
    """
    moment = now or timezone.now()
    with platform_context():
        due = UsageEvent.objects.filter(next_charge_at__lte=moment).order_by()
        tenants = list(due.values_list("tenant_id", flat=True).distinct())
    return sum(_charge_due_of(tenant_id, moment, now) for tenant_id in tenants)


def charge_key(event_id: UUID) -> str:
    """The ledger's key of an event's charge."""
    return f"charge_usage_{event_id}"


def locked(event: UsageEvent) -> UsageEvent:
    """The event as it is now, locked. Raises UsageUnknown when it is none of the current tenant's."""
    rows = UsageEvent.objects.select_for_update(no_key=True).filter(tenant=current_tenant_id(), pk=event.pk)
    row: UsageEvent | None = rows.first()
    if row is None:
        raise UsageUnknown
    return row


def _wrong_status(row: UsageEvent) -> WrongUsageStatus:
    return WrongUsageStatus(f"The use is {row.get_status_display().lower()}.")


def _settled_before(row: UsageEvent) -> ChargeVerdict:
    if row.status == UsageStatus.CHARGED:
        return ChargeVerdict(row.pk, ChargeOutcome.REPLAYED)
    return ChargeVerdict(row.pk, ChargeOutcome.WRONG_STATUS, _wrong_status(row))


def _charged(rows: Sequence[UsageEvent], now: datetime | None) -> dict[UUID, ChargeVerdict]:
    payers = wallets.paying_wallets(user_ids=[row.user_id for row in rows])
    errors: dict[UUID, DomainError] = {
        row.pk: WalletCurrency() for row in rows if row.currency != payers[row.user_id].currency
    }
    payable = [row for row in rows if row.pk not in errors]
    answers = ledger.post_many([_posting(row, payers) for row in payable], now=now)
    paid = []
    for row, answer in zip(payable, answers, strict=True):
        if answer.posted is not None and answer.outcome in (Outcome.POSTED, Outcome.REPLAYED):
            paid.append((row, answer.posted))
        else:
            errors[row.pk] = _error(row, answer)
    _mark_charged([row for row, _debit in paid], [debit for _row, debit in paid])
    _mark_failed([_failure(row, errors[row.pk], now or timezone.now()) for row in rows if row.pk in errors])
    refused = {key: ChargeVerdict(key, ChargeOutcome.REFUSED, error) for key, error in errors.items()}
    return refused | {row.pk: ChargeVerdict(row.pk, ChargeOutcome.CHARGED) for row, _debit in paid}


def _posting(row: UsageEvent, payers: Mapping[UUID | None, Wallet]) -> Posting:
    return Posting(
        Operation.DEBIT,
        payers[row.user_id].pk,
        row.total_cost,
        charge_key(row.pk),
        reference=Reference("usage_event", row.pk),
        description=f"Use of {row.feature_key}",
    )


def _error(row: UsageEvent, answer: ledger.Verdict) -> DomainError:
    if answer.outcome == Outcome.INSUFFICIENT:
        available, cost = answer.available or Decimal(0), amounts.plain(row.total_cost)
        return ledger.InsufficientBalance(
            f"The use costs {cost} {row.currency} and {amounts.plain(available)} are available: top the wallet up.",
            required=str(row.total_cost),
            available=str(available),
            currency=row.currency,
        )
    if answer.outcome == Outcome.CONFLICT:
        return ledger.IdempotencyConflict(field=answer.field)
    known: Mapping[Outcome, DomainError] = {
        Outcome.SUSPENDED: ledger.WalletSuspended(),
        Outcome.CLOSED: ledger.WalletClosed(),
        Outcome.TOO_LARGE: ledger.AmountTooLarge(),
    }
    return known.get(answer.outcome, ledger.WalletUnknown())


def _failure(row: UsageEvent, error: DomainError, now: datetime) -> _Failure:
    tries = row.retry_count + 1
    again_at = now + min(FIRST_WAIT * 2 ** min(row.retry_count, MOST_TRIES), LONGEST_WAIT)
    return _Failure(row.pk, error.detail, tries, again_at if tries < MOST_TRIES else None)


def _mark_charged(rows: Sequence[UsageEvent], debits: Sequence[ledger.Posted]) -> None:
    """Note what the debits paid for, in one statement; a failed charge is open again before."""
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
    """Note why the charges failed and when they are tried again, in one statement."""
    if failures:
        _execute(
            "UPDATE billing_usage_events AS event SET status = 'failed', error_message = failure.says,"
            " retry_count = failure.tries, next_charge_at = failure.again_at"
            " FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[])"
            " AS failure (event, says, tries, again_at)"
            " WHERE event.tenant_id = %s AND event.id = failure.event",
            [failure.event_id for failure in failures],
            [failure.says for failure in failures],
            [failure.tries for failure in failures],
            [failure.again_at for failure in failures],
        )


def _execute(sql: str, *columns: Iterable[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(list(column) for column in columns), current_tenant_id()])


def _charge_due_of(tenant_id: UUID, moment: datetime, now: datetime | None) -> int:
    tried = 0
    while True:
        with tenant_context(tenant_id):
            due = UsageEvent.objects.filter(tenant=tenant_id, next_charge_at__lte=moment).order_by("next_charge_at")
            rows = due.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)[:BATCH]
            taken = _charge_or_postpone(list(rows), moment, now)
        tried += taken
        if taken < BATCH:
            return tried


def _charge_or_postpone(event_ids: list[UUID], moment: datetime, now: datetime | None) -> int:
    """Charge the events; one that breaks something is found by halving and put off, so that it stops no other."""
    if not event_ids:
        return 0
    try:
        with transaction.atomic():
            charge_many(event_ids=event_ids, now=now)
    except (OperationalError, InterfaceError):
        # It is the database that failed, not an event: the next run finds them due as before.
        raise
    except Exception as error:
        if len(event_ids) == 1:
            log.error("charge broke", usage_event=str(event_ids[0]), exc_info=error)
            UsageEvent.objects.filter(pk=event_ids[0]).update(next_charge_at=moment + LONGEST_WAIT)
        else:
            middle = len(event_ids) // 2
            _charge_or_postpone(event_ids[:middle], moment, now)
            _charge_or_postpone(event_ids[middle:], moment, now)
    return len(event_ids)
