"""What time does to invoices: the unpaid fall overdue, and each month over is drafted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db.models import Exists, OuterRef

from billing.invoicing.errors import NothingUsed, PeriodInvoiced, WrongInvoiceStatus
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus
from billing.invoicing.services.drafting import draft_for_period, zone_of
from billing.invoicing.services.payment import mark_overdue
from billing.ledger.models import Wallet
from lad.errors import DomainError
from lad.tenancy.context import default_tenant_id, platform_context, tenant_context
from tenants.teams.models import Tenant

# For so long after a month's end its drafts are made up for when the task did not run.
CATCH_UP: Final = timedelta(days=7)
MOST_OVERDUE: Final = 10_000
LONGER_THAN_A_MONTH: Final = timedelta(days=32)

log = structlog.get_logger("lad.billing.invoices")


def tend(*, now: datetime) -> None:
    """Mark what is overdue, and draft last month's invoices where the month has ended. Resumable.

    Each tenant's draft and each overdue invoice is a transaction of its own; one that fails is logged
    and holds up no other.
    """
    for tenant_id, invoice in _fallen_due(now):
        _within(tenant_id, partial(mark_overdue, invoice=invoice, now=now))
    for tenant_id in _holders():
        _within(tenant_id, partial(draft_last_month, tenant_id, now=now))


def draft_last_month(tenant_id: UUID, *, now: datetime) -> list[Invoice]:
    """Draft what is not drafted of the month that ended last in the tenant's time zone, in each currency.

    Inside the tenant's scope. A month whose invoice was voided is left to people, and so is one that
    ended long ago.
    """
    start, end = last_month(zone_of(tenant_id), now)
    if now - end > CATCH_UP:
        return []
    done = set(
        Invoice.objects.filter(kind=InvoiceKind.USAGE, period_start__lt=end, period_end__gt=start).values_list(
            "currency", flat=True
        )
    )
    currencies = set(Wallet.objects.values_list("currency", flat=True)) - done
    drafts = []
    for currency in sorted(currencies):
        try:
            drafts.append(draft_for_period(period_start=start, period_end=end, currency=currency, now=now))
        except (NothingUsed, PeriodInvoiced):
            continue
    return drafts


@dataclass(frozen=True, slots=True)
class MonthDraft:
    """What became of a tenant's month: a draft, or why there is none."""

    tenant: Tenant
    invoice: Invoice | None
    refusal: str = ""


def draft_month(*, month: date, now: datetime, actor: Any = None) -> list[MonthDraft]:
    """Draft, or draft again, a calendar month of the current tenant or, for the platform, of every tenant.

    ``month`` is any day of it; it begins and ends in each tenant's time zone. Tenants that nothing was
    charged to are left out.
    """
    chosen = default_tenant_id()
    found: list[MonthDraft] = []
    for tenant_id in [chosen] if chosen else _holders():
        found += _month_of(tenant_id, month, now, actor)
    return found


def _month_of(tenant_id: UUID, month: date, now: datetime, actor: Any) -> Iterator[MonthDraft]:
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        start = datetime(month.year, month.month, 1, tzinfo=zone_of(tenant_id))
        end = (start + LONGER_THAN_A_MONTH).replace(day=1)
        for currency in sorted(set(Wallet.objects.values_list("currency", flat=True))):
            try:
                row = draft_for_period(period_start=start, period_end=end, currency=currency, now=now, actor=actor)
            except NothingUsed:
                continue
            except DomainError as error:
                yield MonthDraft(tenant, None, error.detail)
            else:
                yield MonthDraft(tenant, row)


def last_month(zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The calendar month that ended last in the zone."""
    end = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (end - timedelta(days=1)).replace(day=1), end


def _fallen_due(now: datetime) -> list[tuple[UUID, Invoice]]:
    with platform_context():
        rows = Invoice.objects.filter(status=InvoiceStatus.PENDING, due_at__lte=now).order_by("due_at")
        return [(row.tenant_id, row) for row in rows.only("id", "tenant_id")[:MOST_OVERDUE]]


def _holders() -> list[UUID]:
    """The tenants that have wallets."""
    with platform_context():
        living = Tenant.objects.filter(Exists(Wallet.objects.filter(tenant=OuterRef("pk"))))
        return list(living.order_by("pk").values_list("pk", flat=True))


def _within(tenant_id: UUID, work: Callable[[], Any]) -> None:
    try:
        with tenant_context(tenant_id):
            work()
    except WrongInvoiceStatus:
        # Paid or voided since it was looked for.
        return
    except Exception:
        log.exception("an invoice was not tended", tenant_id=str(tenant_id))
