"""Move legacy credits into wallets. The move can be repeated until the legacy tables are frozen.

Each legacy transaction becomes a ledger transaction of the user's wallet, in order and with its own time.
If the history does not add up to the balance, or falls below zero on the way, an opening adjustment makes
up for it and a closing adjustment removes what it added too much. The legacy balance is what counts.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from billing.ledger.models import LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import ledger, wallets
from billing.ledger.services.ledger import Reference, ReferenceKind
from billing.legacy.models import CreditTransaction, CreditTransactionType, LegacyMove, UserCredit
from billing.money import MICRO
from lad.errors import DomainError
from lad.outbox.emission import emit, quiet
from lad.tenancy.context import platform_context
from tenants.accounts.models import User

ZERO: Final = Decimal(0)
# Reference types of moved transactions, and of adjustments for a history that does not add up.
CREDIT_REFERENCE: Final = ReferenceKind.LEGACY_CREDIT
BALANCE_REFERENCE: Final = ReferenceKind.LEGACY_BALANCE
CREDIT_KEY: Final = "legacy_credit_"
# Legacy credits have two decimals and the ledger has six, which leaves four for the value of a credit.
MIN_VALUE_EXPONENT: Final = -4
# The lock that freezing and unfreezing take; the trigger on the legacy tables shares it.
EXCLUSIVE_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('billing_legacy_moves:' || %s::uuid, 0))"
# The owner of the credits counts, even if the transaction names another user.
_OWNER: Final = Coalesce(F("user_credit__user"), F("user"))
_REFERENCE_ID: Final = Cast(F("reference_id"), TextField())


@dataclass(frozen=True, slots=True)
class ReconciliationLine:
    """One user's reconciliation: ``difference`` is the value of the credits less the amount moved.

    All amounts except ``credits`` are in the wallet's currency. ``opening`` and ``closing`` are the sums of
    the adjustments of all runs. ``note`` says why something could not be moved.
    """

    user: str
    user_id: UUID | None = None
    credits: Decimal = ZERO
    worth: Decimal = ZERO
    moved: Decimal = ZERO
    difference: Decimal = ZERO
    transactions: int = 0
    opening: Decimal = ZERO
    closing: Decimal = ZERO
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The postings still due for one user. The adjustments are in the wallet's currency."""

    new: Sequence[CreditTransaction]
    opening: Decimal
    closing: Decimal


def move_credits(*, tenant_id: UUID, now: datetime, dry_run: bool = False) -> list[ReconciliationLine]:
    """Move the remaining legacy credits of a tenant. Store and return one line for each user.

    Each user has a database transaction of their own, so the next run continues an interrupted one, and
    concurrent runs wait. Each legacy transaction is posted once. The history emits no events, except
    ``billing.wallet.balance_low`` if the wallet is low at the end.
    """
    _credit_value()
    with platform_context(tenant_id=tenant_id):
        users = User.all_objects.in_bulk(_owners())
    lines = [_move_one(tenant_id, user, now, dry_run) for user in sorted(users.values(), key=lambda each: each.email)]
    if not dry_run:
        with platform_context(tenant_id=tenant_id):
            row = _record(tenant_id)
            row.moved_at, row.report = now, [_json(line) for line in lines]
            row.save(update_fields=["moved_at", "report"])
    return lines


def freeze_credits(*, tenant_id: UUID, now: datetime) -> None:
    """Make the tenant's legacy tables read-only. Waits for writes in progress. Idempotent."""
    _set_frozen(tenant_id, now)


def unfreeze_credits(*, tenant_id: UUID) -> None:
    """Make the tenant's legacy tables writable again. Idempotent."""
    _set_frozen(tenant_id, None)


def tenants_with_credits() -> list[UUID]:
    """Return the tenants that have legacy credits or transactions."""
    with platform_context():
        with_credits = UserCredit.objects.values_list("tenant_id", flat=True).order_by()
        with_transactions = CreditTransaction.objects.values_list("tenant_id", flat=True).order_by()
        return sorted(with_credits.union(with_transactions))


def _set_frozen(tenant_id: UUID, frozen_at: datetime | None) -> None:
    with platform_context(tenant_id=tenant_id):
        with connection.cursor() as cursor:
            cursor.execute(EXCLUSIVE_LOCK, [tenant_id])
        row = _record(tenant_id)
        if (row.frozen_at is None) != (frozen_at is None):
            row.frozen_at = frozen_at
            row.save(update_fields=["frozen_at"])


def _record(tenant_id: UUID) -> LegacyMove:
    """Return the tenant's row, locked."""
    LegacyMove.objects.bulk_create([LegacyMove(tenant_id=tenant_id)], ignore_conflicts=True)
    row: LegacyMove = LegacyMove.objects.select_for_update(no_key=True).get(tenant=tenant_id)
    return row


def _owners() -> set[UUID]:
    return {
        *UserCredit.objects.values_list("user_id", flat=True),
        *CreditTransaction.objects.annotate(owner=_OWNER).order_by().values_list("owner", flat=True).distinct(),
    }


def _move_one(tenant_id: UUID, user: User, now: datetime, dry_run: bool) -> ReconciliationLine:
    with platform_context(tenant_id=tenant_id):
        _record(tenant_id)
        credit = UserCredit.objects.select_for_update(no_key=True).filter(user=user).first()
        balance = credit.balance if credit else ZERO
        note = ""
        try:
            with transaction.atomic():
                wallet = wallets.open_wallet(user=user)
                with quiet():
                    _post(wallet, _plan(wallet, balance), now)
                _emit_if_low(wallet)
        except DomainError as error:
            note = error.detail
        line = _reconciled(user, balance, note)
        transaction.set_rollback(dry_run)
    return line


def _plan(wallet: Wallet, balance: Decimal) -> _Plan:
    posted = set(_rows(wallet).filter(reference_type=CREDIT_REFERENCE).values_list("reference_id", flat=True))
    history = CreditTransaction.objects.annotate(owner=_OWNER).filter(owner=wallet.user_id)
    new = [row for row in history.order_by("created_at", "pk") if row.pk not in posted]
    moved = _sum(_rows(wallet))
    steps = [_money(row.amount) for row in new]
    missing = _money(balance) - moved - sum(steps)
    # Credit that was moved earlier may be spent by now, and other credit must not pay for the history.
    lowest = min(moved, wallet.available_balance) + min(accumulate(steps, initial=ZERO))
    opening = max(missing, -lowest, ZERO)
    return _Plan(new, opening, missing - opening)


def _post(wallet: Wallet, plan: _Plan, now: datetime) -> None:
    # A ledger is ordered by time, so a moved transaction is never dated before the wallet's last one.
    last = LedgerTransaction.objects.filter(wallet=wallet).order_by("-wallet_version").values_list("created_at").first()
    clock = last[0] if last else None
    number = _rows(wallet).filter(reference_type=BALANCE_REFERENCE).count()

    def in_order(time: datetime) -> datetime:
        nonlocal clock
        clock = max(min(time, now), clock or time)
        return clock

    if plan.opening:
        reason = "Legacy credits without a transaction"
        time = in_order(plan.new[0].created_at if plan.new else now)
        _adjust(wallet, plan.opening, f"{_opening_key(wallet)}{number}", reason, time)
    for row in plan.new:
        _post_one(wallet, row, in_order(row.created_at))
    if plan.closing:
        reason = "Legacy transactions that exceed the balance"
        _adjust(wallet, plan.closing, f"{_closing_key(wallet)}{number}", reason, in_order(now))


def _emit_if_low(before: Wallet) -> None:
    wallet = Wallet.objects.get(pk=before.pk)
    if wallet.low_balance_notified_at and not before.low_balance_notified_at:
        emit("billing.wallet.balance_low", aggregate=wallet, payload={"available": wallet.available_balance})


def _adjust(wallet: Wallet, amount: Decimal, key: str, reason: str, now: datetime) -> None:
    ledger.adjust(
        wallet=wallet,
        amount=amount,
        key=key,
        reason=reason,
        reference=Reference(BALANCE_REFERENCE, wallet.user_id),
        now=now,
    )


def _post_one(wallet: Wallet, row: CreditTransaction, now: datetime) -> None:
    """Post a legacy transaction as a top-up, credit, debit or adjustment."""
    amount, kind = _money(row.amount), row.transaction_type
    description = row.description or row.get_transaction_type_display()
    posting: dict[str, Any] = {
        "wallet": wallet,
        "key": f"{CREDIT_KEY}{row.pk}",
        "reference": Reference(CREDIT_REFERENCE, row.pk),
        "metadata": {
            "credits": str(row.amount),
            "legacy_type": kind,
            "legacy_reference_type": row.reference_type,
            "legacy_reference_id": str(row.reference_id) if row.reference_id else None,
            "legacy_metadata": row.metadata,
            "legacy_created_at": row.created_at.isoformat(),
        },
        "now": now,
    }
    if not amount:
        ledger.debit(amount=ZERO, description=description, **posting)
    elif kind == CreditTransactionType.PURCHASE:
        ledger.topup(amount=amount, description=description, **posting)
    elif kind == CreditTransactionType.REFUND:
        ledger.credit(amount=amount, description=description, **posting)
    elif kind == CreditTransactionType.ADJUSTMENT:
        ledger.adjust(amount=amount, reason=description, **posting)
    else:
        ledger.debit(amount=-amount, description=description, **posting)


def _reconciled(user: User, balance: Decimal, note: str) -> ReconciliationLine:
    wallet = Wallet.objects.filter(user=user).first()
    if wallet is None:
        return ReconciliationLine(user.email, user.pk, balance, _money(balance), difference=_money(balance), note=note)
    rows = _rows(wallet)
    adjustments = rows.filter(reference_type=BALANCE_REFERENCE)
    moved = _sum(rows)
    return ReconciliationLine(
        user=user.email,
        user_id=user.pk,
        credits=balance,
        worth=_money(balance),
        moved=moved,
        difference=_money(balance) - moved,
        transactions=rows.filter(reference_type=CREDIT_REFERENCE).count(),
        opening=_sum(adjustments.filter(amount__gt=0)),
        closing=_sum(adjustments.filter(amount__lt=0)),
        note=note,
    )


def _rows(wallet: Wallet) -> QuerySet[LedgerTransaction]:
    """Return the rows that the move wrote itself, by their keys. The audit repeats this in SQL."""
    credit = Q(reference_type=CREDIT_REFERENCE, idempotency_key=Concat(Value(CREDIT_KEY), _REFERENCE_ID))
    balance = Q(reference_type=BALANCE_REFERENCE, transaction_type=TransactionType.ADJUSTMENT) & (
        Q(idempotency_key__startswith=_opening_key(wallet)) | Q(idempotency_key__startswith=_closing_key(wallet))
    )
    rows: QuerySet[LedgerTransaction] = LedgerTransaction.objects.filter(
        credit | balance, wallet=wallet, hold__isnull=True, reverses__isnull=True
    )
    return rows


def _opening_key(wallet: Wallet) -> str:
    return f"legacy_opening_{wallet.pk}_"


def _closing_key(wallet: Wallet) -> str:
    return f"legacy_closing_{wallet.pk}_"


def _sum(rows: QuerySet[LedgerTransaction]) -> Decimal:
    return Decimal(rows.aggregate(total=Coalesce(Sum("amount"), ZERO))["total"])


def _credit_value() -> Decimal:
    value = Decimal(settings.BILLING_CREDIT_VALUE)
    exponent = value.normalize().as_tuple().exponent
    if value <= 0 or not isinstance(exponent, int) or exponent < MIN_VALUE_EXPONENT:
        raise ImproperlyConfigured("BILLING_CREDIT_VALUE must be above 0 and have at most four decimals.")
    return value


def _money(credits: Decimal) -> Decimal:
    return (credits * _credit_value()).quantize(MICRO)


def _json(line: ReconciliationLine) -> dict[str, object]:
    return {name: str(value) if isinstance(value, Decimal | UUID) else value for name, value in asdict(line).items()}
