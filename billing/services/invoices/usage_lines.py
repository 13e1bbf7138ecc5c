"""What a tenant's wallets were charged in a period, as lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.models import PriceCategory, PriceUnit
from billing.models.amounts import plain
from billing.services.legacy import MOVED, SETTLED

# Use is told by its items where they explain its debit to the last digit; other debits are told as they are.
# What was moved from legacy credits was used and paid before there were invoices.
LINES: Final = """
WITH moved AS (
    SELECT -l.amount AS amount, COALESCE(l.reverses_id, l.id) AS debit_id,
           CASE WHEN l.reverses_id IS NULL THEN 1 ELSE -1 END AS direction
    FROM billing_ledger_transactions l
    JOIN billing_wallets w ON w.tenant_id = l.tenant_id AND w.id = l.wallet_id AND w.currency = %(currency)s
    LEFT JOIN billing_ledger_transactions d ON d.tenant_id = l.tenant_id AND d.id = l.reverses_id
    WHERE l.tenant_id = %(tenant)s AND l.created_at >= %(start)s AND l.created_at < %(end)s
      AND (l.transaction_type = 'debit' OR d.transaction_type = 'debit')
      AND COALESCE(d.reference_type, l.reference_type) <> ALL (%(legacy)s)
), used AS (
    SELECT m.*, u.id AS event_id, COALESCE(u.feature_key, '') AS feature_key,
           CASE WHEN u.total_cost = m.amount * m.direction THEN u.usage_items END AS items,
           CASE WHEN u.occurred_at < %(start)s
                THEN to_char(u.occurred_at AT TIME ZONE %(zone)s, 'YYYY-MM') ELSE '' END AS used_in
    FROM moved m
    LEFT JOIN billing_usage_events u ON u.tenant_id = %(tenant)s AND u.ledger_transaction_id = m.debit_id
), parts AS (
    SELECT used.debit_id, used.feature_key, used.used_in, used.direction,
           item ->> 'category' AS category, item ->> 'provider' AS provider, item ->> 'model' AS model,
           item ->> 'unit' AS unit, (item ->> 'unit_price')::numeric AS unit_price,
           direction * (item ->> 'quantity')::numeric AS quantity, direction * (item ->> 'cost')::numeric AS amount
    FROM used CROSS JOIN LATERAL jsonb_array_elements(used.items) AS item
    UNION ALL
    SELECT used.debit_id, used.feature_key, used.used_in, used.direction,
           '', '', '', '', NULL, used.direction, used.amount
    FROM used WHERE used.items IS NULL
)
SELECT feature_key, used_in, category, provider, model, unit, unit_price, sum(quantity), sum(amount),
       count(DISTINCT debit_id) FILTER (WHERE direction = 1) - count(DISTINCT debit_id) FILTER (WHERE direction = -1)
FROM parts
GROUP BY feature_key, used_in, category, provider, model, unit, unit_price
HAVING sum(quantity) <> 0 OR sum(amount) <> 0
    OR count(DISTINCT debit_id) FILTER (WHERE direction = 1)
       <> count(DISTINCT debit_id) FILTER (WHERE direction = -1)
ORDER BY feature_key, used_in, category, provider, model, unit, unit_price
"""
CATEGORIES: Final = dict(PriceCategory.choices)
UNITS: Final = dict(PriceUnit.choices)


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a tenant, from ``start`` until before ``end``."""

    tenant_id: UUID
    zone: ZoneInfo
    start: datetime
    end: datetime
    currency: str

    @property
    def values(self) -> dict[str, Any]:
        names = ("start", "end", "currency")
        told = {name: getattr(self, name) for name in names}
        return {**told, "zone": self.zone.key, "tenant": self.tenant_id, "legacy": [MOVED, SETTLED]}


def usage_lines(period: Period) -> list[dict[str, Any]]:
    """The debits of the period less what was given back, by feature and component; they add up to them exactly.

    A debit counts in the period in which the ledger has it. Use of an earlier month has lines of its
    own, and so has what was given back of it, with a negative amount.
    """
    with connection.cursor() as cursor:
        cursor.execute(LINES, period.values)
        return list(_lines(cursor.fetchall()))


def _lines(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for feature, used_in, category, provider, model, unit, unit_price, quantity, amount, uses in rows:
        component = {"category": category, "provider": provider, "model": model, "unit": unit}
        told = {"feature_key": feature, "used_in": used_in, **component}
        yield {
            "description": _description(**told),
            "quantity": plain(quantity),
            # What no item explains has no price of its own.
            "unit_price": plain(unit_price if unit_price is not None else _mean(amount, quantity)),
            "amount": plain(amount),
            "uses": uses,
            **{name: text for name, text in told.items() if text},
        }


def _mean(amount: Decimal, quantity: Decimal) -> Decimal:
    mean = abs(amount / quantity) if quantity else Decimal(0)
    return mean.quantize(Decimal("0.0000000001"))


def _description(*, feature_key: str, used_in: str, category: str, provider: str, model: str, unit: str) -> str:
    if category:
        kind = str(CATEGORIES.get(category, category.replace("_", " ").capitalize()))
        says = f"{kind}: {provider} {model}, by the {str(UNITS.get(unit, unit)).lower()}"
    else:
        says = feature_key.replace("-", " ").replace("_", " ").capitalize() or "Other charges"
    return says + (f" (used in {_month(used_in)})" if used_in else "")


def _month(text: str) -> str:
    """``2026-07`` as July 2026."""
    return f"{date.fromisoformat(f'{text}-01'):%B %Y}"
