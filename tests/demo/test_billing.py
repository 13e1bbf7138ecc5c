"""The demo's money adds up to the last digit."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from billing.audit.checks.search import find
from billing.invoicing.documents import invoice_html, invoice_pdf
from billing.invoicing.models import LINE_ITEMS, Invoice, InvoiceKind, InvoiceStatus
from billing.invoicing.services import line_sum
from billing.ledger.models import CreditLot, Hold, HoldStatus, LedgerTransaction, TransactionType, Wallet, WalletStatus
from billing.legacy.models import CreditTransaction, LegacyMove, UserCredit
from billing.payments.models import Payment, PaymentStatus
from billing.pricing.models import Price, PriceScheme
from billing.usage.models import USAGE_ITEMS, UsageEvent, UsageStatus
from demo import billing as demo
from demo import load
from lad.db.shapes import Shape
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
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
    return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))


def test_an_auditor_finds_nothing() -> None:
    with connection.cursor() as cursor:
        found = find(cursor, now=timezone.now())
    assert found.findings == []
    assert found.movements > 500


def test_every_wallet_holds_what_its_ledger_and_its_lots_say() -> None:
    for wallet in Wallet.objects.all():
        rows = ledger(wallet)
        assert sum(row.amount for row in rows if row.transaction_type not in HOLDS) == wallet.current_balance
        assert -sum(row.amount for row in rows if row.transaction_type in HOLDS) == wallet.reserved_balance
        assert sum(row.amount for row in rows) == wallet.available_balance
        lots = CreditLot.objects.filter(wallet=wallet).aggregate(left=Sum("remaining"))["left"]
        assert (lots or 0) == wallet.available_balance


def test_each_movement_begins_where_and_when_the_one_before_it_ended() -> None:
    for wallet in Wallet.objects.all():
        rows = ledger(wallet)
        assert [row.wallet_version for row in rows] == list(range(1, len(rows) + 1))
        for earlier, later in pairwise(rows):
            assert later.balance_before == earlier.balance_after
            assert later.created_at >= earlier.created_at


def test_lists_ordered_by_key_are_ordered_by_time() -> None:
    # What the ledger adds to what was asked, and legacy credits, have keys of their own moment.
    asked = LedgerTransaction.objects.exclude(transaction_type=TransactionType.RELEASE)
    asked = asked.exclude(reference_type__in=["credit_lot", "legacy_credit", "legacy_balance"])
    for rows in (UsageEvent.objects.all(), Payment.objects.all(), Invoice.objects.all(), asked):
        moments = list(rows.order_by("pk").values_list("created_at", flat=True))
        assert all((later - earlier).total_seconds() > -0.002 for earlier, later in pairwise(moments)), rows.model


def test_use_costs_what_its_items_cost_and_was_debited_for_that() -> None:
    prices = {str(price.pk): price for price in Price.objects.all()}
    check = Shape(USAGE_ITEMS)
    for event in UsageEvent.objects.select_related("ledger_transaction"):
        check(event.usage_items)
        for item in event.usage_items:
            if item["category"] != "overage":
                price = prices[item["price_id"]]
                assert price.holds_at(event.occurred_at)
                assert price.tenant_id in (None, event.tenant_id)
        assert sum(Decimal(item["cost"]) for item in event.usage_items) == event.total_cost
        if event.status == UsageStatus.CHARGED:
            assert event.ledger_transaction is not None
            assert event.ledger_transaction.amount == -event.total_cost
            assert event.ledger_transaction.reference_id == event.pk


def test_superseded_agreed_and_stepped_prices_and_overage_are_among_those_used() -> None:
    items = [item for event in UsageEvent.objects.all() for item in event.usage_items]
    used = {item.get("price_id") for item in items}
    rows = Price.objects.filter(pk__in=[key for key in used if key])
    assert rows.filter(effective_to__lte=timezone.now()).exists()
    assert rows.filter(tenant__isnull=False).exists()
    assert set(rows.values_list("scheme", flat=True)) >= {PriceScheme.UNIT, PriceScheme.PACKAGE, PriceScheme.GRADUATED}
    assert any(item["category"] == "overage" for item in items)


def test_the_lines_of_every_invoice_add_up() -> None:
    check = Shape(LINE_ITEMS)
    for invoice in Invoice.objects.all():
        check(invoice.line_items)
        assert line_sum(invoice.line_items) == invoice.subtotal
        assert line_sum(invoice.tax_lines) == invoice.tax
        assert invoice.total == invoice.subtotal + invoice.tax


def test_numbers_have_no_gap_and_go_up_with_time() -> None:
    numbered = Invoice.objects.exclude(sequence_number=None)
    for tenant, series in set(numbered.values_list("tenant", "series")):
        rows = list(numbered.filter(tenant=tenant, series=series).order_by("sequence_number"))
        assert [row.sequence_number for row in rows] == list(range(1, len(rows) + 1))
        assert [row.finalised_at for row in rows] == sorted(row.finalised_at for row in rows if row.finalised_at)


def test_every_invoice_can_be_read() -> None:
    for invoice in Invoice.objects.select_related("tenant", "corrects"):
        assert invoice.invoice_number in invoice_html(invoice)
        assert invoice_pdf(invoice).startswith(b"%PDF")


def test_tax_stands_on_the_purchase_or_on_the_use_and_never_on_both() -> None:
    for tenant in set(Invoice.objects.values_list("tenant", flat=True)):
        taxed = set(Invoice.objects.filter(tenant=tenant, tax__gt=0).values_list("kind", flat=True))
        assert not {InvoiceKind.USAGE, InvoiceKind.TOPUP} <= taxed
    assert Invoice.objects.filter(kind=InvoiceKind.USAGE, tax__gt=0).exists()
    assert Invoice.objects.filter(kind=InvoiceKind.TOPUP, tax__gt=0).exists()


def test_legacy_credits_are_the_sum_of_their_transactions() -> None:
    for row in UserCredit.objects.all():
        amounts = CreditTransaction.objects.filter(user_credit=row).values_list("amount", flat=True)
        assert sum(amounts) == row.balance


def test_one_company_has_its_legacy_credits_in_wallets_without_a_difference() -> None:
    move = LegacyMove.objects.exclude(moved_at=None).get()
    assert move.report
    assert all(Decimal(line["difference"]) == 0 for line in move.report)


def test_every_status_and_type_occurs() -> None:
    def seen(model: Any, field: str) -> set[str]:
        return set(model.objects.values_list(field, flat=True))

    assert seen(Wallet, "status") == set(WalletStatus.values)
    assert seen(LedgerTransaction, "transaction_type") == set(TransactionType.values)
    assert seen(UsageEvent, "status") == set(UsageStatus.values)
    assert seen(Hold, "status") == set(HoldStatus.values)
    assert seen(Invoice, "status") == set(InvoiceStatus.values)
    assert seen(Invoice, "kind") == set(InvoiceKind.values)
    assert seen(Payment, "status") == set(PaymentStatus.values)
    assert CreditLot.objects.filter(expires_at__gt=timezone.now(), is_open=True).exists()
    assert LedgerTransaction.objects.filter(reference_type="credit_lot").exists(), "nothing lapsed"


def test_nothing_is_from_the_future_but_the_price_to_come() -> None:
    now = timezone.now()
    for model in (Wallet, LedgerTransaction, UsageEvent, Invoice, UserCredit, CreditTransaction):
        assert not model.objects.filter(created_at__gt=now).exists()
    assert Price.objects.filter(effective_from__gt=now).count() == 1


def test_what_happened_long_ago_is_no_news() -> None:
    assert not DomainEvent.objects.filter(event_type__startswith="billing.").exists()
