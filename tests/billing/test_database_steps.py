"""The steps of a status, and what is settled, as the database keeps them whoever asks."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from billing.invoicing import services as invoices
from billing.invoicing.models import Invoice
from billing.ledger.models import LedgerTransaction
from billing.usage.models import UsageEvent
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.rows import NOON, made, write
from tests.contract.sql import constraint_of, execute, refused
from tests.factories.billing import LedgerTransactionFactory, UsageEventFactory, WalletFactory

USAGE_STEPS = {
    "pending": {"charged", "voided", "failed"},
    "failed": {"pending", "voided"},
    "charged": {"voided"},
    "voided": set(),
}
INVOICE_STEPS = {
    "draft": {"pending", "voided"},
    "pending": {"paid", "overdue", "voided"},
    "overdue": {"paid", "voided"},
    "paid": set(),
    "voided": set(),
}


def _steps(steps: dict[str, set[str]]) -> list[tuple[str, str]]:
    return [(before, after) for before in steps for after in steps if before != after]


def _used(status: str, tenant: Any) -> UsageEvent:
    if status != "charged":
        return made(UsageEvent, tenant, status=status, error_message="Insufficient balance.")
    with platform_context(tenant_id=tenant.pk):
        debit = LedgerTransactionFactory.create(wallet=WalletFactory.create(user=None))
        return UsageEventFactory.create(status=status, charged_at=NOON, ledger_transaction=debit)


@pytest.mark.parametrize(("before", "after"), _steps(USAGE_STEPS))
def test_use_moves_only_along_its_steps(before, after, tenant):
    row = _used(before, tenant)
    change: dict[str, Any] = {"status": after}
    if after == "charged":
        change.update(charged_at=NOON, ledger_transaction_id=made(LedgerTransaction, tenant).pk)
    if before == "charged" and after != "voided":
        change.update(charged_at=None, ledger_transaction_id=None)
    if after == "failed":
        change.update(error_message="Insufficient balance.")
    with tenant_context(tenant.pk):
        if after in USAGE_STEPS[before]:
            write(row, change)
            return
        with refused(psycopg.errors.CheckViolation) as caught:
            write(row, change)
    assert constraint_of(caught) == "billing_usage_events_steps"


@pytest.mark.parametrize(("before", "after"), _steps(INVOICE_STEPS))
def test_an_invoice_moves_only_along_its_steps(before, after, tenant):
    row = made(Invoice, tenant, status=before, due_at=NOON, paid_at=NOON if before == "paid" else None)
    change = {"status": after, "paid_at": NOON if after == "paid" else None}
    with tenant_context(tenant.pk):
        if (before, after) == ("draft", "pending"):
            # With a number and all that belongs to it.
            assert invoices.finalise(invoice=row).status == after
            return
        if after in INVOICE_STEPS[before]:
            write(row, change)
            return
        with refused(psycopg.errors.CheckViolation) as caught:
            write(row, change)
    assert constraint_of(caught) == "billing_invoices_steps"


@pytest.mark.parametrize(
    "change",
    [
        {"invoice_number": "LAD-2"},
        {"subtotal": 1, "total": "10.95"},
        {"tax": 0, "total": 199},
        {"currency": "EUR"},
        {"period_start": NOON},
        {"due_at": NOON},
        {"line_items": "[]"},
        {"created_at": NOON},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("status", ["pending", "paid", "voided", "overdue"])
def test_an_issued_invoice_stays_as_it_is(status, change, tenant):
    later = NOON + timedelta(days=9)
    row = made(Invoice, tenant, status=status, due_at=later, paid_at=later if status == "paid" else None)
    for scope in (tenant_context(tenant.pk), platform_context()):
        with scope, refused(psycopg.errors.CheckViolation) as caught:
            write(row, change)
        assert constraint_of(caught) == "billing_invoices_steps"


def test_a_draft_may_be_changed_and_deleted_and_an_issued_invoice_may_not(tenant):
    draft, issued = made(Invoice, tenant), made(Invoice, tenant, status="pending")
    with tenant_context(tenant.pk):
        write(draft, {"line_items": "[]", "currency": "EUR"})
        assert execute("DELETE FROM billing_invoices WHERE id = %s", [draft.pk]) == 1
        with refused(psycopg.errors.CheckViolation) as caught:
            execute("DELETE FROM billing_invoices WHERE id = %s", [issued.pk])
    assert constraint_of(caught) == "billing_invoices_steps"


@pytest.mark.parametrize(
    "change",
    [{"total_cost": 0}, {"usage_items": "[]"}, {"feature_key": "campaigns"}, {"charged_at": NOON + timedelta(days=1)}],
    ids=lambda change: next(iter(change)),
)
def test_use_that_was_charged_stays_as_it_is(change, tenant):
    row = _used("charged", tenant)
    with tenant_context(tenant.pk), refused(psycopg.errors.CheckViolation) as caught:
        write(row, change)
    assert constraint_of(caught) == "billing_usage_events_steps"


def test_the_charge_of_a_use_is_not_undone_by_a_late_failure(tenant):
    row = _used("charged", tenant)
    undo = {"status": "failed", "error_message": "Key exists.", "ledger_transaction_id": None, "charged_at": None}
    with tenant_context(tenant.pk), refused(psycopg.errors.CheckViolation):
        write(row, undo)
