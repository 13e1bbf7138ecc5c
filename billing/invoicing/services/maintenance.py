"""Periodic maintenance of invoices: mark overdue ones and draft the month that has ended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
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
from lad.types import Actor
from tenants.teams.models import Tenant

# Missed drafts of a month are made up for within this time.
CATCH_UP: Final = timedelta(days=7)
MAX_OVERDUE_PER_RUN: Final = 10_000
LONGER_THAN_A_MONTH: Final = timedelta(days=32)

log = structlog.get_logger("lad.billing.invoices")


def run_maintenance(*, now: datetime) -> None:
    """Mark overdue invoices and draft last month's invoices. Can be interrupted and repeated.

    Each tenant's drafts and each overdue invoice have their own transaction. A failure is logged and does not
    block the rest.
    """
    for tenant_id, invoice in _invoices_past_due(now):
        _run_in_tenant(tenant_id, partial(mark_overdue, invoice=invoice, now=now))
    for tenant_id in _tenants_with_wallets():
        _run_in_tenant(tenant_id, partial(draft_last_month, tenant_id, now=now))


def draft_last_month(tenant_id: UUID, *, now: datetime) -> list[Invoice]:
    """Draft the missing invoices, one per currency, of the last month in the tenant's time zone.

    Call it inside the tenant's scope. Months that ended long ago or whose invoice was voided are left to staff.
    """
    start, end = last_month(zone_of(tenant_id), now)
    if now - end > CATCH_UP:
        return []
    # The middle of a month is in the same month in every time zone.
    middle = start + (end - start) / 2
    done = set(
        Invoice.objects.filter(kind=InvoiceKind.USAGE, period_start__lte=middle, period_end__gt=middle).values_list(
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
    """A tenant's draft for a month, or the reason why there is none."""

    tenant: Tenant
    invoice: Invoice | None
    reason: str = ""


def draft_month(*, month: date, now: datetime, actor: Actor = None) -> list[MonthDraft]:
    """Draft, or redraft, a calendar month of the current tenant or, as the platform, of every tenant.

    ``month`` is any day of the month, which begins and ends in each tenant's time zone. Tenants without
    charges are left out.
    """
    chosen = default_tenant_id()
    found: list[MonthDraft] = []
    for tenant_id in [chosen] if chosen else _tenants_with_wallets():
        found += _draft_tenant_month(tenant_id, month, now, actor)
    return found


def _draft_tenant_month(tenant_id: UUID, month: date, now: datetime, actor: Actor) -> Iterator[MonthDraft]:
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
    """Return start and end of the last completed calendar month in the zone."""
    end = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (end - timedelta(days=1)).replace(day=1), end


def _invoices_past_due(now: datetime) -> list[tuple[UUID, Invoice]]:
    with platform_context():
        rows = Invoice.objects.filter(status=InvoiceStatus.PENDING, due_at__lte=now).order_by("due_at")
        return [(row.tenant_id, row) for row in rows.only("id", "tenant_id")[:MAX_OVERDUE_PER_RUN]]


def _tenants_with_wallets() -> list[UUID]:
    """Return the ids of the tenants that have wallets."""
    with platform_context():
        living = Tenant.objects.filter(Exists(Wallet.objects.filter(tenant=OuterRef("pk"))))
        return list(living.order_by("pk").values_list("pk", flat=True))


def _run_in_tenant(tenant_id: UUID, work: Callable[[], object]) -> None:
    try:
        with tenant_context(tenant_id):
            work()
    except WrongInvoiceStatus:
        # Paid or voided in the meantime.
        return
    except Exception:
        log.exception("invoice maintenance failed", tenant_id=str(tenant_id))
