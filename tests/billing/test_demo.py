"""The demo's money adds up to the last digit."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing import demo
from billing.models import (
    CreditTransaction,
    Invoice,
    InvoiceStatus,
    LedgerTransaction,
    Price,
    TransactionType,
    UsageEvent,
    UsageStatus,
    UserCredit,
    Wallet,
    WalletStatus,
)
from billing.models.invoice import LINE_ITEMS
from billing.models.usage import USAGE_ITEMS
from billing.services.invoices import line_sum
from lad.db.shapes import Shape
from lad.tenancy.context import platform_context
from tenants.demo import load
from tests.factories.tenants import PASSWORD

HOLDS = (TransactionType.RESERVATION, TransactionType.RELEASE)


@pytest.fixture(scope="module", autouse=True)
def _loaded(django_db_setup: None, django_db_blocker: Any) -> Any:
    """The companies with this app's data and no other's, for all tests of the module."""
    from django.db import transaction

    only_billing = pytest.MonkeyPatch()
    only_billing.setattr(load, "app_modules", lambda name: iter([demo] if name == "demo" else []))
    with django_db_blocker.unblock(), transaction.atomic():
        load.load(password=PASSWORD, now=timezone.now(), beside_others=True)
        with platform_context():
            yield
        transaction.set_rollback(True)
    only_billing.undo()


def ledger(wallet: Wallet) -> list[LedgerTransaction]:
    return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("created_at"))


def test_every_wallet_holds_what_its_ledger_says() -> None:
    for wallet in Wallet.objects.all():
        rows = ledger(wallet)
        assert sum(row.amount for row in rows if row.transaction_type not in HOLDS) == wallet.current_balance
        assert -sum(row.amount for row in rows if row.transaction_type in HOLDS) == wallet.reserved_balance
        assert sum(row.amount for row in rows) == wallet.available_balance


def test_each_movement_begins_where_the_one_before_it_ended() -> None:
    for wallet in Wallet.objects.all():
        after = Decimal(0)
        for row in ledger(wallet):
            assert row.balance_before == after
            after = row.balance_after
    newest_first = list(LedgerTransaction.objects.order_by("-pk").values_list("created_at", flat=True))
    assert newest_first == sorted(newest_first, reverse=True)


def test_use_costs_what_its_items_cost_at_the_price_of_the_moment_and_was_debited_for_that() -> None:
    prices = {str(price.pk): price for price in Price.objects.all()}
    check = Shape(USAGE_ITEMS)
    for event in UsageEvent.objects.select_related("ledger_transaction"):
        check(event.usage_items)
        for item in event.usage_items:
            price = prices[item["price_id"]]
            assert price.holds_at(event.created_at)
            assert price.tenant_id in (None, event.tenant_id)
            cost = Decimal(item["quantity"]) * price.unit_price
            assert Decimal(item["cost"]) == cost.quantize(Decimal("0.000001"), ROUND_HALF_UP)
        assert sum(Decimal(item["cost"]) for item in event.usage_items) == event.total_cost
        if event.status == UsageStatus.CHARGED:
            assert event.ledger_transaction is not None
            assert event.ledger_transaction.amount == -event.total_cost
            assert event.ledger_transaction.reference_id == event.pk


def test_superseded_prices_are_among_those_used() -> None:
    used = {item["price_id"] for event in UsageEvent.objects.all() for item in event.usage_items}
    ended = Price.objects.filter(effective_to__lte=timezone.now(), is_active=True)
    own = Price.objects.filter(tenant__isnull=False)
    assert any(str(price.pk) in used for price in ended)
    assert any(str(price.pk) in used for price in own)


def test_the_lines_of_every_invoice_add_up() -> None:
    check = Shape(LINE_ITEMS)
    for invoice in Invoice.objects.all():
        check(invoice.line_items)
        for line in invoice.line_items:
            assert Decimal(line["quantity"]) * Decimal(line["unit_price"]) == Decimal(line["amount"])
        assert line_sum(invoice.line_items) == invoice.subtotal
        assert invoice.total == invoice.subtotal + invoice.tax


def test_legacy_credits_are_the_sum_of_their_transactions() -> None:
    for row in UserCredit.objects.all():
        amounts = CreditTransaction.objects.filter(user_credit=row).values_list("amount", flat=True)
        assert sum(amounts) == row.balance


def test_every_status_and_type_occurs() -> None:
    def seen(model: Any, field: str) -> set[str]:
        return set(model.objects.values_list(field, flat=True))

    assert seen(Wallet, "status") == set(WalletStatus.values)
    assert seen(LedgerTransaction, "transaction_type") == set(TransactionType.values)
    assert seen(UsageEvent, "status") == set(UsageStatus.values)
    assert seen(Invoice, "status") == set(InvoiceStatus.values)


def test_nothing_is_from_the_future_but_the_price_to_come() -> None:
    now = timezone.now()
    for model in (Wallet, LedgerTransaction, UsageEvent, Invoice, UserCredit, CreditTransaction):
        assert not model.objects.filter(created_at__gt=now).exists()
    assert Price.objects.filter(effective_from__gt=now).count() == 1
