"""Turn what a tenant's wallets were charged in a period into invoice lines."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from billing.legacy.services import BALANCE_REFERENCE, CREDIT_REFERENCE
from billing.money import plain, round_unit_price
from billing.pricing.models import PriceCategory, PriceScheme
from billing.units import PriceUnit
from lad.languages import Localisation, localisation, marked

# The debits of a period, and the reversals of debits (l). The debit that a reversal gives back is d.
# The lines of an invoice and its tax are about the same ones.
DEBITS_OF_PERIOD: Final = """FROM billing_ledger_transactions l
    JOIN billing_wallets w ON w.tenant_id = l.tenant_id AND w.id = l.wallet_id AND w.currency = %(currency)s
    LEFT JOIN billing_ledger_transactions d ON d.tenant_id = l.tenant_id AND d.id = l.reverses_id
    WHERE l.tenant_id = %(tenant)s AND l.created_at >= %(start)s AND l.created_at < %(end)s
      AND (l.transaction_type = 'debit' OR d.transaction_type = 'debit')
      AND COALESCE(d.reference_type, l.reference_type) <> ALL (%(legacy)s)"""

# Usage is itemised if its items match the debit exactly; other debits are one line each. Legacy credits are left
# out: they were used and paid before there were invoices.
LINES: Final = f"""
WITH moved AS (
    SELECT -l.amount AS amount, COALESCE(l.reverses_id, l.id) AS debit_id,
           CASE WHEN l.reverses_id IS NULL THEN 1 ELSE -1 END AS direction
    {DEBITS_OF_PERIOD}
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
           item ->> 'unit' AS unit, COALESCE(item ->> 'scheme', 'unit') AS scheme,
           CASE WHEN item ->> 'scheme' <> 'unit' THEN NULL ELSE (item ->> 'unit_price')::numeric END AS unit_price,
           CASE WHEN item ->> 'scheme' <> 'unit' THEN (item ->> 'price_id')::uuid END AS price_id,
           direction * (item ->> 'quantity')::numeric AS quantity, direction * (item ->> 'cost')::numeric AS amount
    FROM used CROSS JOIN LATERAL jsonb_array_elements(used.items) AS item
    UNION ALL
    SELECT used.debit_id, used.feature_key, used.used_in, used.direction,
           '', '', '', '', '', NULL, NULL, used.direction, used.amount
    FROM used WHERE used.items IS NULL
), packages AS (
    SELECT id AS price_id, package_size, unit_price AS of_a_package FROM billing_pricing_catalog
)
SELECT feature_key, used_in, category, provider, model, unit, scheme, unit_price, price_id,
       package_size, of_a_package, sum(quantity), sum(amount),
       count(DISTINCT debit_id) FILTER (WHERE direction = 1) - count(DISTINCT debit_id) FILTER (WHERE direction = -1)
FROM parts LEFT JOIN packages USING (price_id)
GROUP BY feature_key, used_in, category, provider, model, unit, scheme, unit_price, price_id,
         package_size, of_a_package
HAVING sum(quantity) <> 0 OR sum(amount) <> 0
    OR count(DISTINCT debit_id) FILTER (WHERE direction = 1)
       <> count(DISTINCT debit_id) FILTER (WHERE direction = -1)
ORDER BY feature_key, used_in, category, provider, model, unit, scheme, unit_price, price_id
"""
CATEGORIES: Final[dict[str, str]] = {
    PriceCategory.ENRICHMENT: marked("Enrichment"),
    PriceCategory.LLM: marked("Language model"),
    PriceCategory.LLM_PROMPT: marked("Language model, prompt"),
    PriceCategory.LLM_COMPLETION: marked("Language model, completion"),
    PriceCategory.STT: marked("Speech to text"),
    PriceCategory.TTS: marked("Text to speech"),
    PriceCategory.TELEPHONY: marked("Telephony"),
    PriceCategory.VM_INFRASTRUCTURE: marked("Servers"),
    PriceCategory.MESSAGING: marked("Messages"),
}
UNITS: Final[dict[str, str]] = {
    PriceUnit.RECORD: marked("record"),
    PriceUnit.TOKEN: marked("token"),
    PriceUnit.SECOND: marked("second"),
    PriceUnit.MINUTE: marked("minute"),
    PriceUnit.CHARACTER: marked("character"),
    PriceUnit.MESSAGE: marked("message"),
}
OTHER_CHARGES: Final = marked("Other charges")
AVERAGES: Final[dict[str, str]] = {
    PriceScheme.PACKAGE: marked(", package price, average shown"),
    PriceScheme.GRADUATED: marked(", graduated price, average shown"),
    PriceScheme.VOLUME: marked(", volume price, average shown"),
}


@dataclass(frozen=True, slots=True)
class InvoicePeriod:
    """A tenant's period, from ``start`` until before ``end``."""

    tenant_id: UUID
    zone: ZoneInfo
    start: datetime
    end: datetime
    currency: str

    def between(self, start: datetime, end: datetime) -> "InvoicePeriod":
        """Return the period with other boundaries."""
        return replace(self, start=start, end=end)

    @property
    def values(self) -> dict[str, Any]:
        names = ("start", "end", "currency")
        values = {name: getattr(self, name) for name in names}
        return {
            **values,
            "zone": self.zone.key,
            "tenant": self.tenant_id,
            "legacy": [CREDIT_REFERENCE, BALANCE_REFERENCE],
        }


def usage_lines(period: InvoicePeriod, *, language: str) -> list[dict[str, Any]]:
    """Return the period's debits less reversals, by feature and component. The lines add up exactly.

    A debit counts at its time in the ledger. Usage of an earlier month has its own lines, and so have
    reversals of such usage, with negative amounts.
    """
    with connection.cursor() as cursor:
        cursor.execute(LINES, period.values)
        return list(_lines(cursor.fetchall(), localisation(language)))


def _lines(rows: list[tuple[Any, ...]], words: Localisation) -> Iterator[dict[str, Any]]:
    for *names, scheme, unit_price, price_id, size, of_a_package, quantity, amount, uses in rows:
        labels = dict(zip(("feature_key", "used_in", "category", "provider", "model", "unit"), names, strict=True))
        # Packages and tiers have no unit price, so the line shows the average and names the terms.
        priced = {"scheme": scheme, "price_id": str(price_id)} if price_id else {}
        yield {
            "description": _description(
                words, **labels, terms=_terms(words, scheme, size, of_a_package) if price_id else ""
            ),
            "quantity": plain(quantity),
            # Debits without items have no unit price either.
            "unit_price": plain(unit_price if unit_price is not None else _mean(amount, quantity)),
            "amount": plain(amount),
            "uses": uses,
            **{name: text for name, text in {**labels, **priced}.items() if text},
        }


def _terms(words: Localisation, scheme: str, size: Decimal | None, of_a_package: Decimal) -> str:
    if scheme == PriceScheme.PACKAGE and size is not None:
        return words.text(", in packages of {size} at {price}", size=words.exact(size), price=words.exact(of_a_package))
    return words.text(AVERAGES.get(scheme, AVERAGES[PriceScheme.PACKAGE]))


def _mean(amount: Decimal, quantity: Decimal) -> Decimal:
    return round_unit_price(abs(amount / quantity)) if quantity else Decimal(0)


def _description(
    words: Localisation,
    *,
    feature_key: str,
    used_in: str,
    category: str,
    provider: str,
    model: str,
    unit: str,
    terms: str,
) -> str:
    if category:
        text = words.text(
            "{category}: {provider} {model}, by the {unit}{terms}",
            category=words.text(CATEGORIES.get(category) or category.replace("_", " ").capitalize()),
            provider=provider,
            model=model,
            unit=words.text(UNITS.get(unit) or unit.lower()),
            terms=terms,
        )
    else:
        feature = feature_key.replace("-", " ").replace("_", " ").capitalize()
        text = words.text(feature or OTHER_CHARGES)
    if not used_in:
        return text
    month = words.month(date.fromisoformat(f"{used_in}-01"))
    return words.text("{description} (used in {month})", description=text, month=month)
