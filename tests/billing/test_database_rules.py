"""What the database itself refuses, whoever asks: as the tenant's role where it may write, else as the platform's."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from billing.entitlements.models import EntitlementUse, FeatureEntitlement
from billing.invoicing.models import Invoice, InvoiceSeries
from billing.ledger.models import CreditLot, Hold, LedgerTransaction, Wallet
from billing.ledger.services import ledger
from billing.legacy.models import CreditTransaction, UserCredit
from billing.pricing.models import Price
from billing.usage.models import UsageEvent
from lad.db.constraints import RowSecurity
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.rows import NOON, made, write
from tests.contract.sql import DENIED, constraint_of, execute, insert_copy, refused, table

NOBODY = uuid7()

# Table, what a row is made with, what is then written, and the rule that refuses it.
REFUSED: list[tuple[Any, dict[str, Any], dict[str, Any], str]] = [
    (Wallet, {}, {"current_balance": -1, "ledger_version": 1}, "not_overdrawn"),
    (Wallet, {}, {"reserved_balance": -1, "ledger_version": 1}, "not_overdrawn"),
    (Wallet, {}, {"current_balance": 5, "reserved_balance": 6, "ledger_version": 1}, "not_overdrawn"),
    (Wallet, {}, {"current_balance": 1}, "begins_empty"),
    (Wallet, {}, {"ledger_hash": b"x"}, "begins_empty"),
    (Wallet, {}, {"current_balance": 1, "ledger_version": 1}, "fold"),
    (Wallet, {}, {"low_balance_threshold": -1}, "threshold_positive"),
    (Wallet, {}, {"currency": "usd"}, "currency_code"),
    (Wallet, {}, {"currency": "US"}, "currency_code"),
    (LedgerTransaction, {}, {"balance_after": 101}, "sum"),
    (LedgerTransaction, {}, {"balance_before": 1}, "sum"),
    (LedgerTransaction, {}, {"amount": -100, "balance_after": -100}, "not_overdrawn"),
    (LedgerTransaction, {}, {"balance_before": -200, "balance_after": -100}, "not_overdrawn"),
    (LedgerTransaction, {}, {"reserved_after": -1}, "not_overdrawn"),
    (LedgerTransaction, {}, {"idempotency_key": ""}, "keyed"),
    (LedgerTransaction, {}, {"transaction_type": "release"}, "of_a_hold"),
    (LedgerTransaction, {}, {"reverses_id": NOBODY}, "reversal"),
    (LedgerTransaction, {}, {"wallet_version": 3}, "chain"),
    (LedgerTransaction, {}, {"wallet_version": 2}, "chain"),
    (CreditLot, {}, {"remaining": -1}, "remaining"),
    (CreditLot, {}, {"remaining": 1_000_000}, "remaining"),
    (CreditLot, {}, {"priority": 101}, "priority"),
    (Hold, {}, {"amount": 0}, "amount"),
    (Hold, {}, {"resolved_at": NOON}, "resolved_at"),
    (Hold, {}, {"status": "released"}, "resolved_at"),
    (Hold, {}, {"status": "captured", "resolved_at": NOON}, "captured_amount"),
    (Hold, {}, {"status": "captured", "resolved_at": NOON, "captured_amount": 1_000_000}, "captured_amount"),
    (Hold, {}, {"captured_amount": 1}, "captured_amount"),
    (UsageEvent, {}, {"total_cost": "-0.01"}, "not_negative"),
    (UsageEvent, {}, {"total_quantity": -1}, "not_negative"),
    (UsageEvent, {}, {"retry_count": -1}, "retry_count_check"),
    (UsageEvent, {}, {"currency": "u$d"}, "currency_code"),
    (UsageEvent, {}, {"idempotency_key": ""}, "keyed"),
    (UsageEvent, {}, {"status": "failed"}, "failure_explained"),
    (UsageEvent, {}, {"status": "charged"}, "charged_by_debit"),
    (UsageEvent, {}, {"status": "charged", "charged_at": NOON}, "charged_by_debit"),
    (UsageEvent, {}, {"charged_at": NOON}, "charged_by_debit"),
    (Price, {}, {"unit_price": "-0.0001"}, "not_negative"),
    (Price, {"effective_from": NOON}, {"effective_to": NOON}, "period"),
    (Price, {"effective_from": NOON}, {"effective_to": NOON - timedelta(days=1)}, "period"),
    (Price, {}, {"provider": "OpenAI"}, "component"),
    (Price, {}, {"provider": ""}, "component"),
    (Price, {}, {"model": ""}, "component"),
    (Invoice, {}, {"total": 1}, "total"),
    (Invoice, {}, {"tax": 10}, "total"),
    (Invoice, {}, {"subtotal": -1, "total": "8.95"}, "not_negative"),
    (Invoice, {}, {"tax": -1, "total": 198}, "not_negative"),
    (Invoice, {"period_start": NOON}, {"period_end": NOON}, "period"),
    (Invoice, {}, {"paid_at": NOON}, "paid_at"),
    (Invoice, {"status": "pending"}, {"status": "paid"}, "paid_at"),
    (Invoice, {}, {"status": "pending"}, "numbered"),
    (Invoice, {}, {"prepaid_amount": 5}, "prepaid"),
    (Invoice, {}, {"kind": "credit_note"}, "credit_note"),
    (Invoice, {}, {"series": "CN"}, "credit_note"),
    (InvoiceSeries, {}, {"last_number": 2}, "steps"),
    (InvoiceSeries, {}, {"series": "OTHER"}, "steps"),
    (Invoice, {}, {"currency": "EURO"[:3].lower()}, "currency_code"),
    (EntitlementUse, {}, {"used": -1}, "not_negative"),
    (EntitlementUse, {"quota": 10}, {"used": "10.000001"}, "within_quota"),
    (EntitlementUse, {"window": "month", "window_start": NOON.date()}, {"window_start": "2026-03-02"}, "month_start"),
    (FeatureEntitlement, {}, {"monthly_quota": -1}, "quota"),
    (FeatureEntitlement, {}, {"daily_quota": -1}, "quota"),
    (FeatureEntitlement, {}, {"overage_rate": "-0.01"}, "overage"),
    (FeatureEntitlement, {"overage_rate": None}, {"allow_overages": True}, "overage"),
    (FeatureEntitlement, {}, {"feature_key": ""}, "feature"),
    (UserCredit, {}, {"balance": "-0.01"}, "not_negative"),
    (UserCredit, {}, {"monthly_usage": -1}, "not_negative"),
    (CreditTransaction, {}, {"balance_after": 99}, "sum"),
    (CreditTransaction, {}, {"balance_before": None}, "sum"),
    (CreditTransaction, {}, {"balance_before": -200, "balance_after": -100}, "sum"),
    (CreditTransaction, {}, {"transaction_type": "usage"}, "sign"),
    (CreditTransaction, {"amount": 50, "balance_after": 50}, {"transaction_type": "deduction"}, "sign"),
    (Price, {}, {"scheme": "package"}, "scheme"),
    (Price, {}, {"package_size": 1000}, "scheme"),
    (Price, {}, {"scheme": "graduated"}, "scheme"),
]

# The other side of the same rules: what must still be possible.
ACCEPTED: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (Wallet, {}, {"low_balance_threshold": 0}),
    (Wallet, {}, {"low_balance_threshold": None}),
    (UsageEvent, {}, {"total_cost": 0}),
    (UsageEvent, {}, {"status": "failed", "error_message": "Insufficient balance."}),
    (Price, {}, {"unit_price": 0}),
    (Price, {"effective_from": NOON}, {"effective_to": NOON + timedelta(seconds=1)}),
    (Price, {}, {"model": "*"}),
    (Invoice, {"status": "pending"}, {"status": "paid", "paid_at": NOON}),
    (Invoice, {"status": "pending", "due_at": NOON}, {"status": "overdue"}),
    (Invoice, {}, {"status": "voided"}),
    (Invoice, {}, {"kind": "usage", "subtotal": -1, "tax": 0, "total": -1, "prepaid_amount": -1}),
    (FeatureEntitlement, {}, {"monthly_quota": None, "daily_quota": 0}),
    (FeatureEntitlement, {}, {"allow_overages": True, "overage_rate": 0}),
    (CreditTransaction, {}, {"balance_before": None, "balance_after": None}),
    (CreditTransaction, {}, {"transaction_type": "refund"}),
]

# What a movement of each type cannot be.
WRONG_SIGNS = [
    ("topup", 0),
    ("topup", -10),
    ("credit", 0),
    ("credit", -10),
    ("release", 0),
    ("release", -10),
    ("debit", 10),
    ("reservation", 10),
    ("reservation", 0),
    ("adjustment", 0),
]

UNIQUE: list[tuple[Any, dict[str, Any], str]] = [
    (LedgerTransaction, {"idempotency_key": "once"}, "billing_ledger_transactions_idempotency_key"),
    (UsageEvent, {"idempotency_key": "once"}, "billing_usage_events_idempotency_key"),
    (InvoiceSeries, {"series": "INV"}, "billing_invoice_series_key"),
    (FeatureEntitlement, {"feature_key": "voice-agent"}, "billing_feature_entitlements_key"),
    (Wallet, {"user": None}, "billing_wallets_tenant_key"),
]


def cases(rules: list[Any]) -> Any:
    ids = [f"{rule[0].__name__}-{'-'.join(rule[2])}-{place}" for place, rule in enumerate(rules)]
    return [pytest.param(*rule, id=name) for rule, name in zip(rules, ids, strict=True)]


def writing_to(model: Any, tenant: Any) -> AbstractContextManager[None]:
    """The weakest role that may write the table."""
    security = next(each for each in model._meta.constraints if isinstance(each, RowSecurity))
    return tenant_context(tenant.pk) if "INSERT" in security.privileges else platform_context(tenant_id=tenant.pk)


@pytest.mark.parametrize(("model", "values", "change", "rule"), cases(REFUSED))
def test_the_database_refuses_what_breaks_a_rule(model, values, change, rule, tenant):
    row = made(model, tenant, **values)
    with writing_to(model, tenant), refused(psycopg.errors.CheckViolation) as caught:
        write(row, change)
    assert (constraint_of(caught) or "").endswith(rule)


@pytest.mark.parametrize(("model", "values", "change"), cases(ACCEPTED))
def test_the_database_takes_what_the_rules_allow(model, values, change, tenant):
    row = made(model, tenant, **values)
    with writing_to(model, tenant):
        write(row, change)


@pytest.mark.parametrize(("kind", "amount"), WRONG_SIGNS)
def test_the_sign_of_a_movement_fits_its_type(kind, amount, tenant):
    row = made(LedgerTransaction, tenant)
    change = {"transaction_type": kind, "amount": amount, "balance_before": 50, "balance_after": 50 + amount}
    with tenant_context(tenant.pk), refused(psycopg.errors.CheckViolation) as caught:
        write(row, {**change, "hold_id": NOBODY})
    assert constraint_of(caught) == "billing_ledger_transactions_sign"


@pytest.mark.parametrize(("model", "values", "key"), UNIQUE)
def test_a_unique_key_holds_within_a_tenant_and_not_between_tenants(model, values, key, tenant, other_tenant):
    row = made(model, tenant, **values)
    other = made(model, other_tenant, **values)
    assert other.pk != row.pk
    # Its place in the ledger is unique too.
    elsewhere = {"wallet_version": row.wallet_version + 1} if model is LedgerTransaction else {}
    with writing_to(model, tenant), refused(psycopg.errors.UniqueViolation) as caught:
        insert_copy(row, elsewhere)
    assert constraint_of(caught) == key


def test_a_user_has_one_wallet_and_one_legacy_account_in_a_tenant(tenant, member):
    for model, key in ((Wallet, "billing_wallets_user_key"), (UserCredit, "user_credits_user_key")):
        row = made(model, tenant, user=member)
        with tenant_context(tenant.pk), refused(psycopg.errors.UniqueViolation) as caught:
            insert_copy(row, {})
        assert constraint_of(caught) == key


def test_a_place_in_a_wallets_ledger_is_taken_once(tenant):
    row = made(LedgerTransaction, tenant)
    with tenant_context(tenant.pk), refused(psycopg.errors.UniqueViolation) as caught:
        write(row, {})
    assert constraint_of(caught) == "billing_ledger_transactions_version_key"


def test_a_movement_is_reversed_once(tenant):
    row = made(LedgerTransaction, tenant)
    with tenant_context(tenant.pk):
        back = ledger.reverse(transaction=row, key="back", reason="A mistake")
        reversal = LedgerTransaction.objects.get(pk=back.id)
        with refused(psycopg.errors.UniqueViolation) as caught:
            write(reversal, {"wallet_version": 3})
    assert constraint_of(caught) == "billing_ledger_transactions_reversed_once"


def test_a_hold_is_resolved_once_and_then_stays_as_it_is(tenant):
    row = made(Hold, tenant)
    with tenant_context(tenant.pk):
        ledger.release(hold=row, key="let go")
        for change in ({"status": "held", "resolved_at": None}, {"status": "expired"}, {"amount": 1}):
            with refused(psycopg.errors.CheckViolation) as caught:
                write(row, change)
            assert constraint_of(caught) == "billing_holds_steps"


def test_drafts_may_all_go_without_a_number(tenant):
    assert [made(Invoice, tenant).invoice_number for _ in range(2)] == ["", ""]


def test_one_debit_pays_for_one_use(tenant):
    debit = made(LedgerTransaction, tenant)
    charged = {"status": "charged", "charged_at": NOON, "ledger_transaction_id": debit.pk}
    first, second = made(UsageEvent, tenant), made(UsageEvent, tenant)
    with tenant_context(tenant.pk):
        write(first, charged)
        with refused(psycopg.errors.UniqueViolation) as caught:
            write(second, charged)
    assert constraint_of(caught) == "billing_usage_events_debit_key"


def test_a_wallet_with_a_ledger_cannot_be_removed_even_by_the_platform(tenant):
    row = made(LedgerTransaction, tenant)
    with tenant_context(tenant.pk), refused(DENIED):
        execute("DELETE FROM billing_wallets")
    with platform_context(), refused(psycopg.errors.ForeignKeyViolation):
        execute("DELETE FROM billing_wallets WHERE id = %s", [row.wallet_id])


@pytest.mark.parametrize("model", [Price, FeatureEntitlement])
def test_a_tenant_writes_neither_its_prices_nor_its_quotas(model, tenant):
    row = made(model, tenant)
    with tenant_context(tenant.pk):
        for attempt in (
            lambda: insert_copy(row, {}),
            lambda: execute(f"UPDATE {table(model)} SET metadata = '{{}}'"),
            lambda: execute(f"DELETE FROM {table(model)}"),
        ):
            with refused(DENIED):
                attempt()
