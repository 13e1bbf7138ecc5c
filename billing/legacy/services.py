"""The move of legacy credits into wallets, which may be repeated until the old tables are frozen.

A user's credits become their wallet and each legacy transaction a row of its ledger, in order of time and at
its own moment. Where the history does not add up to the balance, or dips below zero on its way, an opening
adjustment comes first that is just large enough, and a closing one takes back what was too much of it: the
balance is what people were promised, the history what is known of it.
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
from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger, wallets
from billing.ledger.services.ledger import Reference
from billing.legacy.models import CreditTransaction, CreditTransactionType, LegacyMove, UserCredit
from lad.errors import DomainError
from lad.outbox.emission import emit, quiet
from lad.tenancy.context import platform_context
from tenants.accounts.models import User

NOTHING: Final = Decimal(0)
# What the rows refer to: a legacy transaction, or the holder of credits whose history does not add up.
MOVED: Final = "legacy_credit"
SETTLED: Final = "legacy_balance"
# A ledger keeps six decimals and legacy credits have two.
FINEST_VALUE: Final = -4
MONEY: Final = Decimal("0.000001")
# One tenant's lock, taken by whoever freezes or unfreezes; the trigger on the legacy tables shares it.
EXCLUSIVE_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('billing_legacy_moves:' || %s::uuid, 0))"
# A transaction that names a holder of credits belongs to whom that is, whomever else it names.
_HOLDER: Final = Coalesce(F("user_credit__user"), F("user"))


@dataclass(frozen=True, slots=True)
class Line:
    """One user's reconciliation: ``difference`` is what the credits are worth less what the wallet got.

    Amounts but ``credits`` are in the wallet's currency; ``opening`` and ``closing`` are the adjustments of
    all runs together. ``note`` says why something could not be moved.
    """

    user: str
    credits: Decimal = NOTHING
    worth: Decimal = NOTHING
    moved: Decimal = NOTHING
    difference: Decimal = NOTHING
    transactions: int = 0
    opening: Decimal = NOTHING
    closing: Decimal = NOTHING
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is still to be posted for one user; amounts in money."""

    new: Sequence[CreditTransaction]
    opening: Decimal
    closing: Decimal


def move(*, tenant_id: UUID, now: datetime, dry_run: bool = False) -> list[Line]:
    """Move what has not moved yet of a tenant's legacy credits; returns a line for each user and stores them.

    One transaction for each user: an interrupted run is continued by the next one, and a run beside this
    one waits. Posts through the ledger, each legacy transaction once for ever. A history is no news:
    of it all no more is told than that the wallet is low now (``billing.wallet.balance_low``).
    """
    _value()
    with platform_context(tenant_id=tenant_id):
        users = User.all_objects.in_bulk(_holders())
    lines = [_move_one(tenant_id, user, now, dry_run) for user in sorted(users.values(), key=lambda each: each.email)]
    if not dry_run:
        with platform_context(tenant_id=tenant_id):
            row = _record(tenant_id)
            row.moved_at, row.report = now, [_text(line) for line in lines]
            row.save(update_fields=["moved_at", "report"])
    return lines


def freeze(*, tenant_id: UUID, now: datetime) -> None:
    """Have the old tables refuse every write of the tenant. Waits for those under way. Idempotent."""
    _switch(tenant_id, now)


def unfreeze(*, tenant_id: UUID) -> None:
    """Open the old tables of the tenant again. Idempotent."""
    _switch(tenant_id, None)


def tenants_with_credits() -> list[UUID]:
    """The tenants that have anything to move."""
    with platform_context():
        found = UserCredit.objects.values_list("tenant_id", flat=True).order_by()
        told = CreditTransaction.objects.values_list("tenant_id", flat=True).order_by()
        return sorted(found.union(told))


def _switch(tenant_id: UUID, frozen_at: datetime | None) -> None:
    with platform_context(tenant_id=tenant_id):
        with connection.cursor() as cursor:
            cursor.execute(EXCLUSIVE_LOCK, [tenant_id])
        row = _record(tenant_id)
        if (row.frozen_at is None) != (frozen_at is None):
            row.frozen_at = frozen_at
            row.save(update_fields=["frozen_at"])


def _record(tenant_id: UUID) -> LegacyMove:
    """The tenant's row, locked."""
    LegacyMove.objects.bulk_create([LegacyMove(tenant_id=tenant_id)], ignore_conflicts=True)
    row: LegacyMove = LegacyMove.objects.select_for_update(no_key=True).get(tenant=tenant_id)
    return row


def _holders() -> set[UUID]:
    return {
        *UserCredit.objects.values_list("user_id", flat=True),
        *CreditTransaction.objects.annotate(holder=_HOLDER).order_by().values_list("holder", flat=True).distinct(),
    }


def _move_one(tenant_id: UUID, user: User, now: datetime, dry_run: bool) -> Line:
    with platform_context(tenant_id=tenant_id):
        _record(tenant_id)
        credit = UserCredit.objects.select_for_update(no_key=True).filter(user=user).first()
        balance = credit.balance if credit else NOTHING
        note = ""
        try:
            with transaction.atomic():
                wallet = wallets.open_wallet(user=user)
                with quiet():
                    _post(wallet, _plan(wallet, balance), now)
                _tell_if_low(wallet)
        except DomainError as error:
            note = error.detail
        line = _reconciled(user, balance, note)
        transaction.set_rollback(dry_run)
    return line


def _plan(wallet: Wallet, balance: Decimal) -> _Plan:
    posted = set(_rows(wallet).filter(reference_type=MOVED).values_list("reference_id", flat=True))
    history = CreditTransaction.objects.annotate(holder=_HOLDER).filter(holder=wallet.user_id)
    new = [row for row in history.order_by("created_at", "pk") if row.pk not in posted]
    moved = _sum(_rows(wallet))
    steps = [_money(row.amount) for row in new]
    missing = _money(balance) - moved - sum(steps)
    # What was moved before may have been spent since, and what came in otherwise is not for old debts.
    lowest = min(moved, wallet.available_balance) + min(accumulate(steps, initial=NOTHING))
    opening = max(missing, -lowest, NOTHING)
    return _Plan(new, opening, missing - opening)


def _post(wallet: Wallet, plan: _Plan, now: datetime) -> None:
    # The order of a ledger is that of its moments: what moves later than other rows were written follows them.
    last = LedgerTransaction.objects.filter(wallet=wallet).order_by("-wallet_version").values_list("created_at").first()
    clock = last[0] if last else None
    number = _rows(wallet).filter(reference_type=SETTLED).count()

    def at(moment: datetime) -> datetime:
        nonlocal clock
        clock = max(min(moment, now), clock or moment)
        return clock

    if plan.opening:
        reason = "Legacy credits that no transaction tells of"
        moment = at(plan.new[0].created_at if plan.new else now)
        _settle(wallet, plan.opening, f"legacy_opening_{wallet.pk}_{number}", reason, moment)
    for row in plan.new:
        _post_one(wallet, row, at(row.created_at))
    if plan.closing:
        reason = "Legacy credits that transactions tell of and the balance did not hold"
        _settle(wallet, plan.closing, f"legacy_closing_{wallet.pk}_{number}", reason, at(now))


def _tell_if_low(before: Wallet) -> None:
    wallet = Wallet.objects.get(pk=before.pk)
    if wallet.low_balance_notified_at and not before.low_balance_notified_at:
        emit("billing.wallet.balance_low", aggregate=wallet, payload={"available": wallet.available_balance})


def _settle(wallet: Wallet, amount: Decimal, key: str, reason: str, now: datetime) -> None:
    ledger.adjust(
        wallet=wallet, amount=amount, key=key, reason=reason, reference=Reference(SETTLED, wallet.user_id), now=now
    )


def _post_one(wallet: Wallet, row: CreditTransaction, now: datetime) -> None:
    """A legacy transaction as what it was: bought, given back, used or corrected."""
    amount, kind = _money(row.amount), row.transaction_type
    described = row.description or row.get_transaction_type_display()
    said: dict[str, Any] = {
        "wallet": wallet,
        "key": f"legacy_credit_{row.pk}",
        "reference": Reference(MOVED, row.pk),
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
        ledger.debit(amount=NOTHING, description=described, **said)
    elif kind == CreditTransactionType.PURCHASE:
        ledger.topup(amount=amount, description=described, **said)
    elif kind == CreditTransactionType.REFUND:
        ledger.credit(amount=amount, description=described, **said)
    elif kind == CreditTransactionType.ADJUSTMENT:
        ledger.adjust(amount=amount, reason=described, **said)
    else:
        ledger.debit(amount=-amount, description=described, **said)


def _reconciled(user: User, balance: Decimal, note: str) -> Line:
    wallet = Wallet.objects.filter(user=user).first()
    if wallet is None:
        return Line(user.email, balance, _money(balance), difference=_money(balance), note=note)
    rows = _rows(wallet)
    settled = rows.filter(reference_type=SETTLED)
    moved = _sum(rows)
    return Line(
        user=user.email,
        credits=balance,
        worth=_money(balance),
        moved=moved,
        difference=_money(balance) - moved,
        transactions=rows.filter(reference_type=MOVED).count(),
        opening=_sum(settled.filter(amount__gt=0)),
        closing=_sum(settled.filter(amount__lt=0)),
        note=note,
    )


def _rows(wallet: Wallet) -> Any:
    return LedgerTransaction.objects.filter(wallet=wallet, reference_type__in=[MOVED, SETTLED])


def _sum(rows: Any) -> Decimal:
    return Decimal(rows.aggregate(total=Coalesce(Sum("amount"), NOTHING))["total"])


def _value() -> Decimal:
    value = Decimal(settings.BILLING_CREDIT_VALUE)
    exponent = value.normalize().as_tuple().exponent
    if value <= 0 or not isinstance(exponent, int) or exponent < FINEST_VALUE:
        raise ImproperlyConfigured("BILLING_CREDIT_VALUE must be above 0 and have at most four decimals.")
    return value


def _money(credits: Decimal) -> Decimal:
    return (credits * _value()).quantize(MONEY)


def _text(line: Line) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(line).items()}
