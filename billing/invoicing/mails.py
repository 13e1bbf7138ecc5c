"""Invoices by mail. Each leaves once; sending one again is a mail of its own."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.invoicing.documents.content import content_of
from billing.invoicing.documents.pdf import invoice_pdf
from billing.invoicing.models import Invoice, InvoiceStatus, profile_of
from lad.errors import Conflict
from lad.mail import messages
from lad.mail import services as outgoing
from lad.mail.models import MailDelivery, MailKind, MailState
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from tenants.teams.models import Membership, Role

# Its fate is open: another mail now could be the second of its kind.
UNDER_WAY: Final = (MailState.QUEUED, MailState.SENDING, MailState.UNKNOWN)
TEMPLATE: Final = "billing/mail/invoice"


class NotFinalised(Conflict):
    """Only an invoice that was finalised, and is not void, is sent: finalise it first."""

    code = "invoice_not_finalised"


class NoRecipient(Conflict):
    """Nobody to send it to: write an address for invoices into the billing profile, or give the tenant an owner."""

    code = "no_recipient"


@transaction.atomic
def send_invoice(*, invoice: Invoice, actor: Any = None) -> MailDelivery:
    """Queue a mail with the invoice to the profile's address, else the tenant's owner.

    While one is under way, that one is returned and no other queued. When it has really left, the
    invoice's ``sent_at`` is set and ``billing.invoice.sent`` emitted. Raises NotFinalised, NoRecipient.
    """
    # Whoever sends it at the same moment waits here and finds the other's mail.
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if not row.invoice_number or row.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOIDED):
        raise NotFinalised
    to = recipient_of(row)
    with platform_context(tenant_id=row.tenant_id):
        earlier = list(MailDelivery.objects.filter(kind=MailKind.INVOICE, subject_id=row.pk))
    under_way = next((mail for mail in earlier if mail.state in UNDER_WAY), None)
    return under_way or outgoing.queue(
        kind=MailKind.INVOICE,
        tenant_id=row.tenant_id,
        to=to,
        subject_id=row.pk,
        key=f"invoice.{row.pk}.{len(earlier) + 1}",
    )


def recipient_of(invoice: Invoice) -> str:
    """The address the invoice goes to. Raises NoRecipient."""
    address = profile_of(invoice.tenant_id).invoice_email
    if address:
        return address
    with platform_context(tenant_id=invoice.tenant_id):
        owners = Membership.objects.filter(role=Role.OWNER, user__is_active=True).order_by("created_at")
        owner = owners.values_list("user__email", flat=True).first()
    if not owner:
        raise NoRecipient
    return str(owner)


def _build(delivery: MailDelivery, now: datetime) -> messages.Content:
    invoice = Invoice.objects.select_related("tenant", "corrects").filter(pk=delivery.subject_id).first()
    if invoice is None:
        raise messages.Obsolete("The invoice is gone.")
    if invoice.status == InvoiceStatus.VOIDED:
        raise messages.Obsolete("The invoice was voided.")
    shown = content_of(invoice)
    name = f"{shown.title} {shown.number}"
    pdf = messages.Attachment(f"{name.replace(' ', '-')}.pdf", invoice_pdf(invoice), "application/pdf")
    context = {
        "it": shown,
        "name": name,
        "link": f"{settings.APP_URL.rstrip('/')}/settings/billing/invoices/{invoice.pk}",
    }
    return messages.Content(f"{name} from {shown.issuer.name}", TEMPLATE, context, (pdf,))


def _departed(delivery: MailDelivery) -> None:
    invoice = Invoice.objects.select_for_update(no_key=True).filter(pk=delivery.subject_id).first()
    if invoice is None:
        return
    if invoice.sent_at is None:
        invoice.sent_at = timezone.now()
        invoice.save(update_fields=["sent_at"])
    emit("billing.invoice.sent", aggregate=invoice, payload={"to_address": delivery.to_address})


messages.register(MailKind.INVOICE, _build, departed=_departed)
