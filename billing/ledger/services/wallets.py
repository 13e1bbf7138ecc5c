"""Wallets as people may change them. What is in them is the ledger's alone."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services.ledger import WalletClosed
from billing.money import DEFAULT_CURRENCY
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from tenants.accounts.models import User

# The ledger's engine alone writes these.
KEPT: Final = frozenset(
    {"current_balance", "reserved_balance", "ledger_version", "ledger_hash", "low_balance_notified_at"}
)
SET_ONCE: Final = frozenset({"user", "currency"})
VERBS: Final = {
    WalletStatus.SUSPENDED: "suspended",
    WalletStatus.ACTIVE: "reactivated",
    WalletStatus.CLOSED: "closed",
}


class WalletNotEmpty(Conflict):
    """The wallet still holds money: spend it or give it back before closing it."""

    code = "wallet_not_empty"


class WalletKept(Conflict):
    """A wallet is closed, not deleted."""

    code = "wallet_kept"


class WalletWriter(writes.Writer):
    """A wallet begins empty, keeps its holder and currency, and is closed when it is empty again."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Wallet:
        _leave_kept(values)
        row: Wallet = super().create(values, actor=actor)
        return row

    def update(self, row: Wallet, values: Mapping[str, Any], *, actor: Any = None) -> Wallet:
        # A posting meanwhile must not be undone by the balances this row was read with.
        row = _locked(row)
        _leave_kept({name: value for name, value in values.items() if getattr(row, name) != value})
        fixed = sorted(name for name in SET_ONCE & set(values) if getattr(row, name) != values[name])
        if fixed:
            raise Invalid(errors={name: ["A wallet keeps it; open another one."] for name in fixed})
        status = WalletStatus(values["status"]) if values.get("status") in WalletStatus.values else None
        if status is not None and status != row.status:
            move(wallet=row, status=status, actor=actor)
        if "low_balance_threshold" in values:
            set_threshold(wallet=row, threshold=values["low_balance_threshold"], actor=actor)
        updated: Wallet = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Wallet, *, actor: Any = None) -> None:
        raise WalletKept


def open_wallet(*, user: User | None = None, currency: str = DEFAULT_CURRENCY, actor: Any = None) -> Wallet:
    """The wallet of the user, or without one that of the tenant itself; opened, empty, when there is none.

    A wallet that exists keeps its currency and status. Of simultaneous calls one opens it. Raises Invalid
    for a user who is no member of the tenant, or for what is no currency.
    """
    found = _wallet_of(user)
    if found is not None:
        return found
    try:
        row: Wallet = writes.create(Wallet, {"user": user, "currency": currency}, actor=actor)
    except (Invalid, writes.Refused):
        # Whoever was faster has committed by now.
        found = _wallet_of(user)
        if found is None:
            raise
        return found
    return row


def paying_wallet(*, user_id: UUID | None = None) -> Wallet:
    """The wallet that pays for what the user does: their own unless it is closed, else the tenant's.

    Opens the tenant's when it is missing. It may be suspended, or hold too little: the ledger says so.
    """
    return paying_wallets(user_ids=[user_id])[user_id]


def paying_wallets(*, user_ids: Iterable[UUID | None]) -> dict[UUID | None, Wallet]:
    """The wallet that pays for each of the users, and for nobody's work (None), by one query."""
    asked = {*user_ids}
    own = Q(user__in=asked - {None}) & ~Q(status=WalletStatus.CLOSED)
    rows = Wallet.objects.filter(own | Q(user__isnull=True), tenant=current_tenant_id())
    found: dict[UUID | None, Wallet] = {row.user_id: row for row in rows}
    if asked - {*found} and None not in found:
        found[None] = open_wallet()
    return {user_id: found.get(user_id) or found[None] for user_id in asked}


def _wallet_of(user: User | None) -> Wallet | None:
    row: Wallet | None = Wallet.objects.filter(tenant=current_tenant_id(), user=user).first()
    return row


@transaction.atomic
def move(*, wallet: Wallet, status: WalletStatus, reason: str = "", actor: Any = None) -> Wallet:
    """Suspend, reactivate or close a wallet. Idempotent.

    Emits ``billing.wallet.suspended``, ``.reactivated`` or ``.closed``. Raises WalletClosed for one
    that is closed, WalletNotEmpty when one is to be closed that holds money.
    """
    row = _locked(wallet)
    if row.status == status:
        return row
    if row.status == WalletStatus.CLOSED:
        raise WalletClosed("A closed wallet stays closed.")
    if status == WalletStatus.CLOSED and (row.current_balance or row.reserved_balance):
        raise WalletNotEmpty
    before, row.status = row.status, status
    row.save(update_fields=["status"])
    row.refresh_from_db(fields=["updated_at"])
    wallet.status, wallet.updated_at = row.status, row.updated_at
    told = {"reason": reason} if reason else {}
    emit(f"billing.wallet.{VERBS[status]}", aggregate=row, payload={"before": before, **told}, actor=actor)
    return row


@transaction.atomic
def set_threshold(*, wallet: Wallet, threshold: Decimal | None, reason: str = "", actor: Any = None) -> Wallet:
    """Have the tenant told when less than this can be spent, or never (None). Idempotent.

    A wallet that holds at least that much is told of again when it falls below. Emits
    ``billing.wallet.threshold_set``. Raises Invalid for a negative threshold.
    """
    row = _locked(wallet)
    before = row.low_balance_threshold
    if before == threshold:
        return row
    row.low_balance_threshold = threshold
    if threshold is None or row.available_balance >= threshold:
        row.low_balance_notified_at = None
    try:
        row.full_clean()
    except ValidationError as error:
        raise writes.invalid(error) from error
    row.save(update_fields=["low_balance_threshold", "low_balance_notified_at"])
    row.refresh_from_db(fields=["updated_at"])
    for name in ("low_balance_threshold", "low_balance_notified_at", "updated_at"):
        setattr(wallet, name, getattr(row, name))
    told = {"before": before, "after": threshold, **({"reason": reason} if reason else {})}
    emit("billing.wallet.threshold_set", aggregate=row, payload=told, actor=actor)
    return row


def _locked(wallet: Wallet) -> Wallet:
    row: Wallet = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    return row


def _leave_kept(values: Mapping[str, Any]) -> None:
    touched = sorted(KEPT & set(values))
    if touched:
        raise Invalid(errors={name: ["Only the ledger moves it."] for name in touched})


writes.register(Wallet, WalletWriter)
