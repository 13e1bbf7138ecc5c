"""Finalise invoices: assign the next number of the series, after which an invoice never changes."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from billing.invoicing.documents.issuer import issuer
from billing.invoicing.errors import InvoiceIncomplete, WrongInvoiceStatus
from billing.invoicing.models import LEGACY_NUMBERS, BillingProfile, Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.drafting import require_current
from billing.invoicing.services.lines import total_up
from billing.invoicing.services.transitions import mark_paid, values_of
from lad.db.identifiers import uuid7
from lad.outbox.emission import emit
from lad.types import Actor

DIGITS: Final = 6
# The payment method of an invoice that wallets have paid in full.
BY_WALLET: Final = "wallet"

START_SERIES: Final = """
INSERT INTO billing_invoice_series (id, tenant_id, series, prefix) VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant_id, series) DO NOTHING
"""
TAKE_NUMBER: Final = """
UPDATE billing_invoice_series SET last_number = last_number + 1, prefix = %s
WHERE tenant_id = %s AND series = %s RETURNING last_number
"""
# Checked before the commit, when the scope may already be another one.
CHECK_NUMBER: Final = "SET CONSTRAINTS billing_invoice_series_used {}"


@transaction.atomic
def finalise(
    *, invoice: Invoice, due_at: datetime | None = None, now: datetime | None = None, actor: Actor = None
) -> Invoice:
    """Give a draft its number, tax, recipient and due date. Idempotent.

    The due date follows from the tenant's payment terms unless given. An invoice that wallets have paid in
    full becomes paid at once. The series stays locked until the caller's transaction ends, so keep that short.
    Emits ``billing.invoice.finalised``. Raises InvoiceIncomplete without lines, DraftOutdated if the ledger
    has changed, WrongInvoiceStatus for a voided draft.
    """
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if row.finalised_at is not None and row.status != InvoiceStatus.VOIDED:
        return row
    if row.status != InvoiceStatus.DRAFT:
        raise WrongInvoiceStatus("The invoice is voided. Draft another one.")
    if not row.line_items:
        raise InvoiceIncomplete("The invoice has no lines. Add at least one before finalising it.")
    if row.kind == InvoiceKind.USAGE:
        require_current(row)
    now = now or timezone.now()
    profile = profile_of(row.tenant_id)
    total_up(row, profile)
    row.due_at = due_at or row.due_at or now + timedelta(days=profile.payment_terms_days)
    row.recipient = recipient(profile)
    return number(row, profile, now=now, paid_by=BY_WALLET if row.amount_due <= 0 else "", actor=actor)


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
        # Dates on the invoice are in this time zone.
        "timezone": tenant.timezone,
    }


def number(row: Invoice, profile: BillingProfile, *, now: datetime, paid_by: str = "", actor: Actor = None) -> Invoice:
    """Assign the next number of the series to a complete draft and, with ``paid_by``, mark it paid."""
    prefix = _prefix(profile, row.series)
    row.finalised_at, row.issuer, row.status = now, issuer(), InvoiceStatus.PENDING
    with connection.cursor() as cursor:
        # An earlier statement of this transaction may have set it to immediate.
        cursor.execute(CHECK_NUMBER.format("DEFERRED"))
        row.sequence_number = _take(row, prefix)
        row.invoice_number = f"{prefix}{row.sequence_number:0{DIGITS}d}"
        row.save()
        cursor.execute(CHECK_NUMBER.format("IMMEDIATE"))
    row.refresh_from_db()
    payload = values_of(row, "kind", "total", "currency", "due_at")
    emit("billing.invoice.finalised", aggregate=row, payload=payload, actor=actor)
    return mark_paid(row, paid_by, now, actor) if paid_by else row


def _take(row: Invoice, prefix: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(TAKE_NUMBER, [prefix, row.tenant_id, row.series])
        taken = cursor.fetchone()
        if taken is None:
            cursor.execute(START_SERIES, [uuid7(), row.tenant_id, row.series, prefix])
            cursor.execute(TAKE_NUMBER, [prefix, row.tenant_id, row.series])
            taken = cursor.fetchone()
    return int(taken[0])


def _prefix(profile: BillingProfile, series: str) -> str:
    """Return the prefix of the series, altered if legacy numbers begin with it."""
    prefix = "".join(f"{part}-" for part in (profile.invoice_prefix, series) if part)
    legacy = Invoice.objects.filter(series=LEGACY_NUMBERS, invoice_number__startswith=prefix)
    return f"{prefix}N" if legacy.exists() else prefix
