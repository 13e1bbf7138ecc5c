"""Draft period invoices for what a tenant's wallets were charged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.invoicing.errors import DraftOutdated, NothingUsed, PeriodInvoiced, PeriodNotOver
from billing.invoicing.models import BillingProfile, Invoice, InvoiceKind, InvoiceStatus, TaxPoint, profile_of
from billing.invoicing.services.lines import total_up
from billing.invoicing.services.periods import joined_to_neighbours
from billing.invoicing.services.taxable_usage import taxable_usage
from billing.invoicing.services.usage_lines import InvoicePeriod, usage_lines
from billing.money import DEFAULT_CURRENCY
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from tenants.teams.models import Tenant


@transaction.atomic
def draft_for_period(
    *,
    period_start: datetime,
    period_end: datetime,
    currency: str = DEFAULT_CURRENCY,
    now: datetime | None = None,
    actor: Actor = None,
) -> Invoice:
    """Draft, or redraft, the current tenant's invoice for what its wallets were charged in a period.

    The period includes ``period_start`` and excludes ``period_end``; a debit counts at its time in the ledger. A
    period of about a month begins where the last one ended, whatever the tenant's time zone has become.
    Emits ``billing.invoice.drafted``. Raises PeriodNotOver, NothingUsed, or PeriodInvoiced if a finalised
    invoice or the draft of a different period overlaps it.
    """
    period = joined_to_neighbours(_period(period_start, period_end, currency))
    if period.end > (now or timezone.now()):
        raise PeriodNotOver
    _wait_for_postings(period)
    profile = profile_of(period.tenant_id)
    lines = usage_lines(period, language=profile.language)
    if not lines:
        raise NothingUsed
    row = _draft_of(period) or Invoice(
        kind=InvoiceKind.USAGE, period_start=period.start, period_end=period.end, currency=currency
    )
    row.line_items = lines
    total_up_usage(row, profile)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # A simultaneous call drafted it first.
        raise PeriodInvoiced from error
    row.refresh_from_db()
    emit("billing.invoice.drafted", aggregate=row, payload={"total": row.total, "currency": currency}, actor=actor)
    return row


def total_up_usage(row: Invoice, profile: BillingProfile) -> None:
    """Set the sums of a period's invoice: tax is due on what was paid for the credits, if it was not paid with them."""
    period = _period(row.period_start, row.period_end, row.currency)
    taxable = taxable_usage(period, untaxed_purchases=profile.tax_point == TaxPoint.USE) if profile.tax_rate else None
    total_up(row, profile, taxable=taxable)


def current_lines(row: Invoice, profile: BillingProfile) -> list[dict[str, Any]]:
    """Return the lines of a usage draft, described in the customer's current language.

    Raises DraftOutdated unless they match the ledger.
    """
    period = _period(row.period_start, row.period_end, row.currency)
    _wait_for_postings(period)
    lines = usage_lines(period, language=profile.language)
    if [_undescribed(line) for line in lines] != [_undescribed(line) for line in row.line_items]:
        raise DraftOutdated
    return lines


def _undescribed(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "description"}


def zone_of(tenant_id: UUID) -> ZoneInfo:
    """Return the tenant's time zone, in which its months begin."""
    return ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def _period(start: datetime, end: datetime, currency: str) -> InvoicePeriod:
    tenant_id = current_tenant_id()
    return InvoicePeriod(tenant_id=tenant_id, zone=zone_of(tenant_id), start=start, end=end, currency=currency)


def _wait_for_postings(period: InvoicePeriod) -> None:
    """Wait until all postings that already have a timestamp are committed, so that none is missed.

    The ledger takes its timestamp while it holds the wallet's lock. Rolling back the savepoint releases the
    locks.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM billing_wallets WHERE tenant_id = %s AND currency = %s ORDER BY id FOR SHARE",
            [period.tenant_id, period.currency],
        )
        transaction.set_rollback(True)


def _draft_of(period: InvoicePeriod) -> Invoice | None:
    """Return the draft of exactly this period, if any. Raises PeriodInvoiced if another invoice overlaps it."""
    covering = list(
        Invoice.objects.filter(
            kind=InvoiceKind.USAGE,
            currency=period.currency,
            period_start__lt=period.end,
            period_end__gt=period.start,
        )
        .exclude(status=InvoiceStatus.VOIDED)
        .select_for_update(no_key=True)
    )
    if not covering:
        return None
    row: Invoice = covering[0]
    same = (row.period_start, row.period_end) == (period.start, period.end)
    if row.status != InvoiceStatus.DRAFT or not same:
        raise PeriodInvoiced(
            f"{row} already covers usage from {row.period_start:%Y-%m-%d} to {row.period_end:%Y-%m-%d}."
        )
    return row
