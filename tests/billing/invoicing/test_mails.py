"""An invoice is mailed once with its PDF, and marked as sent once the mail was sent."""

import io
from datetime import timedelta
from decimal import Decimal
from email.message import Message
from typing import Any

import pytest
from django.utils import timezone
from pypdf import PdfReader

from billing.invoicing import mails as mail
from billing.invoicing.documents import invoice_html, invoice_pdf
from billing.invoicing.mails import NoRecipient, NotFinalised, send_invoice
from billing.invoicing.models import BillingProfile, Invoice
from billing.invoicing.services import invoices
from lad.mail import sender, services
from lad.mail.models import MailDelivery, MailState
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Membership, Tenant
from tests.factories.billing import BillingProfileFactory
from tests.support.mailbox import Mailbox, part


@pytest.fixture
def invoice(tenant: Tenant, owner: User) -> Invoice:
    """A finalised invoice of 99 dollars."""
    now = timezone.now()
    with tenant_context(tenant.pk):
        BillingProfileFactory.create(tenant=tenant, legal_name="Acme & Sons", invoice_email="books@acme.example")
        lines = [{"description": "Set-up", "quantity": "1", "unit_price": "99", "amount": "99"}]
        draft = Invoice.objects.create(period_start=now, period_end=now + timedelta(seconds=1), line_items=lines)
        return invoices.finalise(invoice=draft, now=now)


def _send(invoice: Invoice) -> MailDelivery:
    with tenant_context(invoice.tenant_id):
        return send_invoice(invoice=invoice)


def _now(invoice: Invoice) -> Invoice:
    with platform_context():
        row: Invoice = Invoice.objects.get(pk=invoice.pk)
    return row


def _attachment(message: Message) -> Message:
    [found] = [each for each in message.walk() if each.get_content_type() == "application/pdf"]
    return found


def _told() -> list[DomainEvent]:
    with platform_context():
        return list(DomainEvent.objects.filter(event_type="billing.invoice.sent"))


def test_an_invoice_is_mailed_as_text_page_and_pdf(mailbox: Mailbox, invoice: Invoice) -> None:
    _send(invoice)
    assert sender.send_due() == {MailState.SENT: 1}
    [message] = mailbox.received
    assert message["To"] == "books@acme.example"
    assert message["Subject"] == f"Invoice {invoice.invoice_number} from LAD"
    assert "USD 103.95 due" in part(message, "text/plain")
    assert "Acme & Sons" in part(message, "text/plain")
    assert "Acme &amp; Sons" in part(message, "text/html")
    pdf = _attachment(message)
    assert pdf.get_filename() == f"Invoice-{invoice.invoice_number}.pdf"
    shown = PdfReader(io.BytesIO(bytes(pdf.get_payload(decode=True)))).pages[0].extract_text()
    assert invoice.invoice_number in shown


def test_a_mail_is_in_the_language_its_invoice_was_issued_in(mailbox: Mailbox, tenant: Tenant, owner: User) -> None:
    now = timezone.now()
    with tenant_context(tenant.pk):
        profile = BillingProfileFactory.create(tenant=tenant, language="de", invoice_email="konto@acme.example")
        lines = [{"description": "Set-up", "quantity": "1", "unit_price": "99", "amount": "99"}]
        draft = Invoice.objects.create(period_start=now, period_end=now + timedelta(seconds=1), line_items=lines)
        issued = invoices.finalise(invoice=draft, now=now)
        first = invoice_pdf(issued)
        profile.language = "fr"
        profile.save(update_fields=["language"])
        note = invoices.credit_note(invoice=issued, amount=Decimal(10), reason="Goodwill")
        assert '<html lang="de"' in invoice_html(note)
    _send(issued)
    sender.send_due()
    [message] = mailbox.received
    assert message["Subject"] == f"Rechnung {issued.invoice_number} von LAD"
    assert "103,95\xa0USD fällig am" in part(message, "text/plain")
    page = part(message, "text/html")
    assert '<html lang="de" dir="ltr">' in page
    assert "Falls die Schaltfläche nicht funktioniert" in page
    assert "Rechnung ansehen" in page
    assert _attachment(message).get_payload(decode=True) == first
    assert note.line_items[0]["description"] == f"Gutschrift zu {issued.invoice_number}"


def test_an_invoice_is_marked_as_sent_once_its_mail_was_sent(mailbox: Mailbox, invoice: Invoice) -> None:
    _send(invoice)
    assert _now(invoice).sent_at is None
    sender.send_due()
    assert _now(invoice).sent_at is not None
    [event] = _told()
    assert event.aggregate_id == invoice.pk
    assert event.payload["to_address"] == "books@acme.example"


def test_an_unknown_mail_does_not_mark_its_invoice_as_sent(mailbox: Mailbox, invoice: Invoice) -> None:
    mailbox.breaks_off = True
    _send(invoice)
    assert sender.send_due() == {MailState.UNKNOWN: 1}
    assert _now(invoice).sent_at is None
    assert _told() == []


def test_sending_an_invoice_twice_queues_one_mail(mailbox: Mailbox, invoice: Invoice) -> None:
    assert _send(invoice).pk == _send(invoice).pk
    sender.send_due()
    assert len(mailbox.received) == 1


def test_no_second_mail_is_queued_while_the_first_is_unknown(mailbox: Mailbox, invoice: Invoice) -> None:
    mailbox.breaks_off = True
    first = _send(invoice)
    sender.send_due()
    mailbox.breaks_off = False
    assert _send(invoice).pk == first.pk
    assert sender.send_due() == {}
    assert mailbox.received == []


def test_an_invoice_that_was_sent_can_be_sent_again(mailbox: Mailbox, invoice: Invoice) -> None:
    first = _send(invoice)
    sender.send_due()
    sent_at = _now(invoice).sent_at
    assert _send(invoice).pk != first.pk
    sender.send_due()
    assert len({message["Message-ID"] for message in mailbox.received}) == 2
    assert _now(invoice).sent_at == sent_at, "it says when it was sent first"


def test_without_a_billing_address_the_owner_gets_the_invoice(mailbox: Mailbox, invoice: Invoice, owner: User) -> None:
    with platform_context():
        BillingProfile.objects.update(invoice_email="")
    _send(invoice)
    sender.send_due()
    assert mailbox.received[0]["To"] == owner.email


def test_an_invoice_without_any_recipient_is_refused(invoice: Invoice) -> None:
    with platform_context():
        BillingProfile.objects.update(invoice_email="")
        Membership.objects.all().delete()
    with pytest.raises(NoRecipient):
        _send(invoice)


def test_a_draft_is_not_sent(tenant: Tenant, invoice: Invoice) -> None:
    now = timezone.now()
    with tenant_context(tenant.pk):
        draft = Invoice.objects.create(period_start=now, period_end=now + timedelta(days=1))
        with pytest.raises(NotFinalised):
            send_invoice(invoice=draft)


def test_an_invoice_voided_before_its_mail_is_sent_is_not_mailed(mailbox: Mailbox, invoice: Invoice) -> None:
    _send(invoice)
    with tenant_context(invoice.tenant_id):
        invoices.void(invoice=invoice, reason="Wrong price")
    assert sender.send_due() == {MailState.CANCELLED: 1}
    assert mailbox.received == []


def test_a_sent_mail_stays_sent_when_its_hook_fails(
    mailbox: Mailbox, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("The note could not be written.")

    monkeypatch.setattr(mail, "emit", fail)
    delivery = _send(invoice)
    assert sender.send_due() == {MailState.SENT: 1}
    assert sender.send_due() == {}
    with pytest.raises(services.MailUnderWay):
        services.resend(delivery_id=delivery.pk)
    assert len(mailbox.received) == 1


def test_another_tenants_invoice_cannot_be_sent(invoice: Invoice, other_tenant: Tenant) -> None:
    with tenant_context(other_tenant.pk), pytest.raises(Invoice.DoesNotExist):
        send_invoice(invoice=invoice)
