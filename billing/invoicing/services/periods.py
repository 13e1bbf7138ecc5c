"""The periods of usage invoices, which follow each other without a gap whatever the tenant's time zone becomes."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus
from billing.invoicing.services.usage_lines import InvoicePeriod

# How far the start of a month moves at most when a tenant changes its time zone, with an hour for summer time.
MOST_MOVED: Final = timedelta(hours=27)

FIRST_CHARGE: Final = """
SELECT min(l.created_at) FROM billing_ledger_transactions l
JOIN billing_wallets w ON w.tenant_id = l.tenant_id AND w.id = l.wallet_id AND w.currency = %(currency)s
LEFT JOIN billing_ledger_transactions d ON d.tenant_id = l.tenant_id AND d.id = l.reverses_id
WHERE l.tenant_id = %(tenant)s AND l.created_at >= %(start)s AND l.created_at < %(end)s
  AND (l.transaction_type = 'debit' OR d.transaction_type = 'debit')
  AND COALESCE(d.reference_type, l.reference_type) <> ALL (%(legacy)s)
"""
TIME_ZONE_CHANGED: Final = """
SELECT EXISTS (
    SELECT FROM audit_entries
    WHERE table_name = 'tenants' AND action = 'updated' AND (row_id = %(tenant)s OR %(tenant)s = ANY (row_ids))
      AND (changes ? 'timezone' OR row_changes ? 'timezone'))
"""


def joined_to_neighbours(period: InvoicePeriod) -> InvoicePeriod:
    """Return the period with the boundaries that it shares with the tenant's other usage invoices.

    A period begins where the last one ended, even if the month begins at another time since the tenant changed its
    time zone. It includes months before it without an invoice if something was charged in them. It ends where the
    next one begins, if that is already invoiced. A period that was invoiced before, also by an invoice that was
    voided, keeps its boundaries. Periods of a few days are left as they are.
    """
    if period.end - period.start <= 2 * MOST_MOVED:
        return period
    known = _same_period(period)
    if known is not None:
        return period.between(known.period_start, known.period_end)
    start = _start(period)
    following = (
        _invoices(period)
        .exclude(status=InvoiceStatus.VOIDED)
        .filter(
            period_start__gt=start, period_start__gte=period.end - MOST_MOVED, period_start__lt=period.end + MOST_MOVED
        )
    )
    after = following.order_by("period_start").first()
    return period.between(start, after.period_start if after is not None else period.end)


def _invoices(period: InvoicePeriod) -> QuerySet[Invoice]:
    return Invoice.objects.filter(tenant=period.tenant_id, kind=InvoiceKind.USAGE, currency=period.currency)


def _same_period(period: InvoicePeriod) -> Invoice | None:
    """Return the invoice of this period, in whatever time zone it was drafted. One that is not voided comes first."""
    found = _invoices(period).filter(
        period_start__gt=period.start - MOST_MOVED,
        period_start__lt=period.start + MOST_MOVED,
        period_end__gt=period.end - MOST_MOVED,
        period_end__lt=period.end + MOST_MOVED,
    )
    rows = sorted(found, key=lambda row: (row.status != InvoiceStatus.VOIDED, row.created_at))
    return rows[-1] if rows else None


def _start(period: InvoicePeriod) -> datetime:
    """Return where the last period ended, or when the month begins if months without charges lie between.

    Before its first invoice, a tenant that changed its time zone may have been charged in this month when it began
    earlier. The period then begins with the day of the first such charge.
    """
    last = _invoices(period).filter(period_end__lte=period.start + MOST_MOVED).order_by("-period_end").first()
    if last is None:
        first = _first_charge(period.between(period.start - MOST_MOVED, period.start))
        if first is None or not _changed_time_zone(period):
            return period.start
        return first.astimezone(period.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if period.start - last.period_end <= MOST_MOVED or _first_charge(period.between(last.period_end, period.start)):
        return last.period_end
    return period.start


def _first_charge(period: InvoicePeriod) -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(FIRST_CHARGE, period.values)
        first: datetime | None = cursor.fetchone()[0]
    return first


def _changed_time_zone(period: InvoicePeriod) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TIME_ZONE_CHANGED, period.values)
        return bool(cursor.fetchone()[0])
