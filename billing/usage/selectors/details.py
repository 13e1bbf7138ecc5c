"""Use in finer grain than one sum: for a chart of days, and for a spreadsheet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from billing.usage.selectors.summaries import Chosen, Period, fetched, source_of, with_items

# So many lines are in memory at once.
CHUNK: Final = 2_000

EXPORT: Final = """
SELECT (occurred_at AT TIME ZONE %(zone)s)::date, feature_key, user_id, status,
       item.category, item.provider, item.model, item.unit, count(*), sum(item.quantity), sum(item.cost)
{source} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"""


@dataclass(frozen=True, slots=True)
class Detail:
    """What one person used of one component of a feature on a day."""

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


def stacked(period: Period, chosen: Chosen, features: Sequence[str]) -> dict[date, dict[str, Decimal]]:
    """What each of these features cost on each day it was used."""
    source, parameters = source_of(period, chosen)
    rows = fetched(
        f"SELECT (occurred_at AT TIME ZONE %(zone)s)::date, feature_key, sum(total_cost) {source}"
        " AND feature_key = ANY(%(features)s) GROUP BY 1, 2",
        {**parameters, "features": list(features)},
    )
    found: dict[date, dict[str, Decimal]] = {}
    for day, feature, cost in rows:
        found.setdefault(day, {})[feature] = cost
    return found


def details(period: Period, chosen: Chosen) -> Iterator[list[Detail]]:
    """All use of the period by day, feature, person, status and component, of one moment and in chunks."""
    source, parameters = source_of(period, chosen)
    with connection.chunked_cursor() as cursor:
        cursor.execute(EXPORT.format(source=with_items(source)), parameters)
        while rows := cursor.fetchmany(CHUNK):
            yield [Detail(*row) for row in rows]
