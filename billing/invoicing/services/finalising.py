"""Finalise invoices: assign the next number of the series, after which an invoice never changes."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from billing.invoicing.documents.issuer import issuer
from billing.invoicing.errors import InvoiceIncomplete, WrongInvoiceStatus
from billing.invoicing.models import BillingProfile, Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.carrying import deduct_credit, plan_deduction
from billing.invoicing.services.drafting import current_lines, total_up_usage
from billing.invoicing.services.lines import require_amounts, total_up
from billing.invoicing.services.numbering import take_number
from billing.invoicing.services.transitions import mark_paid, values_of
from lad.errors import Invalid
from lad.outbox.emission import emit
from lad.types import Actor

# The payment methods of an invoice that wallets, or credit from earlier documents, have paid in full.
BY_WALLET: Final = "wallet"
BY_CREDIT: Final = "credit"

# Checked before the commit, when the scope may already be another one.
CHECK_NUMBER: Final = "SET CONSTRAINTS billing_invoice_series_used {}"


@transaction.atomic
def finalise(
    *, invoice: Invoice, due_at: datetime | None = None, now: datetime | None = None, actor: Actor = None
) -> Invoice:
    """Give a draft its number, tax, recipient and due date. Idempotent.

    The due date follows from the tenant's payment terms unless given. Credit that earlier documents left owed to
    the customer is deducted. An invoice that nothing is left to pay of becomes paid at once; one that comes to
    less than nothing stays pending with its ``credit_owed``. The series stays locked until the caller's
    transaction ends, so keep that short.
    Emits ``billing.invoice.finalised``. Raises InvoiceIncomplete without lines or issuer, Invalid if the due date
    is in the past or an amount cannot be paid, DraftOutdated if the ledger has changed, WrongInvoiceStatus for a
    voided draft.
    """
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if row.finalised_at is not None and row.status != InvoiceStatus.VOIDED:
        return row
    if row.status != InvoiceStatus.DRAFT:
        raise WrongInvoiceStatus("The invoice is voided. Draft another one.")
    now = now or timezone.now()
    profile = profile_of(row.tenant_id)
    _require_complete(row, due_at or row.due_at, now)
    if row.kind == InvoiceKind.USAGE:
        row.line_items = current_lines(row, profile)
        total_up_usage(row, profile)
    else:
        total_up(row, profile)
    row.recipient = recipient(profile)
    if row.amount_due < 0:
        row.credit_owed, row.due_at = -row.amount_due, None
        return number(row, profile, now=now, actor=actor)
    row.due_at = due_at or row.due_at or now + timedelta(days=profile.payment_terms_days)
    deduction = plan_deduction(row)
    row.applied_credit = deduction.amount
    paid_by = "" if row.amount_due else BY_CREDIT if deduction.amount else BY_WALLET
    row = number(row, profile, now=now, paid_by=paid_by, actor=actor)
    deduct_credit(row, deduction, now=now, actor=actor)
    return row


def _require_complete(row: Invoice, due_at: datetime | None, now: datetime) -> None:
    """Raise InvoiceIncomplete or Invalid unless the draft can be sent to a customer."""
    if not row.line_items:
        raise InvoiceIncomplete("The invoice has no lines. Add at least one before finalising it.")
    if not issuer()["name"].strip():
        raise InvoiceIncomplete("The issuer of invoices has no name. Set BILLING_ISSUER_NAME before finalising it.")
    if due_at is not None and due_at < now:
        raise Invalid(errors={"due_at": [f"The due date {due_at:%Y-%m-%d} is in the past. Choose a later one."]})
    if row.kind == InvoiceKind.MANUAL:
        require_amounts(row.line_items, row.currency)


def recipient(profile: BillingProfile) -> dict[str, str]:
    """Return the current recipient of the tenant's invoices."""
    tenant = profile.tenant
    return {
        "name": profile.legal_name or tenant.name,
        "address": profile.address,
        "country": profile.country,
        "tax_id": profile.tax_id,
        "tax_name": profile.tax_name,
        "email": profile.invoice_email or tenant.email,
        # Dates on the invoice are in this time zone, and its texts in this language.
        "timezone": tenant.timezone,
        "language": profile.language,
    }


def number(row: Invoice, profile: BillingProfile, *, now: datetime, paid_by: str = "", actor: Actor = None) -> Invoice:
    """Assign the next number of the series to a complete draft and, with ``paid_by``, mark it paid."""
    row.finalised_at, row.issuer, row.status = now, issuer(), InvoiceStatus.PENDING
    with connection.cursor() as cursor:
        # An earlier statement of this transaction may have set it to immediate.
        cursor.execute(CHECK_NUMBER.format("DEFERRED"))
        row.sequence_number, row.invoice_number = take_number(row, profile)
        row.save()
        cursor.execute(CHECK_NUMBER.format("IMMEDIATE"))
    row.refresh_from_db()
    payload = values_of(row, "kind", "total", "currency", "due_at")
    emit("billing.invoice.finalised", aggregate=row, payload=payload, actor=actor)
    return mark_paid(row, paid_by, now, actor) if paid_by else row
