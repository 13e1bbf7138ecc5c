"""The invoice desk: every step asked, looked at and taken in the admin."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.invoicing.models import Invoice
from billing.ledger.services import ledger, wallets
from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import InvoiceFactory, UsageEventFactory

TOTAL = Decimal("208.95")
LIST = reverse("admin:billing_invoice_changelist")


def page(name, *arguments):
    return reverse(f"admin:billing_invoice_{name}", args=arguments)


def as_now(invoice):
    with platform_context():
        return Invoice.objects.get(pk=invoice.pk)


def made(tenant, **values):
    with platform_context(tenant_id=tenant.pk):
        return InvoiceFactory.create(**values)


def confirm(client, name, row, data=None):
    """Send the entries, look, and confirm what was shown; returns what was shown."""
    shown = client.post(page(name, row.pk), data or {})
    assert shown.status_code == 200, "nothing was shown before it was done"
    assert shown.context["look"], shown.context["form"].errors
    answer = client.post(page(name, row.pk), {**(data or {}), "_seen": shown.context["look"].digest})
    assert answer.status_code == 302, answer.context["form"].errors
    return shown.content.decode()


@pytest.fixture
def draft(tenant):
    return made(tenant)


@pytest.fixture
def issued(tenant):
    return made(tenant, status="pending")


def test_finalising_shows_what_it_will_be_before_it_happens(root, draft):
    shown = root.post(page("finalise", draft.pk), {"due_on": "2031-05-06"})
    text = shown.content.decode()
    assert "208.95 USD" in text
    assert "2031-05-06" in text
    assert as_now(draft).status == "draft"
    confirm(root, "finalise", draft, {"due_on": "2031-05-06"})
    row = as_now(draft)
    assert (row.status, row.invoice_number, f"{row.due_at:%Y-%m-%d}") == ("pending", "INV-000001", "2031-05-06")


def test_what_changed_after_the_look_is_looked_at_again(root, draft):
    seen = root.post(page("finalise", draft.pk), {}).context["look"].digest
    with platform_context():
        line = {"amount": "1", "quantity": "1", "unit_price": "1", "description": "Less"}
        Invoice.objects.filter(pk=draft.pk).update(line_items=[line])
    assert root.post(page("finalise", draft.pk), {"_seen": seen}).status_code == 200
    assert as_now(draft).status == "draft"


def test_an_invoice_is_paid_in_full_or_not_at_all(root, issued):
    entries = {"payment_method": "bank transfer", "amount": "100"}
    refused = root.post(page("pay", issued.pk), entries)
    assert "208.95 USD are open" in refused.content.decode()
    confirm(root, "pay", issued, {**entries, "amount": "208.95"})
    assert (as_now(issued).status, as_now(issued).payment_method) == ("paid", "bank transfer")


def test_a_payment_of_tomorrow_is_refused(root, issued):
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
    entries = {"payment_method": "card", "amount": "208.95", "paid_on": tomorrow}
    assert "still to come" in root.post(page("pay", issued.pk), entries).content.decode()


def test_an_overdue_invoice_is_marked(root, tenant):
    row = made(tenant, status="pending", due_at=timezone.now() - timedelta(days=1))
    assert root.post(page("mark_overdue", row.pk)).status_code == 302
    assert as_now(row).status == "overdue"


def test_voiding_asks_why_and_keeps_the_number(root, issued):
    assert root.post(page("void", issued.pk), {}).context["look"] is None
    shown = confirm(root, "void", issued, {"reason": "Twice the same"})
    assert f"Its number {issued.invoice_number} stays used." in shown
    assert as_now(issued).status == "voided"


def test_a_credit_note_sent_twice_is_written_once(root, issued):
    key = root.get(page("credit", issued.pk)).context["form"]["key"].value()
    entries = {"amount": "105", "reason": "Half the month", "key": key}
    shown = confirm(root, "credit", issued, entries)
    assert "off what is open" in shown
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


def test_steps_that_make_no_sense_are_not_offered(root, draft, issued):
    offered = root.get(page("change", draft.pk)).content.decode()
    assert page("finalise", draft.pk) in offered
    assert page("credit", draft.pk) not in offered
    offered = root.get(page("change", issued.pk)).content.decode()
    assert page("finalise", issued.pk) not in offered
    assert page("credit", issued.pk) in offered


def test_the_page_of_a_finalised_invoice_is_for_looking(root, issued):
    shown = root.get(page("change", issued.pk))
    assert "3,000 credits" in shown.content.decode()
    assert not shown.context["adminform"].form.fields
    assert root.post(page("change", issued.pk), {"lines_text": ""}).status_code == 403
    assert root.post(page("delete", issued.pk), {"post": "yes"}).status_code == 403
    assert as_now(issued).total == TOTAL


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
    row = as_now(draft)
    assert [(line["description"], line["amount"]) for line in row.line_items] == [
        ("Set-up | and more", "250"),
        ("Training", "200"),
    ]
    assert (row.subtotal, row.tax) == (Decimal(450), Decimal("22.5"))
    refused = root.post(page("change", draft.pk), {**entries, "lines_text": "Training, 2.5"})
    assert "Line 1 is not description | quantity | unit price" in refused.content.decode()


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


def test_a_line_cannot_smuggle_markup_into_the_page(root, tenant):
    line = {"description": "<script>alert(1)</script>", "quantity": "1", "unit_price": "199", "amount": "199"}
    row = made(tenant, line_items=[line])
    assert "<script>alert(1)" not in root.get(page("change", row.pk)).content.decode()


def test_the_documents_open_from_the_desk(root, issued):
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
def test_the_desk_filters_what_is_to_be_done(choice, expected, root, tenant):
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


def test_an_owner_who_is_staff_looks_and_does_nothing(browser, owner, draft, issued):
    caller = browser(owner)
    assert caller.get(page("change", issued.pk)).status_code == 200
    assert caller.get(page("pdf", issued.pk)).status_code == 200
    assert caller.post(page("finalise", draft.pk), {}).status_code == 403
    assert caller.post(page("pay", issued.pk), {"payment_method": "card", "amount": "208.95"}).status_code == 403
    assert caller.get(page("add")).status_code == 403
    assert caller.get(reverse("admin:billing_invoice_draft_month")).status_code == 403
    assert as_now(draft).status == "draft"


def test_a_stranger_to_the_tenant_finds_no_document(browser, other_owner, issued):
    for kind in ("html", "pdf"):
        assert browser(other_owner).get(page(kind, issued.pk)).status_code == 404


@pytest.fixture
def charged(tenant, other_tenant):
    """Both tenants were charged in August 2026."""
    moment = datetime(2026, 8, 15, tzinfo=UTC)
    for each, figure in ((tenant, 2), (other_tenant, 3)):
        with tenant_context(each.pk):
            ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(50), key="fund", now=moment)
            ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(figure), key="use", now=moment)


def test_a_month_is_shown_and_then_drafted_for_every_tenant(root, tenant, other_tenant, charged):
    address = reverse("admin:billing_invoice_draft_month")
    assert address in root.get(LIST).content.decode()
    shown = root.post(address, {"month": "2026-08"})
    text = shown.content.decode()
    assert tenant.name in text
    assert "3.00 USD" in text
    with platform_context():
        assert not Invoice.objects.exists()
    done = root.post(address, {"month": "2026-08", "_seen": shown.context["digest"]})
    assert done.status_code == 302
    with platform_context():
        assert sorted(Invoice.objects.values_list("subtotal", flat=True)) == [2, 3]


def test_a_month_that_is_finalised_says_so_and_one_without_charges_makes_nothing(root, tenant, charged):
    address = reverse("admin:billing_invoice_draft_month")
    seen = root.post(address, {"month": "2026-08"}).context["digest"]
    root.post(address, {"month": "2026-08", "_seen": seen})
    with platform_context():
        rows = {row.tenant_id: row for row in Invoice.objects.all()}
    confirm(root, "finalise", rows[tenant.pk])
    assert "INV-000001 covers use from 2026-08-01" in root.post(address, {"month": "2026-08"}).content.decode()
    assert "Nothing was charged" in root.post(address, {"month": "2026-07"}).content.decode()
    assert "Choose a month that is over" in root.post(address, {"month": "2999-01"}).content.decode()


def test_a_usage_draft_is_made_again_and_its_lines_are_not_text(root, tenant, charged):
    address = reverse("admin:billing_invoice_draft_month")
    root.post(address, {"month": "2026-08", "_seen": root.post(address, {"month": "2026-08"}).context["digest"]})
    with platform_context():
        row = Invoice.objects.get(tenant=tenant)
    assert "lines_text" not in root.get(page("change", row.pk)).context["adminform"].form.fields
    with tenant_context(tenant.pk):
        moment = datetime(2026, 8, 16, tzinfo=UTC)
        ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(5), key="more", now=moment)
    assert root.post(page("draft_again", row.pk)).status_code == 302
    assert as_now(row).subtotal == 7
