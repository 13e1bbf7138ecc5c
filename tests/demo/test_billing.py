"""The demo's billing data adds up to the last digit."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from billing.audit.checks.search import run_checks
from billing.invoicing.documents import invoice_html, invoice_pdf
from billing.invoicing.models import LINE_ITEMS, Invoice, InvoiceKind, InvoiceStatus
from billing.invoicing.services.lines import line_sum
from billing.ledger.models import CreditLot, Hold, HoldStatus, LedgerTransaction, TransactionType, Wallet, WalletStatus
from billing.legacy.models import CreditTransaction, LegacyMove, UserCredit
from billing.payments.models import Payment, PaymentStatus
from billing.pricing.models import Price, PriceScheme
from billing.usage.models import USAGE_ITEMS, UsageEvent, UsageStatus
from demo import billing as demo_billing
from demo import load
from lad.db.json_schema import JsonSchemaValidator
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tests.factories.tenants import PASSWORD

Item = TypeVar("Item")

HOLDS = (TransactionType.RESERVATION, TransactionType.RELEASE)


def month_just_over() -> datetime:
    """Return a time between the end of a tenant's month and the invoices for it, which are written hours later."""
    return timezone.now().astimezone(ZoneInfo("Europe/Stockholm")).replace(day=1, hour=0, minute=9)


@pytest.fixture(scope="module", autouse=True, params=[timezone.now, month_just_over])
def _loaded(django_db_setup: None, django_db_blocker: Any, request: pytest.FixtureRequest) -> Any:
    """Load the demo's tenants with their billing data only, once for all tests of the module at each of two times."""
    from django.db import transaction

    only_billing = pytest.MonkeyPatch()
    only_billing.setattr(load, "app_modules", lambda name="": iter([] if name else [demo_billing]))
    with django_db_blocker.unblock(), transaction.atomic():
        load.load(password=PASSWORD, now=request.param(), beside_others=True)
        with platform_context():
            yield
        transaction.set_rollback(True)
    only_billing.undo()


def some(rows: Iterable[Item]) -> list[Item]:
    """Return the rows, of which there must be at least one."""
    found = list(rows)
    assert found
    return found


def ledger(wallet: Wallet) -> list[LedgerTransaction]:
    return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))


def test_the_audit_finds_nothing() -> None:
    with connection.cursor() as cursor:
        found = run_checks(cursor, now=timezone.now())
    assert found.findings == []
    assert found.transactions > 500


def test_every_balance_matches_its_ledger_and_lots() -> None:
    for wallet in some(Wallet.objects.all()):
        rows = ledger(wallet)
        assert sum(row.amount for row in rows if row.transaction_type not in HOLDS) == wallet.current_balance
        assert -sum(row.amount for row in rows if row.transaction_type in HOLDS) == wallet.reserved_balance
        assert sum(row.amount for row in rows) == wallet.available_balance
        lots = CreditLot.objects.filter(wallet=wallet).aggregate(left=Sum("remaining"))["left"]
        assert (lots or 0) == wallet.available_balance


def test_each_ledger_entry_continues_from_the_one_before() -> None:
    for wallet in some(Wallet.objects.all()):
        rows = ledger(wallet)
        assert [row.wallet_version for row in rows] == list(range(1, len(rows) + 1))
        for earlier, later in pairwise(rows):
            assert later.balance_before == earlier.balance_after
            assert later.created_at >= earlier.created_at


def test_lists_ordered_by_key_are_ordered_by_time() -> None:
    # Entries that the ledger adds itself, and legacy credits, have keys of a different time.
    asked = LedgerTransaction.objects.exclude(transaction_type=TransactionType.RELEASE)
    asked = asked.exclude(reference_type__in=["credit_lot", "legacy_credit", "legacy_balance"])
    for rows in (UsageEvent.objects.all(), Payment.objects.all(), Invoice.objects.all(), asked):
        moments = some(rows.order_by("pk").values_list("created_at", flat=True))
        assert all((later - earlier).total_seconds() > -0.002 for earlier, later in pairwise(moments)), rows.model


def test_the_cost_of_usage_matches_its_items_and_its_debit() -> None:
    prices = {str(price.pk): price for price in Price.objects.all()}
    check = JsonSchemaValidator(USAGE_ITEMS)
    for event in some(UsageEvent.objects.select_related("ledger_transaction")):
        check(event.usage_items)
        for item in some(event.usage_items):
            if item["category"] != "overage":
                price = prices[item["price_id"]]
                assert price.is_in_force_at(event.occurred_at)
                assert price.tenant_id in (None, event.tenant_id)
        assert sum(Decimal(item["cost"]) for item in event.usage_items) == event.total_cost
        if event.status == UsageStatus.CHARGED:
            assert event.ledger_transaction is not None
            assert event.ledger_transaction.amount == -event.total_cost
            assert event.ledger_transaction.reference_id == event.pk


def test_superseded_agreed_and_tiered_prices_and_overage_are_used() -> None:
    items = [item for event in UsageEvent.objects.all() for item in event.usage_items]
    used = {item.get("price_id") for item in items}
    rows = Price.objects.filter(pk__in=[key for key in used if key])
    assert rows.filter(effective_to__lte=timezone.now()).exists()
    assert rows.filter(tenant__isnull=False).exists()
    assert set(rows.values_list("scheme", flat=True)) >= {PriceScheme.UNIT, PriceScheme.PACKAGE, PriceScheme.GRADUATED}
    assert any(item["category"] == "overage" for item in items)


def test_the_lines_of_every_invoice_add_up() -> None:
    check = JsonSchemaValidator(LINE_ITEMS)
    for invoice in some(Invoice.objects.all()):
        check(invoice.line_items)
        assert line_sum(invoice.line_items) == invoice.subtotal
        assert line_sum(invoice.tax_lines) == invoice.tax
        assert invoice.total == invoice.subtotal + invoice.tax


def test_numbers_have_no_gap_and_go_up_with_time() -> None:
    numbered = Invoice.objects.exclude(sequence_number=None)
    for tenant, series in set(some(numbered.values_list("tenant", "series"))):
        rows = list(numbered.filter(tenant=tenant, series=series).order_by("sequence_number"))
        assert [row.sequence_number for row in rows] == list(range(1, len(rows) + 1))
        assert [row.finalised_at for row in rows] == sorted(row.finalised_at for row in rows if row.finalised_at)


def test_every_invoice_can_be_read() -> None:
    for invoice in some(Invoice.objects.select_related("tenant", "corrects")):
        assert invoice.invoice_number in invoice_html(invoice)
        assert invoice_pdf(invoice).startswith(b"%PDF")


def test_tax_is_charged_on_the_purchase_or_on_the_use_but_never_both() -> None:
    for tenant in set(some(Invoice.objects.values_list("tenant", flat=True))):
        taxed = set(Invoice.objects.filter(tenant=tenant, tax__gt=0).values_list("kind", flat=True))
        assert not {InvoiceKind.USAGE, InvoiceKind.TOPUP} <= taxed
    assert Invoice.objects.filter(kind=InvoiceKind.USAGE, tax__gt=0).exists()
    assert Invoice.objects.filter(kind=InvoiceKind.TOPUP, tax__gt=0).exists()


def test_legacy_credits_are_the_sum_of_their_transactions() -> None:
    for row in some(UserCredit.objects.all()):
        amounts = CreditTransaction.objects.filter(user_credit=row).values_list("amount", flat=True)
        assert sum(amounts) == row.balance


def test_one_tenants_legacy_credits_were_moved_without_a_difference() -> None:
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


def test_only_the_planned_price_lies_in_the_future() -> None:
    now = timezone.now()
    for model in (Wallet, LedgerTransaction, UsageEvent, Invoice, UserCredit, CreditTransaction):
        assert not model.objects.filter(created_at__gt=now).exists()
    assert Price.objects.filter(effective_from__gt=now).count() == 1


def test_demo_history_emits_no_events() -> None:
    assert not DomainEvent.objects.filter(event_type__startswith="billing.").exists()
