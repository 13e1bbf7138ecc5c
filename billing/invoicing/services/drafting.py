"""Drafts of period invoices: what the wallets were charged, asked for by nobody yet."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.invoicing.errors import DraftOutdated, NothingUsed, PeriodInvoiced, PeriodNotOver
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.lines import total_up
from billing.invoicing.services.usage_lines import Period, usage_lines
from billing.money import DEFAULT_CURRENCY
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from tenants.teams.models import Tenant


@transaction.atomic
def draft_for_period(
    *,
    period_start: datetime,
    period_end: datetime,
    currency: str = DEFAULT_CURRENCY,
    now: datetime | None = None,
    actor: Any = None,
) -> Invoice:
    """Draft the current tenant's invoice for what its wallets were charged in a period, or draft it again.

    The period reaches from ``period_start`` until before ``period_end``; a debit counts where the ledger
    has it. Emits ``billing.invoice.drafted``. Raises PeriodNotOver, NothingUsed, or PeriodInvoiced when
    a finalised invoice or the draft of another period covers some of it.
    """
    if period_end > (now or timezone.now()):
        raise PeriodNotOver
    period = _period(period_start, period_end, currency)
    _wait_for_postings(period)
    lines = usage_lines(period)
    if not lines:
        raise NothingUsed
    row = _draft_of(period) or Invoice(
        kind=InvoiceKind.USAGE, period_start=period_start, period_end=period_end, currency=currency
    )
    row.line_items = lines
    total_up(row, profile_of(period.tenant_id))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # Somebody else drafted it in the meantime.
        raise PeriodInvoiced from error
    row.refresh_from_db()
    emit("billing.invoice.drafted", aggregate=row, payload={"total": row.total, "currency": currency}, actor=actor)
    return row


def require_current(row: Invoice) -> None:
    """Raise DraftOutdated unless the lines of a usage draft are what the ledger says now."""
    period = _period(row.period_start, row.period_end, row.currency)
    _wait_for_postings(period)
    if usage_lines(period) != row.line_items:
        raise DraftOutdated


def zone_of(tenant_id: Any) -> ZoneInfo:
    """The time zone in which the tenant's months begin."""
    return ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def _period(start: datetime, end: datetime, currency: str) -> Period:
    tenant_id = current_tenant_id()
    return Period(tenant_id=tenant_id, zone=zone_of(tenant_id), start=start, end=end, currency=currency)


def _wait_for_postings(period: Period) -> None:
    """Let every posting that has its moment already be committed, so that none is missed.

    The ledger takes its clock under the wallet's lock. The savepoint is undone to give the locks back.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM billing_wallets WHERE tenant_id = %s AND currency = %s ORDER BY id FOR SHARE",
            [period.tenant_id, period.currency],
        )
        transaction.set_rollback(True)


def _draft_of(period: Period) -> Invoice | None:
    """The draft of exactly this period. Raises PeriodInvoiced when anything else covers some of it."""
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
        raise PeriodInvoiced(f"{row} covers use from {row.period_start:%Y-%m-%d} to {row.period_end:%Y-%m-%d}.")
    return row
