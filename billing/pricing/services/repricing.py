"""Work out what past usage would have cost at new terms, before a price is changed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from billing.pricing.models import COMPONENT, Price
from billing.pricing.services import quoting
from billing.pricing.services.prices import PriceTerms
from tenants.teams.models import Tenant

PERIOD: Final = timedelta(days=30)
# Bounds the time that a preview takes.
MAX_EVENTS_PER_TENANT: Final = 20_000
MAX_TENANTS: Final = 1_000

# Uses the index on tenant and time. Uses of one price differ only in quantity.
USES_OF_PRICES: Final = """
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
TENANTS_OVER_LIMIT: Final = """
SELECT tenant.id FROM unnest(%(tenants)s::uuid[]) AS tenant (id)
WHERE EXISTS (
    SELECT FROM billing_usage_events
    WHERE tenant_id = tenant.id AND occurred_at >= %(since)s AND occurred_at < %(until)s OFFSET %(most)s
)
"""


@dataclass(slots=True)
class TenantEffect:
    """One tenant's usage of the price: the number of uses, their cost, and their cost at the new terms."""

    tenant: Tenant
    uses: int = 0
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class RepricingEffect:
    """Usage of a period priced again, the most affected tenants first.

    ``partial`` lists the tenants whose oldest events were left out.
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


def effect_of(*, price: Price, terms: PriceTerms, now: datetime) -> RepricingEffect:
    """Price the last 30 whole days (UTC) of usage of the price, in all its versions, at the new terms.

    Covers the tenants that the caller may see. Raises Invalid if a cost is too large for the ledger.
    """
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tenants = _tenants_using(price)
    parameters = {
        "tenants": list(tenants),
        "since": until - PERIOD,
        "until": until,
        "most": MAX_EVENTS_PER_TENANT,
        "prices": [str(key) for key in _version_ids(price)],
    }
    trial = terms.trial()
    found: dict[UUID, TenantEffect] = defaultdict(lambda: TenantEffect(Tenant()))
    for tenant_id, quantity, uses, cost in _rows(USES_OF_PRICES, parameters):
        effect = found[tenant_id]
        effect.tenant = tenants[tenant_id]
        effect.uses += uses
        effect.before += cost
        effect.after += uses * quoting.cost_of(trial, quantity)
    most_first = sorted(found.values(), key=lambda each: (-abs(each.after - each.before), str(each.tenant)))
    partial = [tenants[row[0]] for row in _rows(TENANTS_OVER_LIMIT, parameters)]
    return RepricingEffect(until - PERIOD, until, most_first, partial)


def _tenants_using(price: Price) -> dict[UUID, Tenant]:
    """Return the tenants that may have used the price, the newest first if there are very many."""
    rows = Tenant.objects.filter(pk=price.tenant_id) if price.tenant_id else Tenant.objects.order_by("-pk")
    return {tenant.pk: tenant for tenant in rows[:MAX_TENANTS]}


def _version_ids(price: Price) -> Iterable[UUID]:
    same = {name: getattr(price, name) for name in ("tenant_id", *COMPONENT)}
    keys: Iterable[UUID] = Price.objects.filter(**same).values_list("pk", flat=True)
    return keys


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
