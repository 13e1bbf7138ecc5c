"""Factories of the billing app."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from factory import LazyAttribute, LazyFunction, Sequence, SubFactory

from billing.models import (
    CreditTransaction,
    CreditTransactionType,
    FeatureEntitlement,
    Invoice,
    LedgerTransaction,
    Price,
    PriceCategory,
    PriceUnit,
    TransactionType,
    UsageEvent,
    UserCredit,
    Wallet,
)
from tests.factories.base import SharedModelFactory, TenantModelFactory, unique
from tests.factories.tenants import MemberFactory


class WalletFactory(TenantModelFactory[Wallet]):
    user: Any = SubFactory(MemberFactory)
    low_balance_threshold: Any = Sequence(lambda number: Decimal(number + 1).quantize(Decimal("0.000001")))

    class Meta:
        model = Wallet


class LedgerTransactionFactory(TenantModelFactory[LedgerTransaction]):
    wallet: Any = SubFactory(WalletFactory)
    transaction_type = TransactionType.TOPUP
    amount = Decimal("100")
    balance_before = Decimal("0")
    balance_after: Any = LazyAttribute(lambda row: row.balance_before + row.amount)
    reference_type = "manual"
    idempotency_key = unique("topup-%d")

    class Meta:
        model = LedgerTransaction


class UsageEventFactory(TenantModelFactory[UsageEvent]):
    feature_key = "voice-agent"
    # In the order in which the database gives keys back.
    usage_items: Any = LazyFunction(
        lambda: [
            {
                "cost": "0.78",
                "unit": "minute",
                "model": "voice",
                "category": "telephony",
                "provider": "twilio",
                "quantity": "60",
                "unit_price": "0.013",
            }
        ]
    )
    total_quantity = Decimal("60")
    total_cost = Decimal("0.78")
    idempotency_key = unique("voice_call_%d")

    class Meta:
        model = UsageEvent


class PriceFactory(SharedModelFactory[Price]):
    """A price to come: one that has begun is not edited."""

    category = PriceCategory.STT
    provider = "openai"
    model = unique("whisper-%d")
    unit = PriceUnit.SECOND
    unit_price = Decimal("0.0001000000")
    effective_from: Any = LazyFunction(lambda: (timezone.now() + timedelta(days=30)).replace(microsecond=0))

    class Meta:
        model = Price


class InvoiceFactory(TenantModelFactory[Invoice]):
    invoice_number = unique("LAD-%05d")
    subtotal = Decimal("199")
    tax = Decimal("9.950000")
    total: Any = LazyAttribute(lambda row: row.subtotal + row.tax)
    period_start: Any = LazyFunction(lambda: timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    period_end: Any = LazyAttribute(lambda row: row.period_start + timedelta(days=28))
    # In the order in which the database gives keys back.
    line_items: Any = LazyFunction(
        lambda: [{"amount": "199", "quantity": "1", "unit_price": "199", "description": "3,000 credits"}]
    )

    class Meta:
        model = Invoice


class FeatureEntitlementFactory(TenantModelFactory[FeatureEntitlement]):
    feature_key = unique("feature-%d")
    monthly_quota = Decimal("1000.000000")
    overage_rate = Decimal("0.0500000000")

    class Meta:
        model = FeatureEntitlement


class UserCreditFactory(TenantModelFactory[UserCredit]):
    user: Any = SubFactory(MemberFactory)
    balance = Decimal("100")

    class Meta:
        model = UserCredit


class CreditTransactionFactory(TenantModelFactory[CreditTransaction]):
    user: Any = SubFactory(MemberFactory)
    user_credit: Any = LazyAttribute(lambda row: UserCreditFactory(user=row.user))
    amount = Decimal("100")
    transaction_type = CreditTransactionType.PURCHASE
    balance_before = Decimal("0")
    balance_after = Decimal("100")

    class Meta:
        model = CreditTransaction
