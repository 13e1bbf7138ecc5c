"""Database rules of card payments, packages, top-up rules and billing profiles."""

from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
import pytest

from billing.entitlements.models import EntitlementUse
from billing.invoicing.models import BillingProfile, InvoiceSeries
from billing.legacy.models import LegacyMove
from billing.payments.models import AutoTopup, CreditPackage, Payment, StripeEvent
from billing.payments.providers.cards import smallest_unit
from billing.payments.providers.stripe import from_minor, to_minor
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.billing.rows import NOON, make, write
from tests.contract.sql import constraint_of, insert_copy, refused
from tests.factories.billing import LedgerTransactionFactory, WalletFactory
from tests.support.database import refuses

ON = {"is_enabled": True}

# Model, initial values, the change, and the rule that refuses it.
REFUSED: list[tuple[Any, dict[str, Any], dict[str, Any], str]] = [
    (Payment, {}, {"total": 1}, "billing_payments_total"),
    (Payment, {}, {"tax": 5}, "billing_payments_total"),
    (Payment, {}, {"credits": 0}, "billing_payments_positive"),
    (Payment, {}, {"amount": 0}, "billing_payments_positive"),
    (Payment, {}, {"price": 0, "total": "3.99"}, "billing_payments_positive"),
    (Payment, {}, {"tax": -1, "total": "101.99"}, "billing_payments_positive"),
    (Payment, {}, {"fee": -1, "total": 98}, "billing_payments_positive"),
    (Payment, {}, {"refunded_total": -1}, "billing_payments_refunds"),
    (Payment, {}, {"refunded_total": 103}, "billing_payments_refunds"),
    (Payment, {}, {"reclaimed_amount": -1}, "billing_payments_refunds"),
    (Payment, {}, {"reclaimed_amount": 101}, "billing_payments_refunds"),
    (Payment, {}, {"status": "succeeded"}, "billing_payments_credited"),
    (Payment, {}, {"status": "succeeded", "paid_at": NOON}, "billing_payments_credited"),
    (Payment, {}, {"paid_at": NOON}, "billing_payments_credited"),
    (Payment, {}, {"idempotency_key": ""}, "billing_payments_keyed"),
    (Payment, {}, {"description": ""}, "billing_payments_keyed"),
    (Payment, {}, {"currency": "usd"}, "billing_payments_currency_code"),
    (Payment, {}, {"status": "refunded"}, "billing_payments_steps"),
    (Payment, {"status": "failed"}, {"status": "pending"}, "billing_payments_steps"),
    (Payment, {"status": "expired"}, {"status": "created"}, "billing_payments_steps"),
    (Payment, {"status": "failed"}, {"amount": 1000}, "billing_payments_steps"),
    (Payment, {"status": "expired"}, {"total": "103", "fee": 4}, "billing_payments_steps"),
    (AutoTopup, {}, {**ON, "customer_id": ""}, "billing_auto_topups_card"),
    (AutoTopup, {}, {**ON, "payment_method_id": ""}, "billing_auto_topups_card"),
    (AutoTopup, {}, {**ON, "amount": None}, "billing_auto_topups_what"),
    (AutoTopup, {}, {"threshold": -1}, "billing_auto_topups_positive"),
    (AutoTopup, {}, {"amount": 0}, "billing_auto_topups_positive"),
    (AutoTopup, {}, {"most_per_day": 0}, "billing_auto_topups_limits"),
    (AutoTopup, {}, {"most_per_day": 25}, "billing_auto_topups_limits"),
    (AutoTopup, {}, {"minutes_between": 0}, "billing_auto_topups_limits"),
    (AutoTopup, {}, {"minutes_between": 1441}, "billing_auto_topups_limits"),
    (CreditPackage, {}, {"key": "Starter"}, "billing_credit_packages_named"),
    (CreditPackage, {}, {"key": ""}, "billing_credit_packages_named"),
    (CreditPackage, {}, {"name": ""}, "billing_credit_packages_named"),
    (CreditPackage, {}, {"credits": 0}, "billing_credit_packages_positive"),
    (CreditPackage, {}, {"price": 0}, "billing_credit_packages_positive"),
    (CreditPackage, {}, {"currency": "U$D"}, "billing_credit_packages_currency_code"),
    (StripeEvent, {}, {"event_id": ""}, "billing_stripe_events_named"),
    (StripeEvent, {}, {"type": ""}, "billing_stripe_events_named"),
    (StripeEvent, {}, {"outcome": "lost"}, "billing_stripe_events_outcome_valid"),
    (BillingProfile, {}, {"country": "gb"}, "billing_profiles_country_code"),
    (BillingProfile, {}, {"tax_rate": "-0.01"}, "billing_profiles_tax_rate"),
    (BillingProfile, {}, {"tax_rate": "1.01"}, "billing_profiles_tax_rate"),
    (BillingProfile, {}, {"tax_point": "never"}, "billing_profiles_tax_point_valid"),
    (BillingProfile, {}, {"tax_name": ""}, "billing_profiles_tax_named"),
    (BillingProfile, {}, {"payment_terms_days": 366}, "billing_profiles_terms"),
    (BillingProfile, {}, {"invoice_prefix": "acme"}, "billing_profiles_prefix"),
]

# Model, initial values, the copy's differing values, and the unique key that refuses it.
UNIQUE: list[tuple[Any, dict[str, Any], dict[str, Any], str]] = [
    (Payment, {}, {"checkout_session_id": ""}, "billing_payments_idempotency_key"),
    (Payment, {}, {"idempotency_key": "other"}, "billing_payments_session_key"),
    (
        Payment,
        {"payment_intent_id": "pi_1"},
        {"idempotency_key": "other", "checkout_session_id": ""},
        "billing_payments_intent_key",
    ),
    (
        Payment,
        {"kind": "automatic"},
        {"idempotency_key": "other", "checkout_session_id": ""},
        "billing_payments_one_in_flight",
    ),
    (AutoTopup, {}, {}, "billing_auto_topups_wallet_key"),
    (CreditPackage, {}, {}, "billing_credit_packages_key"),
    (StripeEvent, {}, {}, "billing_stripe_events_event_key"),
    (BillingProfile, {}, {}, "billing_profiles_tenant_key"),
    (LegacyMove, {}, {}, "billing_legacy_moves_tenant_key"),
    (EntitlementUse, {}, {}, "billing_entitlement_usage_window_key"),
    (InvoiceSeries, {}, {}, "billing_invoice_series_key"),
]

# Model, initial values, the copy's wrong values, and the rule that refuses it.
NEVER_BEGUN: list[tuple[Any, dict[str, Any], dict[str, Any], str]] = [
    (Payment, {}, {"kind": "gift", "idempotency_key": "other"}, "billing_payments_kind_valid"),
    (EntitlementUse, {}, {"window": "week", "window_start": "2026-03-01"}, "billing_entitlement_usage_window_valid"),
    (InvoiceSeries, {}, {"series": "inv-1"}, "billing_invoice_series_code"),
]


def cases(rules: list[Any]) -> Any:
    return [pytest.param(*rule, id=f"{rule[-1]}-{'-'.join(rule[2])}") for rule in rules]


def writing(tenant: Any) -> AbstractContextManager[None]:
    """Use the role that may write all of these tables."""
    return platform_context(tenant_id=tenant.pk)


@pytest.mark.parametrize(("model", "values", "change", "rule"), cases(REFUSED))
def test_the_database_refuses_a_write_that_breaks_a_rule(model, values, change, rule, tenant):
    row = make(model, tenant, **values)
    with writing(tenant), refused(psycopg.errors.CheckViolation) as caught:
        write(row, change)
    assert constraint_of(caught) == rule


@pytest.mark.parametrize(("model", "values", "own", "key"), cases(UNIQUE))
def test_unique_keys_are_enforced(model, values, own, key, tenant):
    row = make(model, tenant, **values)
    with writing(tenant), refused(psycopg.errors.UniqueViolation) as caught:
        insert_copy(row, own)
    assert constraint_of(caught) == key


def test_a_rule_has_either_a_package_or_an_amount(tenant):
    row, package = make(AutoTopup, tenant), make(CreditPackage, tenant)
    with writing(tenant), refused(psycopg.errors.CheckViolation) as caught:
        write(row, {**ON, "package_id": package.pk})
    assert constraint_of(caught) == "billing_auto_topups_what"


@pytest.mark.parametrize(("model", "values", "wrong", "rule"), cases(NEVER_BEGUN))
def test_a_new_row_that_breaks_a_rule_is_refused(model, values, wrong, rule, tenant):
    row = make(model, tenant, **values)
    with writing(tenant), refused(psycopg.errors.CheckViolation) as caught:
        insert_copy(row, wrong)
    assert constraint_of(caught) == rule


def test_a_ledger_entry_belongs_to_one_payment(tenant):
    with platform_context(tenant_id=tenant.pk):
        entry = LedgerTransactionFactory.create()
    paid = {"status": "succeeded", "paid_at": NOON, "ledger_transaction_id": entry.pk}
    first, second = make(Payment, tenant), make(Payment, tenant)
    with writing(tenant):
        write(first, paid)
        with refused(psycopg.errors.UniqueViolation) as caught:
            write(second, paid)
    assert constraint_of(caught) == "billing_payments_ledger_key"


def test_late_money_refunds_and_reviews_can_still_be_recorded(tenant):
    with platform_context(tenant_id=tenant.pk):
        entry = LedgerTransactionFactory.create()
    row = make(Payment, tenant, status="failed")
    with writing(tenant):
        write(row, {"attention": "Look", "lease_until": None})
        write(row, {"status": "succeeded", "paid_at": NOON + timedelta(days=9), "ledger_transaction_id": entry.pk})
        write(row, {"status": "refunded", "refunded_total": row.total, "reclaimed_amount": row.amount})


@pytest.mark.parametrize(
    ("currency", "price", "message"),
    [("JPY", "990.5", "no decimals"), ("USD", "99.005", "at most 2 decimals"), ("KWD", "9.0005", "at most 3 decimals")],
)
def test_a_package_has_a_price_that_can_be_paid(db: None, currency: str, price: str, message: str) -> None:
    values = {"key": "odd", "name": "Odd", "credits": 10, "currency": currency}
    with platform_context():
        with refuses(Invalid) as caught:
            writes.create(CreditPackage, {**values, "price": Decimal(price)})
        assert message in caught.value.errors["price"][0]
        row = writes.create(CreditPackage, {**values, "price": Decimal("990")})
        assert writes.update(row, {"price": Decimal(991)}).price == 991


def test_an_automatic_top_up_is_an_amount_that_can_be_paid(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        wallet = WalletFactory.create(user=None, currency="JPY")
        with refuses(Invalid) as caught:
            writes.create(AutoTopup, {"wallet": wallet, "threshold": Decimal(5), "amount": Decimal("100.5")})
    assert caught.value.errors == {"amount": ["Amounts in JPY have no decimals."]}


@pytest.mark.parametrize(
    ("currency", "amount", "payable", "counted"),
    [
        ("USD", "9.999", "10.00", 1000),
        ("JPY", "99.5", "100", 100),
        # Stripe takes no thousandths of a dinar, although it counts in them.
        ("KWD", "9.996", "10.00", 10_000),
        # It counts these in hundredths, but they have none.
        ("ISK", "99.5", "100", 10_000),
        ("MGA", "99.5", "100", 100),
    ],
)
def test_a_card_pays_whole_units_as_stripe_counts_them(currency: str, amount: str, payable: str, counted: int) -> None:
    rounded = Decimal(amount).quantize(smallest_unit(currency), ROUND_HALF_UP)
    assert (rounded, to_minor(rounded, currency)) == (Decimal(payable), counted)
    assert from_minor(counted, currency) == rounded
