"""Send invoices by mail. Sending an invoice again is a new mail."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from billing.invoicing.documents.content import document_content
from billing.invoicing.documents.pdf import invoice_pdf
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from lad.errors import Conflict
from lad.languages import localisation, marked
from lad.mail import services
from lad.mail.kinds import Attachment, Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery, MailState
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from lad.types import Actor
from tenants.access.roles import Role
from tenants.access.verification import require_verified
from tenants.teams.models import Membership

# A mail in one of these states may still be delivered, so a second one would be a duplicate.
IN_PROGRESS: Final = (MailState.QUEUED, MailState.SENDING, MailState.UNKNOWN)
TEMPLATE: Final = "billing/invoicing/mail/invoice"
INVOICE_ATTACHED: Final = marked("Please find the invoice from {issuer} attached.")
SHOW_INVOICE: Final = marked("Show the invoice")
INTRODUCTIONS: Final = {
    InvoiceKind.USAGE: INVOICE_ATTACHED,
    InvoiceKind.MANUAL: INVOICE_ATTACHED,
    InvoiceKind.TOPUP: marked("Please find the receipt from {issuer} attached."),
    InvoiceKind.CREDIT_NOTE: marked("Please find the credit note from {issuer} attached."),
}
BUTTONS: Final = {
    InvoiceKind.USAGE: SHOW_INVOICE,
    InvoiceKind.MANUAL: SHOW_INVOICE,
    InvoiceKind.TOPUP: marked("Show the receipt"),
    InvoiceKind.CREDIT_NOTE: marked("Show the credit note"),
}


class NotFinalised(Conflict):
    """Only a finalised invoice that is not void can be sent. Finalise it first."""

    code = "invoice_not_finalised"


class NoRecipient(Conflict):
    """The invoice has no recipient. Enter an invoice address in the billing profile or give the tenant an owner."""

    code = "no_recipient"


@transaction.atomic
def send_invoice(*, invoice: Invoice, actor: Actor = None) -> MailDelivery:
    """Queue a mail with the invoice to the profile's address or else to the tenant's owner.

    Returns the existing mail while one is in progress. Once the mail is sent, the invoice's ``sent_at`` is
    set and ``billing.invoice.sent`` is emitted. Raises EmailUnverified, NotFinalised or NoRecipient.
    """
    require_verified(actor)
    # A simultaneous call waits here and then finds this call's mail.
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if not row.invoice_number or row.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOIDED):
        raise NotFinalised
    to = recipient_of(row)
    with platform_context(tenant_id=row.tenant_id):
        earlier = list(MailDelivery.objects.filter(kind=INVOICE.key, subject_id=row.pk))
    in_progress = next((mail for mail in earlier if mail.state in IN_PROGRESS), None)
    return in_progress or services.queue(
        kind=INVOICE,
        tenant_id=row.tenant_id,
        to=to,
        subject_id=row.pk,
        key=f"invoice.{row.pk}.{len(earlier) + 1}",
    )


def recipient_of(invoice: Invoice) -> str:
    """Return the address the invoice is sent to. Raises NoRecipient."""
    address = profile_of(invoice.tenant_id).invoice_email
    if address:
        return address
    with platform_context(tenant_id=invoice.tenant_id):
        owners = Membership.objects.filter(role=Role.OWNER, user__is_active=True).order_by("created_at")
        owner = owners.values_list("user__email", flat=True).first()
    if not owner:
        raise NoRecipient
    return str(owner)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    invoice = Invoice.objects.select_related("tenant", "corrects").filter(pk=delivery.subject_id).first()
    if invoice is None:
        raise Obsolete("The invoice was deleted.")
    if invoice.status == InvoiceStatus.VOIDED:
        raise Obsolete("The invoice was voided.")
    content = document_content(invoice)
    words, kind = localisation(content.language), InvoiceKind(invoice.kind)
    name = f"{content.title} {content.number}"
    pdf = Attachment(f"{name.replace(' ', '-')}.pdf", invoice_pdf(invoice), "application/pdf")
    context = {
        "it": content,
        "name": name,
        "language": content.language,
        "direction": content.direction,
        "introduction": words.text(INTRODUCTIONS[kind], issuer=content.issuer.name),
        "button": words.text(BUTTONS[kind]),
        "link": link(f"/settings/billing/invoices/{invoice.pk}", page=f"billing/invoice/{invoice.pk}/change/"),
    }
    subject = words.text("{document} from {issuer}", document=name, issuer=content.issuer.name)
    return Content(subject, TEMPLATE, context, (pdf,))


def _mark_sent(delivery: MailDelivery) -> None:
    invoice = Invoice.objects.select_for_update(no_key=True).filter(pk=delivery.subject_id).first()
    if invoice is None:
        return
    if invoice.sent_at is None:
        invoice.sent_at = timezone.now()
        invoice.save(update_fields=["sent_at"])
    emit("billing.invoice.sent", aggregate=invoice, payload={"to_address": delivery.to_address})


INVOICE: Final = mail_kinds.register(MailKind("invoice", "Invoice", _build, sent=_mark_sent))
