"""Usage by day and feature for the chart, and in full detail for the CSV file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from billing.usage.selectors.summaries import Period, UsageFilter, fetch_all, filtered_source, with_items

# Bounds the memory that one export takes.
ROWS_PER_CHUNK: Final = 2_000

EXPORT: Final = """
SELECT (occurred_at AT TIME ZONE %(zone)s)::date, feature_key, user_id, status,
       item.category, item.provider, item.model, item.unit, count(*), sum(item.quantity), sum(item.cost)
{source} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"""


@dataclass(frozen=True, slots=True)
class UsageDetail:
    """One user's usage of one component of a feature on one day."""

    day: date
    feature_key: str
    user_id: UUID | None
    status: str
    category: str
    provider: str
    model: str
    unit: str
    uses: int
    quantity: Decimal
    cost: Decimal


def daily_costs_by_feature(
    period: Period, usage_filter: UsageFilter, features: Sequence[str]
) -> dict[date, dict[str, Decimal]]:
    """Return the cost of each of these features on each day it was used."""
    source, parameters = filtered_source(period, usage_filter)
    rows = fetch_all(
        f"SELECT (occurred_at AT TIME ZONE %(zone)s)::date, feature_key, sum(total_cost) {source}"
        " AND feature_key = ANY(%(features)s) GROUP BY 1, 2",
        {**parameters, "features": list(features)},
    )
    found: dict[date, dict[str, Decimal]] = {}
    for day, feature, cost in rows:
        found.setdefault(day, {})[feature] = cost
    return found


def usage_details(period: Period, usage_filter: UsageFilter) -> Iterator[list[UsageDetail]]:
    """Yield the period's usage by day, feature, user, status and component in chunks of one snapshot."""
    source, parameters = filtered_source(period, usage_filter)
    with connection.chunked_cursor() as cursor:
        cursor.execute(EXPORT.format(source=with_items(source)), parameters)
        while rows := cursor.fetchmany(ROWS_PER_CHUNK):
            yield [UsageDetail(*row) for row in rows]
