"""Finalising: the invoice gets its number, the next of its series, and stays as it is from then on."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from billing.invoicing.documents.issuer import issuer
from billing.invoicing.errors import InvoiceIncomplete, WrongInvoiceStatus
from billing.invoicing.models import TYPED, BillingProfile, Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.drafting import require_current
from billing.invoicing.services.lines import total_up
from billing.invoicing.services.steps import settle, told
from lad.db.identifiers import uuid7
from lad.outbox.emission import emit

DIGITS: Final = 6
# The wallets had paid all of it before it was asked for.
BY_WALLET: Final = "wallet"

BEGIN: Final = """
INSERT INTO billing_invoice_series (id, tenant_id, series, prefix) VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant_id, series) DO NOTHING
"""
TAKE: Final = """
UPDATE billing_invoice_series SET last_number = last_number + 1, prefix = %s
WHERE tenant_id = %s AND series = %s RETURNING last_number
"""
# Checked here and not at the commit: by then the scope may be another one.
CHECK_NUMBER: Final = "SET CONSTRAINTS billing_invoice_series_used {}"


@transaction.atomic
def finalise(
    *, invoice: Invoice, due_at: datetime | None = None, now: datetime | None = None, actor: Any = None
) -> Invoice:
    """Give a draft its number, tax, recipient and due date. Idempotent.

    The due date follows from the tenant's payment terms unless given. An invoice that wallets have paid
    is paid at once. Others wait for the series' number until the caller's transaction commits: keep it
    short. Emits ``billing.invoice.finalised``. Raises InvoiceIncomplete without lines, DraftOutdated when
    the ledger says something else by now, WrongInvoiceStatus for a voided draft.
    """
    row: Invoice = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if row.finalised_at is not None and row.status != InvoiceStatus.VOIDED:
        return row
    if row.status != InvoiceStatus.DRAFT:
        raise WrongInvoiceStatus("The invoice is voided: draft another.")
    if not row.line_items:
        raise InvoiceIncomplete("An invoice without lines asks for nothing.")
    if row.kind == InvoiceKind.USAGE:
        require_current(row)
    now = now or timezone.now()
    profile = profile_of(row.tenant_id)
    total_up(row, profile)
    row.due_at = due_at or row.due_at or now + timedelta(days=profile.payment_terms_days)
    row.recipient = recipient(profile)
    return number(row, profile, now=now, paid_by=BY_WALLET if row.amount_due <= 0 else "", actor=actor)


def recipient(profile: BillingProfile) -> dict[str, str]:
    """Who an invoice of the tenant is written to, as of now."""
    tenant = profile.tenant
    return {
        "name": profile.legal_name or tenant.name,
        "address": profile.address,
        "country": profile.country,
        "tax_id": profile.tax_id,
        "tax_name": profile.tax_name,
        "email": profile.invoice_email or tenant.email,
        # Its dates are told in it.
        "timezone": tenant.timezone,
    }


def number(row: Invoice, profile: BillingProfile, *, now: datetime, paid_by: str = "", actor: Any = None) -> Invoice:
    """Take the next number of the series for a complete draft, and with ``paid_by`` record that it is paid."""
    prefix = _prefix(profile, row.series)
    row.finalised_at, row.issuer, row.status = now, issuer(), InvoiceStatus.PENDING
    with connection.cursor() as cursor:
        # Whatever ran before in this transaction may have left it to be checked at once.
        cursor.execute(CHECK_NUMBER.format("DEFERRED"))
        row.sequence_number = _take(row, prefix)
        row.invoice_number = f"{prefix}{row.sequence_number:0{DIGITS}d}"
        row.save()
        cursor.execute(CHECK_NUMBER.format("IMMEDIATE"))
    row.refresh_from_db()
    payload = told(row, "kind", "total", "currency", "due_at")
    emit("billing.invoice.finalised", aggregate=row, payload=payload, actor=actor)
    return settle(row, paid_by, now, actor) if paid_by else row


def _take(row: Invoice, prefix: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [prefix, row.tenant_id, row.series])
        taken = cursor.fetchone()
        if taken is None:
            cursor.execute(BEGIN, [uuid7(), row.tenant_id, row.series, prefix])
            cursor.execute(TAKE, [prefix, row.tenant_id, row.series])
            taken = cursor.fetchone()
    return int(taken[0])


def _prefix(profile: BillingProfile, series: str) -> str:
    """What stands before the number; something else when numbers typed by hand begin with it."""
    prefix = "".join(f"{part}-" for part in (profile.invoice_prefix, series) if part)
    typed = Invoice.objects.filter(series=TYPED, invoice_number__startswith=prefix)
    return f"{prefix}N" if typed.exists() else prefix
