"""Factories of the billing app."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from factory import LazyAttribute, LazyAttributeSequence, LazyFunction, Sequence, SubFactory

from billing.audit.models import AuditResult, LedgerAnchor, LedgerAudit
from billing.entitlements.models import EntitlementUse, FeatureEntitlement, QuotaWindow
from billing.invoicing.models import (
    BillingProfile,
    CreditApplication,
    Invoice,
    InvoiceKind,
    InvoiceSeries,
    InvoiceStatus,
    NumberPrefix,
    profile_of,
)
from billing.invoicing.services import finalising, invoices
from billing.ledger.models import CreditLot, Hold, LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.legacy.models import CreditTransaction, CreditTransactionType, LegacyMove, UserCredit
from billing.payments.models import AutoTopup, CreditPackage, EventOutcome, Payment, PaymentKind, StripeEvent
from billing.pricing.models import Price, PriceCategory
from billing.units import PriceUnit
from billing.usage.models import UsageEvent
from lad.db.identifiers import uuid7
from tests.factories.base import ModelFactory, SharedModelFactory, TenantModelFactory, unique
from tests.factories.tenants import MemberFactory, TenantFactory


class WalletFactory(TenantModelFactory[Wallet]):
    user: Any = SubFactory(MemberFactory)
    low_balance_threshold: Any = Sequence(lambda number: Decimal(number + 1).quantize(Decimal("0.000001")))

    class Meta:
        model = Wallet


class LedgerTransactionFactory(TenantModelFactory[LedgerTransaction]):
    """A top-up, posted through the ledger, which rejects rows from anywhere else."""

    wallet: Any = SubFactory(WalletFactory)
    amount = Decimal("100")
    idempotency_key = unique("topup-%d")

    class Meta:
        model = LedgerTransaction

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        posted = ledger.topup(wallet=kwargs["wallet"], amount=kwargs["amount"], key=kwargs["idempotency_key"])
        return model_class.objects.get(pk=posted.id)


def reversal_of(row: LedgerTransaction) -> LedgerTransaction:
    """Return the transaction that reverses this one."""
    posted = ledger.reverse(transaction=row, key=f"reversal-of-{row.pk}", reason="Posted by mistake")
    taken_back: LedgerTransaction = LedgerTransaction.objects.get(pk=posted.id)
    return taken_back


class CreditLotFactory(TenantModelFactory[CreditLot]):
    wallet: Any = SubFactory(WalletFactory)
    amount = Decimal("100")

    class Meta:
        model = CreditLot

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        row = LedgerTransactionFactory.create(wallet=kwargs["wallet"], amount=kwargs["amount"])
        return model_class.objects.get(pk=next(iter(row.lot_movements)))


class HoldFactory(TenantModelFactory[Hold]):
    wallet: Any = SubFactory(WalletFactory)
    amount = Decimal("10")

    class Meta:
        model = Hold

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        wallet = LedgerTransactionFactory.create(wallet=kwargs["wallet"]).wallet
        posted = ledger.reserve(
            wallet=wallet, amount=kwargs["amount"], key=f"hold-{uuid7()}", ttl=timedelta(minutes=15)
        )
        return model_class.objects.get(pk=posted.hold_id)


class UsageEventFactory(TenantModelFactory[UsageEvent]):
    feature_key = "voice-agent"
    # Keys in the order in which the database returns them.
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
    """A price that starts in the future, because a price in force cannot be edited."""

    category = PriceCategory.STT
    provider = "openai"
    model = unique("whisper-%d")
    unit = PriceUnit.SECOND
    unit_price = Decimal("0.0001000000")
    effective_from: Any = LazyFunction(lambda: (timezone.now() + timedelta(days=30)).replace(microsecond=0))

    class Meta:
        model = Price


class InvoiceFactory(TenantModelFactory[Invoice]):
    """A draft. With another ``status`` it goes through the usual steps to get there."""

    subtotal = Decimal("199")
    tax = Decimal("9.95")
    total: Any = LazyAttribute(lambda row: row.subtotal + row.tax)
    period_start: Any = LazyFunction(lambda: timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    period_end: Any = LazyAttributeSequence(lambda row, number: row.period_start + timedelta(days=28, minutes=number))
    # Keys in the order in which the database returns them.
    line_items: Any = LazyFunction(
        lambda: [{"amount": "199", "quantity": "1", "unit_price": "199", "description": "3,000 credits"}]
    )
    tax_lines: Any = LazyFunction(lambda: [{"name": "VAT", "rate": "0.05", "amount": "9.95", "taxable": "199"}])

    class Meta:
        model = Invoice

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        status = kwargs.pop("status", InvoiceStatus.DRAFT)
        paid_at = kwargs.pop("paid_at", None)
        row = super()._create(model_class, *args, **kwargs)
        if status == InvoiceStatus.DRAFT:
            return row
        late = row.due_at is not None and row.due_at < timezone.now()
        row = invoices.finalise(invoice=row, now=row.due_at - timedelta(days=1) if late else None)
        if status == InvoiceStatus.PAID:
            row = invoices.pay(invoice=row, payment_method="card", paid_at=paid_at or timezone.now())
        elif status == InvoiceStatus.OVERDUE:
            row = invoices.mark_overdue(invoice=row, now=row.due_at or timezone.now())
        elif status == InvoiceStatus.VOIDED:
            row = invoices.void(invoice=row, reason="A mistake")
        return row


class InvoiceSeriesFactory(TenantModelFactory[InvoiceSeries]):
    series: Any = Sequence(lambda number: "S" + "".join(chr(ord("A") + int(digit)) for digit in str(number)))

    class Meta:
        model = InvoiceSeries


class NumberPrefixFactory(TenantModelFactory[NumberPrefix]):
    prefix = unique("FACTORY%d")

    class Meta:
        model = NumberPrefix


class CreditApplicationFactory(TenantModelFactory[CreditApplication]):
    """All the credit that a usage invoice owes, deducted from another invoice."""

    amount = Decimal("10")
    source: Any = LazyAttributeSequence(lambda row, number: _owing(row.amount, number))
    target: Any = LazyAttribute(lambda row: _finalised(InvoiceFactory.create(applied_credit=row.amount)))

    class Meta:
        model = CreditApplication


def _owing(amount: Decimal, number: int) -> Invoice:
    begins = datetime(2010, 1, 1, tzinfo=UTC) + timedelta(days=number)
    given_back = {"description": "Usage", "quantity": "1", "unit_price": "-100", "amount": "-100"}
    row = InvoiceFactory.create(
        kind=InvoiceKind.USAGE,
        subtotal=Decimal(-100),
        prepaid_amount=Decimal(-100),
        tax=-amount,
        period_start=begins,
        period_end=begins + timedelta(days=1),
        line_items=[given_back],
        tax_lines=[{"name": "VAT", "rate": "0.1", "amount": f"{-amount}", "taxable": "-100"}],
        credit_owed=amount,
    )
    return _finalised(row)


def _finalised(row: Invoice) -> Invoice:
    """Finalise an invoice as it is, without comparing it with the ledger or with what is owed."""
    return finalising.number(row, profile_of(row.tenant_id), now=timezone.now())


class LedgerAuditFactory(ModelFactory[LedgerAudit]):
    started_at: Any = LazyFunction(timezone.now)
    finished_at: Any = LazyAttribute(lambda row: row.started_at + timedelta(seconds=8))
    with_hashes = True
    ledger_rows = 1_000
    wallets = 10
    violations = 0
    result = AuditResult.PROVED
    heads_hash = bytes(32)

    class Meta:
        model = LedgerAudit


class LedgerAnchorFactory(TenantModelFactory[LedgerAnchor]):
    wallet: Any = SubFactory(WalletFactory)
    anchored_on: Any = Sequence(lambda number: date(2020, 1, 1) + timedelta(days=number))
    wallet_version = 1
    entry_hash = bytes(32)

    class Meta:
        model = LedgerAnchor


class BillingProfileFactory(TenantModelFactory[BillingProfile]):
    """A tenant has only one, so without ``tenant`` the factory creates a new tenant."""

    tenant: Any = SubFactory(TenantFactory)
    legal_name = unique("Acme Outreach %d Ltd")
    address = "1 Market Street\nLeeds"
    country = "GB"
    tax_id = "GB123456789"
    tax_rate = Decimal("0.0500")
    invoice_email = unique("invoices-%d@example.com")

    class Meta:
        model = BillingProfile


class FeatureEntitlementFactory(TenantModelFactory[FeatureEntitlement]):
    feature_key = unique("feature-%d")
    monthly_quota = Decimal("1000.000000")
    overage_rate = Decimal("0.0500000000")

    class Meta:
        model = FeatureEntitlement


class EntitlementUseFactory(TenantModelFactory[EntitlementUse]):
    entitlement: Any = SubFactory(FeatureEntitlementFactory)
    window = QuotaWindow.DAY
    window_start: Any = LazyFunction(lambda: timezone.now().date())
    used = Decimal("10")

    class Meta:
        model = EntitlementUse


class LegacyMoveFactory(TenantModelFactory[LegacyMove]):
    """A tenant has only one, so without ``tenant`` the factory creates a new tenant."""

    tenant: Any = SubFactory(TenantFactory)
    moved_at: Any = LazyFunction(timezone.now)

    class Meta:
        model = LegacyMove


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


class CreditPackageFactory(SharedModelFactory[CreditPackage]):
    key = unique("package-%d")
    name = unique("Package %d")
    credits: Any = Sequence(lambda number: 1_000 + number)
    price: Any = Sequence(lambda number: Decimal(99 + number).quantize(Decimal("0.000001")))

    class Meta:
        model = CreditPackage


class PaymentFactory(TenantModelFactory[Payment]):
    """An unpaid checkout."""

    wallet: Any = SubFactory(WalletFactory)
    kind = PaymentKind.CHECKOUT
    description = unique("Package %d: 1,000 credits")
    credits = Decimal("1000.000000")
    amount = Decimal("100.000000")
    price = Decimal("99.000000")
    fee = Decimal("3.990000")
    total: Any = LazyAttribute(lambda row: row.price + row.fee)
    idempotency_key = unique("api:purchase-%d")
    checkout_session_id = unique("cs_test_%d")

    class Meta:
        model = Payment


class AutoTopupFactory(TenantModelFactory[AutoTopup]):
    """A rule with a card, switched off."""

    wallet: Any = SubFactory(WalletFactory)
    threshold = Decimal("20.000000")
    amount = Decimal("100.000000")
    customer_id = unique("cus_test_%d")
    payment_method_id = "pm_card_visa"

    class Meta:
        model = AutoTopup


class StripeEventFactory(ModelFactory[StripeEvent]):
    event_id = unique("evt_%d")
    type = "checkout.session.completed"
    object_id = unique("cs_test_%d")
    outcome = EventOutcome.PROCESSED

    class Meta:
        model = StripeEvent
