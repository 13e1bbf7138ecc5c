"""Status changes and settled values that the database enforces for every role."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from billing.invoicing.models import Invoice
from billing.invoicing.services import invoices
from billing.ledger.models import LedgerTransaction
from billing.usage.models import UsageEvent
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.rows import NOON, make, write
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


def _usage_event(status: str, tenant: Any) -> UsageEvent:
    if status != "charged":
        return make(UsageEvent, tenant, status=status, error_message="Insufficient balance.")
    with platform_context(tenant_id=tenant.pk):
        debit = LedgerTransactionFactory.create(wallet=WalletFactory.create(user=None))
        return UsageEventFactory.create(status=status, charged_at=NOON, ledger_transaction=debit)


@pytest.mark.parametrize(("before", "after"), _steps(USAGE_STEPS))
def test_a_usage_event_changes_status_only_along_its_steps(before, after, tenant):
    row = _usage_event(before, tenant)
    change: dict[str, Any] = {"status": after}
    if after == "charged":
        change.update(charged_at=NOON, ledger_transaction_id=make(LedgerTransaction, tenant).pk)
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
def test_an_invoice_changes_status_only_along_its_steps(before, after, tenant):
    row = make(Invoice, tenant, status=before, due_at=NOON, paid_at=NOON if before == "paid" else None)
    change = {"status": after, "paid_at": NOON if after == "paid" else None}
    with tenant_context(tenant.pk):
        if (before, after) == ("draft", "pending"):
            # Finalising also assigns the number.
            assert invoices.finalise(invoice=row, now=NOON).status == after
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
def test_an_issued_invoice_cannot_change(status, change, tenant):
    later = NOON + timedelta(days=9)
    row = make(Invoice, tenant, status=status, due_at=later, paid_at=later if status == "paid" else None)
    for scope in (tenant_context(tenant.pk), platform_context()):
        with scope, refused(psycopg.errors.CheckViolation) as caught:
            write(row, change)
        assert constraint_of(caught) == "billing_invoices_steps"


def test_a_draft_can_be_changed_and_deleted_and_an_issued_invoice_cannot(tenant):
    draft, issued = make(Invoice, tenant), make(Invoice, tenant, status="pending")
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
def test_a_charged_usage_event_cannot_change(change, tenant):
    row = _usage_event("charged", tenant)
    with tenant_context(tenant.pk), refused(psycopg.errors.CheckViolation) as caught:
        write(row, change)
    assert constraint_of(caught) == "billing_usage_events_steps"


def test_a_late_failure_does_not_undo_a_charge(tenant):
    row = _usage_event("charged", tenant)
    undo = {"status": "failed", "error_message": "Key exists.", "ledger_transaction_id": None, "charged_at": None}
    with tenant_context(tenant.pk), refused(psycopg.errors.CheckViolation):
        write(row, undo)
