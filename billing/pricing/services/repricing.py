"""What past use would have cost at other terms: read before a price is changed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from billing.pricing.models import COMPONENT, Price
from billing.pricing.services import quoting as pricing
from billing.pricing.services.prices import Terms
from tenants.teams.models import Tenant

SPAN: Final = timedelta(days=30)
# Of each tenant so many of the newest events are looked at: enough to see, quick enough to wait for.
MOST_EVENTS: Final = 20_000
MOST_TENANTS: Final = 1_000

# Events are found by the index on tenant and moment; a price's uses differ in their quantity alone.
USES: Final = """
SELECT event.tenant_id, (item ->> 'quantity')::numeric, count(*), sum((item ->> 'cost')::numeric)
FROM unnest(%(tenants)s::uuid[]) AS tenant (id)
CROSS JOIN LATERAL (
    SELECT tenant_id, usage_items, status FROM billing_usage_events
    WHERE tenant_id = tenant.id AND occurred_at >= %(since)s AND occurred_at < %(until)s
    ORDER BY occurred_at DESC LIMIT %(most)s
) AS event
CROSS JOIN LATERAL jsonb_array_elements(event.usage_items) AS item
WHERE event.status <> 'voided' AND item ->> 'price_id' = ANY (%(prices)s)
GROUP BY 1, 2
"""
BUSY: Final = """
SELECT tenant.id FROM unnest(%(tenants)s::uuid[]) AS tenant (id)
WHERE EXISTS (
    SELECT FROM billing_usage_events
    WHERE tenant_id = tenant.id AND occurred_at >= %(since)s AND occurred_at < %(until)s OFFSET %(most)s
)
"""


@dataclass(slots=True)
class TenantEffect:
    """One tenant's use of the price: how often, what it cost and what it would have cost."""

    tenant: Tenant
    uses: int = 0
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Effect:
    """Whole days of use, priced again, the tenants concerned most first.

    ``partial`` are those of whom only the newest events were looked at.
    """

    since: datetime
    until: datetime
    tenants: list[TenantEffect]
    partial: list[Tenant]

    @property
    def uses(self) -> int:
        return sum(each.uses for each in self.tenants)

    @property
    def before(self) -> Decimal:
        return sum((each.before for each in self.tenants), Decimal(0))

    @property
    def after(self) -> Decimal:
        return sum((each.after for each in self.tenants), Decimal(0))


def effect_of(*, price: Price, terms: Terms, now: datetime) -> Effect:
    """What the last 30 whole days (UTC) of use of the price, in all its versions, would have cost at the terms.

    Of use by everybody the caller may see. Raises Invalid for a cost that no ledger could hold.
    """
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tenants = _tenants_of(price)
    asked = {
        "tenants": list(tenants),
        "since": until - SPAN,
        "until": until,
        "most": MOST_EVENTS,
        "prices": [str(key) for key in _versions_of(price)],
    }
    trial = terms.trial()
    found: dict[UUID, TenantEffect] = defaultdict(lambda: TenantEffect(Tenant()))
    for tenant_id, quantity, uses, cost in _rows(USES, asked):
        effect = found[tenant_id]
        effect.tenant = tenants[tenant_id]
        effect.uses += uses
        effect.before += cost
        effect.after += uses * pricing.cost_of(trial, quantity)
    most_first = sorted(found.values(), key=lambda each: (-abs(each.after - each.before), str(each.tenant)))
    partial = [tenants[row[0]] for row in _rows(BUSY, asked)]
    return Effect(until - SPAN, until, most_first, partial)


def _tenants_of(price: Price) -> dict[UUID, Tenant]:
    """Those who may have used the price, the newest tenants first where there are very many."""
    rows = Tenant.objects.filter(pk=price.tenant_id) if price.tenant_id else Tenant.objects.order_by("-pk")
    return {tenant.pk: tenant for tenant in rows[:MOST_TENANTS]}


def _versions_of(price: Price) -> Iterable[UUID]:
    same = {name: getattr(price, name) for name in ("tenant_id", *COMPONENT)}
    keys: Iterable[UUID] = Price.objects.filter(**same).values_list("pk", flat=True)
    return keys


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
