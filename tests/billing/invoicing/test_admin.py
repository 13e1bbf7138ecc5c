"""Invoices in the admin: every action with its form, preview and result."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.invoicing.models import Invoice
from billing.ledger.services import ledger, wallets
from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context, tenant_context
from tests.billing.invoicing.numbers import short
from tests.contract.pages import untouched
from tests.factories.billing import InvoiceFactory, UsageEventFactory
from tests.support.database import stored

TOTAL = Decimal("208.95")
LIST = reverse("admin:billing_invoice_changelist")
STOCKHOLM = ZoneInfo("Europe/Stockholm")


def page(name, *arguments):
    return reverse(f"admin:billing_invoice_{name}", args=arguments)


def made(tenant, **values):
    with platform_context(tenant_id=tenant.pk):
        return InvoiceFactory.create(**values)


def confirm(client, name, row, data=None):
    """Submit the form, confirm the preview, and return the preview page."""
    shown = client.post(page(name, row.pk), data or {})
    assert shown.status_code == 200, "nothing was shown before it was done"
    assert shown.context["preview"], shown.context["form"].errors
    answer = client.post(page(name, row.pk), {**(data or {}), "_preview": shown.context["preview"].digest})
    assert answer.status_code == 302, answer.context["form"].errors
    return shown.content.decode()


@pytest.fixture
def draft(tenant):
    return made(tenant)


@pytest.fixture
def issued(tenant):
    return made(tenant, status="pending")


def test_finalising_is_previewed_before_it_happens(root, draft):
    shown = root.post(page("finalise", draft.pk), {"due_on": "2031-05-06"})
    text = shown.content.decode()
    assert "208.95 USD" in text
    assert "2031-05-06" in text
    assert stored(draft).status == "draft"
    confirm(root, "finalise", draft, {"due_on": "2031-05-06"})
    row = stored(draft)
    assert (row.status, short(row.invoice_number), f"{row.due_at:%Y-%m-%d}") == ("pending", "INV-000001", "2031-05-06")


def test_a_change_after_the_preview_is_previewed_again(root, draft):
    seen = root.post(page("finalise", draft.pk), {}).context["preview"].digest
    with platform_context():
        line = {"amount": "1", "quantity": "1", "unit_price": "1", "description": "Less"}
        Invoice.objects.filter(pk=draft.pk).update(line_items=[line])
    assert root.post(page("finalise", draft.pk), {"_preview": seen}).status_code == 200
    assert stored(draft).status == "draft"


def test_an_invoice_is_paid_in_full_or_not_at_all(root, issued):
    entries = {"payment_method": "bank transfer", "amount": "100"}
    refused = root.post(page("pay", issued.pk), entries)
    assert "The open amount is 208.95 USD" in refused.content.decode()
    confirm(root, "pay", issued, {**entries, "amount": "208.95"})
    assert (stored(issued).status, stored(issued).payment_method) == ("paid", "bank transfer")


def test_a_payment_date_in_the_future_is_refused(root, issued):
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
    entries = {"payment_method": "card", "amount": "208.95", "paid_on": tomorrow}
    assert "in the future" in root.post(page("pay", issued.pk), entries).content.decode()


def test_an_overdue_invoice_is_marked(root, tenant):
    row = made(tenant, status="pending", due_at=timezone.now() - timedelta(days=1))
    assert root.post(page("mark_overdue", row.pk)).status_code == 302
    assert stored(row).status == "overdue"


def test_voiding_asks_for_a_reason_and_keeps_the_number(root, issued):
    assert root.post(page("void", issued.pk), {}).context["preview"] is None
    shown = confirm(root, "void", issued, {"reason": "Twice the same"})
    assert f"The number {issued.invoice_number} stays used." in shown
    assert stored(issued).status == "voided"


def test_a_credit_note_sent_twice_is_written_once(root, issued):
    key = root.get(page("credit", issued.pk)).context["form"]["key"].value()
    entries = {"amount": "105", "reason": "Half the month", "key": key}
    shown = confirm(root, "credit", issued, entries)
    assert "deducted from the open amount" in shown
    assert "Half the month" in shown
    confirm(root, "credit", issued, entries)
    with platform_context():
        [note] = Invoice.objects.filter(kind="credit_note")
    assert (note.total, note.metadata) == (Decimal(105), {"reason": "Half the month"})
    text = root.get(page("change", issued.pk)).content.decode()
    assert "CN-000001" in text
    assert "103.95 USD" in text


def test_a_credit_goes_into_the_wallet_when_asked(root, tenant):
    row = made(tenant, status="paid")
    key = root.get(page("credit", row.pk)).context["form"]["key"].value()
    confirm(root, "credit", row, {"amount": "10.5", "reason": "Sorry", "key": key, "to_wallet": "on"})
    with tenant_context(tenant.pk):
        assert wallets.open_wallet().available_balance == Decimal("10.5")


def test_sending_queues_the_mail(root, issued, owner):
    confirm(root, "send", issued)
    with platform_context():
        [mail] = MailDelivery.objects.filter(subject_id=issued.pk)
    assert mail.to_address == owner.email


def test_actions_that_do_not_apply_are_not_offered(root, draft, issued):
    offered = root.get(page("change", draft.pk)).content.decode()
    assert page("finalise", draft.pk) in offered
    assert page("credit", draft.pk) not in offered
    offered = root.get(page("change", issued.pk)).content.decode()
    assert page("finalise", issued.pk) not in offered
    assert page("credit", issued.pk) in offered


def test_the_page_of_a_finalised_invoice_is_read_only(root, issued):
    shown = root.get(page("change", issued.pk))
    assert "3,000 credits" in shown.content.decode()
    assert not shown.context["adminform"].form.fields
    assert root.post(page("change", issued.pk), {"lines_text": ""}).status_code == 403
    assert root.post(page("delete", issued.pk), {"post": "yes"}).status_code == 403
    assert stored(issued).total == TOTAL


def test_lines_of_a_draft_are_written_as_text(root, draft):
    form = root.get(page("change", draft.pk)).context["adminform"].form
    assert form.initial["lines_text"] == f"{draft.line_items[0]['description']} | 1 | 199"
    entries = {
        "currency": "USD",
        "period_start_0": "2026-08-01",
        "period_start_1": "00:00",
        "period_end_0": "2026-09-01",
        "period_end_1": "00:00",
        "lines_text": "Set-up | and more | 1 | 250\n\nTraining | 2.5 | 80.00",
    }
    answer = root.post(page("change", draft.pk), entries)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = stored(draft)
    assert [(line["description"], line["amount"]) for line in row.line_items] == [
        ("Set-up | and more", "250"),
        ("Training", "200"),
    ]
    assert (row.subtotal, row.tax) == (Decimal(450), Decimal("22.5"))
    refused = root.post(page("change", draft.pk), {**entries, "lines_text": "Training, 2.5"})
    assert "Line 1 must be description | quantity | unit price" in refused.content.decode()


def test_a_new_currency_keeps_the_lines_that_the_page_showed(root, draft):
    url = page("change", draft.pk)
    answer = root.post(url, {**untouched(root.get(url), Invoice), "currency": "EUR"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = stored(draft)
    assert row.currency == "EUR"
    assert [line["amount"] for line in row.line_items] == [line["amount"] for line in draft.line_items] != []


def test_sums_and_status_of_a_draft_are_not_fields_of_its_form(root, draft):
    fields = root.get(page("change", draft.pk)).context["adminform"].form.fields
    assert not {"status", "subtotal", "tax", "total", "paid_at", "invoice_number", "line_items"} & set(fields)


def test_lines_and_items_are_shown_as_tables(root, tenant, draft):
    shown = root.get(page("change", draft.pk)).content.decode()
    assert '<td class="lad-number">199.00</td>' in shown
    with platform_context(tenant_id=tenant.pk):
        use = UsageEventFactory.create()
    shown = root.get(reverse("admin:billing_usageevent_change", args=(use.pk,))).content.decode()
    assert '<td class="lad-number">0.013</td>' in shown


def test_markup_in_a_line_is_escaped(root, tenant):
    line = {"description": "<script>alert(1)</script>", "quantity": "1", "unit_price": "199", "amount": "199"}
    row = made(tenant, line_items=[line])
    assert "<script>alert(1)" not in root.get(page("change", row.pk)).content.decode()


def test_the_documents_open_from_the_invoice_page(root, issued):
    links = root.get(page("change", issued.pk)).content.decode()
    assert page("html", issued.pk) in links
    shown = root.get(page("html", issued.pk))
    assert issued.invoice_number in shown.content.decode()
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    file = root.get(page("pdf", issued.pk))
    assert (file["Content-Type"], file.content[:5]) == ("application/pdf", b"%PDF-")
    assert file["Content-Disposition"] == f'attachment; filename="{issued.invoice_number}.pdf"'


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("drafts", {"draft"}), ("unpaid", {"due", "late"}), ("overdue", {"late"}), ("unsent", {"due", "late", "paid"})],
)
def test_the_list_filters_invoices_by_what_is_to_do(choice, expected, root, tenant):
    now = timezone.now()
    rows = {
        "draft": made(tenant),
        "due": made(tenant, status="pending", due_at=now + timedelta(days=1)),
        "late": made(tenant, status="pending", due_at=now - timedelta(days=1)),
        "paid": made(tenant, status="paid"),
        "voided": made(tenant, status="voided"),
    }
    listed = {row.pk for row in root.get(LIST, {"desk": choice}).context["cl"].result_list}
    assert {name for name, row in rows.items() if row.pk in listed} == expected


def test_the_list_of_all_tenants_shows_the_days_of_each_tenant(root, tenant):
    with platform_context():
        type(tenant).objects.filter(pk=tenant.pk).update(timezone="Europe/Stockholm")
    month = datetime(2026, 11, 1, tzinfo=STOCKHOLM), datetime(2026, 12, 1, tzinfo=STOCKHOLM)
    made(tenant, status="pending", period_start=month[0], period_end=month[1], due_at=month[1] + timedelta(days=14))
    shown = root.get(LIST).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "1–30 Nov 2026" in shown
    assert "15 Dec 2026" in shown


def test_an_owner_who_is_staff_can_only_read(admin_of, owner, draft, issued):
    caller = admin_of(owner)
    assert caller.get(page("change", issued.pk)).status_code == 200
    assert caller.get(page("pdf", issued.pk)).status_code == 200
    assert caller.post(page("finalise", draft.pk), {}).status_code == 403
    assert caller.post(page("pay", issued.pk), {"payment_method": "card", "amount": "208.95"}).status_code == 403
    assert caller.get(page("add")).status_code == 403
    assert caller.get(reverse("admin:billing_invoice_draft_month")).status_code == 403
    assert stored(draft).status == "draft"


def test_users_of_another_tenant_cannot_open_the_documents(admin_of, other_owner, issued):
    for kind in ("html", "pdf"):
        assert admin_of(other_owner).get(page(kind, issued.pk)).status_code == 404


@pytest.fixture
def charged(tenant, other_tenant):
    """Charge both tenants in August 2026."""
    moment = datetime(2026, 8, 15, tzinfo=UTC)
    for each, figure in ((tenant, 2), (other_tenant, 3)):
        with tenant_context(each.pk):
            ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(50), key="fund", now=moment)
            ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(figure), key="use", now=moment)


def test_a_month_is_previewed_and_then_drafted_for_every_tenant(root, tenant, other_tenant, charged):
    address = reverse("admin:billing_invoice_draft_month")
    assert address in root.get(LIST).content.decode()
    shown = root.post(address, {"month": "2026-08"})
    text = shown.content.decode()
    assert tenant.name in text
    assert "3.00 USD" in text
    with platform_context():
        assert not Invoice.objects.exists()
    done = root.post(address, {"month": "2026-08", "_preview": shown.context["digest"]})
    assert done.status_code == 302
    with platform_context():
        assert sorted(Invoice.objects.values_list("subtotal", flat=True)) == [2, 3]


def test_a_finalised_month_is_reported_and_a_month_without_charges_drafts_nothing(root, tenant, charged):
    address = reverse("admin:billing_invoice_draft_month")
    seen = root.post(address, {"month": "2026-08"}).context["digest"]
    root.post(address, {"month": "2026-08", "_preview": seen})
    with platform_context():
        rows = {row.tenant_id: row for row in Invoice.objects.all()}
    confirm(root, "finalise", rows[tenant.pk])
    assert (
        "INV-000001 already covers usage from 2026-08-01" in root.post(address, {"month": "2026-08"}).content.decode()
    )
    assert "Nothing was charged" in root.post(address, {"month": "2026-07"}).content.decode()
    assert "Choose a month that has ended" in root.post(address, {"month": "2999-01"}).content.decode()


def test_a_usage_draft_is_redrafted_and_its_lines_cannot_be_edited(root, tenant, charged):
    address = reverse("admin:billing_invoice_draft_month")
    root.post(address, {"month": "2026-08", "_preview": root.post(address, {"month": "2026-08"}).context["digest"]})
    with platform_context():
        row = Invoice.objects.get(tenant=tenant)
    assert "lines_text" not in root.get(page("change", row.pk)).context["adminform"].form.fields
    with tenant_context(tenant.pk):
        moment = datetime(2026, 8, 16, tzinfo=UTC)
        ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(5), key="more", now=moment)
    assert root.post(page("draft_again", row.pk)).status_code == 302
    assert stored(row).subtotal == 7
