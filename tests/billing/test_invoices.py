"""Invoices, from draft to paid; what was issued stays as it is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice
from billing.services import invoices
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context
from tests.factories.billing import InvoiceFactory, UsageEventFactory
from tests.tenants.helpers import events

LINES = [
    {"description": "Plan", "quantity": "1", "unit_price": "249", "amount": "249"},
    {"description": "Credits", "quantity": "2", "unit_price": "99.5", "amount": "199"},
]


def page(name, *arguments):
    return reverse(f"admin:billing_invoice_{name}", args=arguments)


def as_now(invoice):
    with platform_context():
        return Invoice.objects.get(pk=invoice.pk)


@pytest.fixture
def draft(tenant):
    with platform_context(tenant_id=tenant.pk):
        return InvoiceFactory.create()


@pytest.fixture
def issued(tenant, draft):
    with platform_context(tenant_id=tenant.pk):
        return invoices.issue(invoice=draft, due_at=timezone.now() + timedelta(days=14))


@pytest.fixture
def within(tenant):
    with platform_context(tenant_id=tenant.pk):
        yield


def test_the_sums_of_a_draft_follow_from_its_lines_and_tax(draft, within):
    row = writes.update(draft, {"line_items": LINES, "tax": Decimal("22.4")})
    assert (row.subtotal, row.total) == (Decimal(448), Decimal("470.4"))
    now = timezone.now()
    made = writes.create(Invoice, {"line_items": LINES, "period_start": now, "period_end": now + timedelta(days=1)})
    assert (made.subtotal, made.tax, made.total, made.status) == (448, 0, 448, "draft")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("Plan, 249", "must be a list"),
        ([{"description": "Plan", "quantity": "1", "unit_price": "249"}], "[0] lacks amount"),
        ([{**LINES[0], "amount": 249.1}], "[0].amount must be text"),
        ([{**LINES[0], "amount": "a lot"}], "[0].amount has the wrong form"),
    ],
)
def test_lines_of_the_wrong_shape_are_refused_with_where(lines, says, draft, within):
    with pytest.raises(Invalid) as caught:
        writes.update(draft, {"line_items": lines})
    assert says in caught.value.errors["line_items"][0]


def test_an_invoice_is_issued_falls_due_and_is_paid(draft, owner, within):
    due = timezone.now() + timedelta(days=14)
    row = invoices.issue(invoice=draft, due_at=due, actor=owner)
    assert (row.status, row.due_at) == ("pending", due)
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.mark_overdue(invoice=row, now=due - timedelta(seconds=1))
    assert invoices.mark_overdue(invoice=row, now=due).status == "overdue"
    paid_at = timezone.now()
    row = invoices.pay(invoice=row, payment_method="card", paid_at=paid_at, actor=owner)
    assert (row.status, row.paid_at, row.payment_method) == ("paid", paid_at, "card")
    for verb in ("issued", "overdue", "paid"):
        [told] = events(f"billing.invoice.{verb}")
        assert (told.aggregate_id, Decimal(told.payload["total"])) == (draft.pk, Decimal("208.95"))


@pytest.mark.parametrize("lacking", [{"invoice_number": ""}, {"line_items": [], "subtotal": 0, "total": "9.95"}])
def test_an_invoice_without_number_or_lines_is_not_issued(lacking, within):
    row = InvoiceFactory.create(**lacking)
    with pytest.raises(invoices.InvoiceIncomplete):
        invoices.issue(invoice=row, due_at=timezone.now())
    assert as_now(row).status == "draft"


def test_an_issued_invoice_is_neither_edited_nor_deleted_by_a_plain_write(issued, within):
    for attempt in (
        lambda: writes.update(issued, {"tax": Decimal(0)}),
        lambda: writes.delete(issued),
    ):
        with pytest.raises(invoices.InvoiceIssued):
            attempt()
    assert as_now(issued).total == Decimal("208.95")


def test_a_paid_invoice_is_not_voided_and_a_voided_one_not_paid(issued, within):
    voided = invoices.void(invoice=issued, reason="Twice the same")
    assert voided.status == "voided"
    assert events("billing.invoice.voided")[0].payload == {"before": "pending", "reason": "Twice the same"}
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.pay(invoice=voided, payment_method="card", paid_at=timezone.now())
    other = InvoiceFactory.create(status="paid", paid_at=timezone.now())
    with pytest.raises(invoices.WrongInvoiceStatus):
        invoices.void(invoice=other, reason="No")


def test_staff_take_an_invoice_through_its_steps_by_actions(root, draft):
    assert root.post(page("issue", draft.pk), {"days": "0"}).status_code == 302
    assert as_now(draft).status == "pending"
    assert root.post(page("mark_overdue", draft.pk)).status_code == 302
    assert as_now(draft).status == "overdue"
    assert root.post(page("pay", draft.pk), {"payment_method": "bank transfer"}).status_code == 302
    assert (as_now(draft).status, as_now(draft).payment_method) == ("paid", "bank transfer")


def test_the_page_of_an_issued_invoice_is_for_looking(root, issued):
    shown = root.get(page("change", issued.pk))
    assert "3,000 credits" in shown.content.decode()
    assert not shown.context["adminform"].form.fields
    assert root.post(page("change", issued.pk), {"tax": "0"}).status_code == 403
    assert root.post(page("delete", issued.pk), {"post": "yes"}).status_code == 403
    assert as_now(issued).total == Decimal("208.95")


def test_status_and_totals_of_a_draft_are_not_fields_of_its_form(root, draft):
    fields = root.get(page("change", draft.pk)).context["adminform"].form.fields
    assert not {"status", "subtotal", "total", "paid_at"} & set(fields)


def test_lines_and_items_are_shown_as_tables(root, tenant, draft):
    shown = root.get(page("change", draft.pk)).content.decode()
    assert '<td class="lad-number">199.00</td>' in shown
    with platform_context(tenant_id=tenant.pk):
        use = UsageEventFactory.create()
    shown = root.get(reverse("admin:billing_usageevent_change", args=(use.pk,))).content.decode()
    assert '<td class="lad-number">0.013</td>' in shown
    assert '<td class="lad-number">0.78 USD</td>' in shown


def test_a_line_cannot_smuggle_markup_into_the_page(root, tenant):
    line = {**LINES[0], "description": "<script>alert(1)</script>"}
    with platform_context(tenant_id=tenant.pk):
        row = InvoiceFactory.create(line_items=[line], subtotal=249)
    assert "<script>alert(1)" not in root.get(page("change", row.pk)).content.decode()


def test_an_owner_who_is_staff_looks_and_does_nothing(browser, owner, draft):
    caller = browser(owner)
    assert caller.get(page("change", draft.pk)).status_code == 200
    assert caller.post(page("issue", draft.pk), {"days": "0"}).status_code == 403
    assert as_now(draft).status == "draft"
