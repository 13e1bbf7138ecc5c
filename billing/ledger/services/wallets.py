"""Open, close and configure wallets. Only the ledger changes their balances."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from billing.ledger.errors import WalletClosed
from billing.ledger.models import Wallet, WalletStatus
from billing.money import DEFAULT_CURRENCY
from lad import writes
from lad.errors import Conflict, Invalid, Refused
from lad.outbox.emission import NewEvent
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from lad.writes import Change
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
    """Write wallets: their user and currency never change, and their balances are left to the ledger.

    The value ``reason`` goes into the events. Emits ``billing.wallet.suspended``, ``.reactivated``, ``.closed`` and
    ``.threshold_set`` besides the plain changes. Raises WalletClosed and WalletNotEmpty.
    """

    def prepare(self, row: Wallet | None, values: Values, *, actor: Actor) -> Values:
        values = {name: value for name, value in values.items() if name != "reason"}
        if row is None:
            _refuse_ledger_fields(values)
            return values
        # A concurrent posting may have changed the balances.
        row.refresh_from_db(from_queryset=Wallet.objects.select_for_update(no_key=True))
        _refuse_ledger_fields(writes.differing(row, values))
        writes.fixed_fields(row, values, FIXED_FIELDS, "This cannot be changed. Open another wallet instead.")
        _check_status(row, values.get("status", row.status))
        return {**values, **_notified_again(row, values)}

    def announced(self, change: Change[Wallet]) -> list[str]:
        own = {"status", "low_balance_threshold", "low_balance_notified_at"}
        return [name for name in change.changed if change.created or name not in own]

    def events(self, change: Change[Wallet]) -> Iterator[NewEvent]:
        reason = {"reason": change.given["reason"]} if change.given.get("reason") else {}
        if "status" in change.before:
            verb, before = STATUS_VERBS[WalletStatus(change.row.status)], change.before["status"]
            yield NewEvent(f"billing.wallet.{verb}", change.row, {"before": before, **reason}, change.actor)
        if "low_balance_threshold" in change.before:
            payload = {"before": change.before["low_balance_threshold"], "after": change.row.low_balance_threshold}
            yield NewEvent("billing.wallet.threshold_set", change.row, {**payload, **reason}, change.actor)

    def before_delete(self, row: Wallet, *, actor: Actor) -> None:
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
        with transaction.atomic():
            row: Wallet = writes.create(Wallet, {"user": user, "currency": currency}, actor=actor)
    except Refused:
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

    A tenant's own closed wallet can be reactivated, because the tenant never gets another one. Emits
    ``billing.wallet.suspended``, ``.reactivated`` or ``.closed``. Raises WalletClosed if the wallet of a user is
    closed already, and WalletNotEmpty if a wallet with a balance is to be closed.
    """
    return writes.update(wallet, {"status": status, "reason": reason}, actor=actor)


@transaction.atomic
def set_threshold(*, wallet: Wallet, threshold: Decimal | None, reason: str = "", actor: Actor = None) -> Wallet:
    """Set the available balance below which the tenant is notified, or None for never. Idempotent.

    If the balance is at or above the new threshold, the next fall below it notifies again. Emits
    ``billing.wallet.threshold_set``. Raises Invalid if the threshold is negative.
    """
    return writes.update(wallet, {"low_balance_threshold": threshold, "reason": reason}, actor=actor)


def _check_status(row: Wallet, status: str) -> None:
    if status == row.status:
        return
    if row.status == WalletStatus.CLOSED and (row.user_id is not None or status != WalletStatus.ACTIVE):
        raise WalletClosed("The closed wallet of a user cannot be opened again: the tenant's wallet pays for them.")
    if status == WalletStatus.CLOSED and (row.current_balance or row.reserved_balance):
        raise WalletNotEmpty


def _notified_again(row: Wallet, values: Values) -> Values:
    """Forget the last notification if the wallet is not below its new threshold."""
    if "low_balance_threshold" not in writes.differing(row, values):
        return {}
    threshold = values["low_balance_threshold"]
    return {"low_balance_notified_at": None} if threshold is None or row.available_balance >= threshold else {}


def _refuse_ledger_fields(names: Iterable[str]) -> None:
    touched = sorted(LEDGER_FIELDS & set(names))
    if touched:
        raise Invalid(errors={name: ["Only the ledger can change this."] for name in touched})


writes.register(Wallet, WalletWriter)
