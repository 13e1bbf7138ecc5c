"""Reads that are more than a filter: conditions with a name, the price list, and what is lost next."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Final

from django.db.models import Q, QuerySet

from billing.pricing.models import Price, PriceCategory

# A list longer than this is not read on one page.
MOST_LISTED: Final = 2_000


@dataclass(slots=True)
class ListedComponent:
    """One component with the price everybody pays, if there is one, and those of single tenants."""

    provider: str
    model: str
    unit: str
    shared: Price | None = None
    own: list[Price] = field(default_factory=list)


@dataclass(slots=True)
class ListedCategory:
    """One kind of component."""

    title: str
    components: list[ListedComponent]


def in_force(now: datetime) -> Q:
    """The condition of prices that hold at that moment."""
    return Q(is_active=True, effective_from__lte=now) & (Q(effective_to__isnull=True) | Q(effective_to__gt=now))


def periods_of(price: Price) -> QuerySet[Price]:
    """Every price the component of this one has had or will have, for anybody the caller may see."""
    same = {name: getattr(price, name) for name in ("category", "provider", "model", "unit")}
    rows: QuerySet[Price] = Price.objects.filter(**same).select_related("tenant")
    return rows.order_by("-effective_from", "-pk")


def price_list(*, now: datetime) -> list[ListedCategory]:
    """What each component costs at that moment, by category."""
    rows = Price.objects.filter(in_force(now)).select_related("tenant")
    rows = rows.order_by("category", "provider", "model", "unit", "-effective_from")[:MOST_LISTED]
    titles = dict(PriceCategory.choices)
    return [
        ListedCategory(str(titles.get(category, category)), list(_components(prices)))
        for category, prices in groupby(rows, key=lambda row: row.category)
    ]


def _components(prices: Iterator[Price]) -> Iterator[ListedComponent]:
    for (provider, model, unit), rows in groupby(prices, key=lambda row: (row.provider, row.model, row.unit)):
        component = ListedComponent(provider, model, unit)
        for row in rows:
            if row.tenant_id is None:
                component.shared = row
            else:
                component.own.append(row)
        yield component
