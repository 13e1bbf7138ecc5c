"""Read wallets and credit lots."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, Sum

from billing.ledger.models import CreditLot, Wallet
from billing.money import DEFAULT_CURRENCY


def currency_of(tenant_id: UUID) -> str:
    """Return the currency that a tenant reckons in: that of its own wallet, or LAD's usual one."""
    own = Wallet.objects.filter(tenant=tenant_id, user__isnull=True).order_by()
    return own.values_list("currency", flat=True).first() or DEFAULT_CURRENCY


def below_threshold() -> Q:
    """Return the condition for wallets whose available balance is below their threshold."""
    return Q(low_balance_threshold__gt=F("current_balance") - F("reserved_balance"))


def spendable(wallet: Wallet, *, now: datetime) -> Decimal:
    """Return the available balance without credit that has expired and was not removed yet."""
    expired = CreditLot.objects.filter(tenant=wallet.tenant_id, wallet=wallet, is_open=True, expires_at__lte=now)
    lost: Decimal | None = expired.aggregate(total=Sum("remaining"))["total"]
    return wallet.available_balance - (lost or Decimal(0))


def next_to_expire(wallet: Wallet, *, now: datetime) -> CreditLot | None:
    """Return the wallet's open credit lot that expires first, or None if none expires."""
    lots = CreditLot.objects.filter(tenant=wallet.tenant_id, wallet=wallet, is_open=True, expires_at__gt=now)
    row: CreditLot | None = lots.order_by("expires_at", "pk").first()
    return row
