"""Open, close and configure wallets. Only the ledger changes their balances."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from billing.ledger.errors import WalletClosed
from billing.ledger.models import Wallet, WalletStatus
from billing.money import DEFAULT_CURRENCY
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from tenants.accounts.models import User

# Only the ledger's SQL functions write these fields.
LEDGER_FIELDS: Final = frozenset(
    {"current_balance", "reserved_balance", "ledger_version", "ledger_hash", "low_balance_notified_at"}
)
FIXED_FIELDS: Final = frozenset({"user", "currency"})
STATUS_VERBS: Final = {
    WalletStatus.SUSPENDED: "suspended",
    WalletStatus.ACTIVE: "reactivated",
    WalletStatus.CLOSED: "closed",
}


class WalletNotEmpty(Conflict):
    """The wallet still has a balance. Spend it or pay it back before closing the wallet."""

    code = "wallet_not_empty"


class WalletNotDeletable(Conflict):
    """A wallet cannot be deleted. Close it instead."""

    code = "wallet_kept"


class WalletWriter(writes.Writer[Wallet]):
    """Write wallets: their user and currency never change, and their balances are left to the ledger."""

    def create(self, values: Values, *, actor: Actor = None) -> Wallet:
        _refuse_ledger_fields(values)
        row: Wallet = super().create(values, actor=actor)
        return row

    def update(self, row: Wallet, values: Values, *, actor: Actor = None) -> Wallet:
        # Lock and reread the row: a concurrent posting may have changed its balances.
        row = _locked(row)
        _refuse_ledger_fields({name: value for name, value in values.items() if getattr(row, name) != value})
        fixed = sorted(name for name in FIXED_FIELDS & set(values) if getattr(row, name) != values[name])
        if fixed:
            raise Invalid(errors={name: ["This cannot be changed. Open another wallet instead."] for name in fixed})
        status = WalletStatus(values["status"]) if values.get("status") in WalletStatus.values else None
        if status is not None and status != row.status:
            change_status(wallet=row, status=status, actor=actor)
        if "low_balance_threshold" in values:
            set_threshold(wallet=row, threshold=values["low_balance_threshold"], actor=actor)
        updated: Wallet = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Wallet, *, actor: Actor = None) -> None:
        raise WalletNotDeletable


def open_wallet(*, user: User | None = None, currency: str = DEFAULT_CURRENCY, actor: Actor = None) -> Wallet:
    """Return the wallet of the user, or of the tenant if ``user`` is None. Open an empty one if it is missing.

    An existing wallet keeps its currency and status. Concurrent calls return the same wallet. Raises
    Invalid if the user is not a member of the tenant or the currency is malformed.
    """
    found = _wallet_of(user)
    if found is not None:
        return found
    try:
        row: Wallet = writes.create(Wallet, {"user": user, "currency": currency}, actor=actor)
    except (Invalid, writes.Refused):
        # A concurrent call that opened it has committed by now.
        found = _wallet_of(user)
        if found is None:
            raise
        return found
    return row


def paying_wallet(*, user_id: UUID | None = None) -> Wallet:
    """Return the wallet that pays for the user: their own, or the tenant's if they have no open wallet.

    Opens the tenant's wallet if it is missing. Does not check the status or the balance; the ledger does.
    """
    return paying_wallets(user_ids=[user_id])[user_id]


def paying_wallets(*, user_ids: Iterable[UUID | None]) -> dict[UUID | None, Wallet]:
    """Return the paying wallet of each user, in one query. None stands for use without a user."""
    wanted = {*user_ids}
    own = Q(user__in=wanted - {None}) & ~Q(status=WalletStatus.CLOSED)
    rows = Wallet.objects.filter(own | Q(user__isnull=True), tenant=current_tenant_id())
    found: dict[UUID | None, Wallet] = {row.user_id: row for row in rows}
    if wanted - {*found} and None not in found:
        found[None] = open_wallet()
    return {user_id: found.get(user_id) or found[None] for user_id in wanted}


def _wallet_of(user: User | None) -> Wallet | None:
    row: Wallet | None = Wallet.objects.filter(tenant=current_tenant_id(), user=user).first()
    return row


@transaction.atomic
def change_status(*, wallet: Wallet, status: WalletStatus, reason: str = "", actor: Actor = None) -> Wallet:
    """Suspend, reactivate or close a wallet. Idempotent.

    Emits ``billing.wallet.suspended``, ``.reactivated`` or ``.closed``. Raises WalletClosed if the wallet
    is closed already, and WalletNotEmpty if a wallet with a balance is to be closed.
    """
    row = _locked(wallet)
    if row.status == status:
        return row
    if row.status == WalletStatus.CLOSED:
        raise WalletClosed("A closed wallet cannot be opened again.")
    if status == WalletStatus.CLOSED and (row.current_balance or row.reserved_balance):
        raise WalletNotEmpty
    before, row.status = row.status, status
    row.save(update_fields=["status"])
    row.refresh_from_db(fields=["updated_at"])
    wallet.status, wallet.updated_at = row.status, row.updated_at
    given = {"reason": reason} if reason else {}
    emit(f"billing.wallet.{STATUS_VERBS[status]}", aggregate=row, payload={"before": before, **given}, actor=actor)
    return row


@transaction.atomic
def set_threshold(*, wallet: Wallet, threshold: Decimal | None, reason: str = "", actor: Actor = None) -> Wallet:
    """Set the available balance below which the tenant is notified, or None for never. Idempotent.

    If the balance is at or above the new threshold, the next fall below it notifies again. Emits
    ``billing.wallet.threshold_set``. Raises Invalid if the threshold is negative.
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
    payload = {"before": before, "after": threshold, **({"reason": reason} if reason else {})}
    emit("billing.wallet.threshold_set", aggregate=row, payload=payload, actor=actor)
    return row


def _locked(wallet: Wallet) -> Wallet:
    row: Wallet = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    return row


def _refuse_ledger_fields(values: Values) -> None:
    touched = sorted(LEDGER_FIELDS & set(values))
    if touched:
        raise Invalid(errors={name: ["Only the ledger can change this."] for name in touched})


writes.register(Wallet, WalletWriter)
