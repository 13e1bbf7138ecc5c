"""Reads that are more than a filter: conditions with a name, the price list, and what is lost next."""

from datetime import datetime

from django.db.models import F, Q

from billing.ledger.models import CreditLot, Wallet


def below_threshold() -> Q:
    """The condition of wallets that hold less to spend than their threshold."""
    return Q(low_balance_threshold__gt=F("current_balance") - F("reserved_balance"))


def next_to_expire(wallet: Wallet, *, now: datetime) -> CreditLot | None:
    """The wallet's credit that is lost first unless it is used in time."""
    lots = CreditLot.objects.filter(tenant=wallet.tenant_id, wallet=wallet, is_open=True, expires_at__gt=now)
    row: CreditLot | None = lots.order_by("expires_at", "pk").first()
    return row
