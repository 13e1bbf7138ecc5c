"""Wallets as people may change them. What is in them is the ledger's alone."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from billing.models import Wallet, WalletStatus
from lad import writes
from lad.errors import Conflict, Invalid
from tenants.outbox import emit

BALANCES: Final = frozenset({"current_balance", "reserved_balance"})
SET_ONCE: Final = frozenset({"user", "currency"})
VERBS: Final = {
    WalletStatus.SUSPENDED: "suspended",
    WalletStatus.ACTIVE: "reactivated",
    WalletStatus.CLOSED: "closed",
}


class WalletNotEmpty(Conflict):
    """The wallet still holds money: spend it or give it back before closing it."""

    code = "wallet_not_empty"


class WalletClosed(Conflict):
    """A closed wallet stays closed."""

    code = "wallet_closed"


class WalletKept(Conflict):
    """A wallet is closed, not deleted."""

    code = "wallet_kept"


class WalletWriter(writes.Writer):
    """A wallet begins empty, keeps its holder and currency, and is closed when it is empty again."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Wallet:
        _leave_balances(values)
        row: Wallet = super().create(values, actor=actor)
        return row

    def update(self, row: Wallet, values: Mapping[str, Any], *, actor: Any = None) -> Wallet:
        _leave_balances({name: value for name, value in values.items() if getattr(row, name) != value})
        fixed = sorted(name for name in SET_ONCE & set(values) if getattr(row, name) != values[name])
        if fixed:
            raise Invalid(errors={name: ["A wallet keeps it; open another one."] for name in fixed})
        status = WalletStatus(values["status"]) if values.get("status") in WalletStatus.values else None
        if status is not None and status != row.status:
            move(wallet=row, status=status, actor=actor)
        updated: Wallet = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Wallet, *, actor: Any = None) -> None:
        raise WalletKept


@transaction.atomic
def move(*, wallet: Wallet, status: WalletStatus, reason: str = "", actor: Any = None) -> Wallet:
    """Suspend, reactivate or close a wallet. Idempotent.

    Emits ``billing.wallet.suspended``, ``.reactivated`` or ``.closed``. Raises WalletClosed for one
    that is closed, WalletNotEmpty when one is to be closed that holds money.
    """
    row: Wallet = Wallet.objects.select_for_update(no_key=True).get(pk=wallet.pk)
    if row.status == status:
        return row
    if row.status == WalletStatus.CLOSED:
        raise WalletClosed
    if status == WalletStatus.CLOSED and (row.current_balance or row.reserved_balance):
        raise WalletNotEmpty
    before, row.status = row.status, status
    row.save(update_fields=["status"])
    row.refresh_from_db(fields=["updated_at"])
    wallet.status, wallet.updated_at = row.status, row.updated_at
    told = {"reason": reason} if reason else {}
    emit(f"billing.wallet.{VERBS[status]}", aggregate=row, payload={"before": before, **told}, actor=actor)
    return row


def _leave_balances(values: Mapping[str, Any]) -> None:
    touched = sorted(BALANCES & set(values))
    if touched:
        raise Invalid(errors={name: ["Only the ledger moves a balance."] for name in touched})
