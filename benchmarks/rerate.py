"""Rate usage again and compare every usage invoice: python benchmarks/rerate.py [--month 2026-10]

Shares no code with LAD. Reads the raw usage items, the price list, and the debits and reversals in the
invoice's period, computes each line, the tax and the totals, and compares them with the invoice to the
last digit. Reads DATABASE_URL and DB_SCHEMA. Rates every month with an invoice by default. Exits 1 if
anything differs.
"""

import argparse
import os
from collections import defaultdict
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, getcontext
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

DatabaseRow = dict[str, Any]
Lines = dict[tuple[Any, ...], list[Decimal]]

getcontext().prec = 60
ZERO, MICRO = Decimal(0), Decimal("0.000001")
# Currencies that have not two decimals and in which invoices may be written.
DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
COMPONENT = ("category", "provider", "model", "unit")
INVOICES = """
SELECT i.*, t.slug, t.timezone, p.tax_rate, p.tax_point FROM billing_invoices i JOIN tenants t ON t.id = i.tenant_id
LEFT JOIN billing_profiles p ON p.tenant_id = i.tenant_id
WHERE i.kind = 'usage' AND i.status <> 'voided'
  AND (%(month)s = '' OR to_char(i.period_start AT TIME ZONE t.timezone, 'YYYY-MM') = %(month)s)
ORDER BY t.slug, i.period_start
"""
# Legacy credits were used and paid before there were invoices.
DEBITS = """
SELECT d.id AS debit, -d.amount AS paid, l.lot_movements AS lots, CASE WHEN l.id = d.id THEN 1 ELSE -1 END AS way,
       e.feature_key, e.usage_items, e.occurred_at
FROM billing_ledger_transactions l JOIN billing_ledger_transactions d ON d.id IN (l.id, l.reverses_id)
JOIN billing_wallets w ON w.id = l.wallet_id LEFT JOIN billing_usage_events e ON e.ledger_transaction_id = d.id
WHERE l.tenant_id = %(tenant_id)s AND w.currency = %(currency)s AND d.transaction_type = 'debit'
  AND d.reference_type NOT IN ('legacy_credit', 'legacy_balance')
  AND l.created_at >= %(period_start)s AND l.created_at < %(period_end)s
"""

# What brought each credit lot in, and what it was bought for if a card paid.
LOTS = """
SELECT lot, l.transaction_type AS kind, l.reference_type AS reference, p.price, p.amount, p.tax, p.tax_point
FROM billing_ledger_transactions l CROSS JOIN LATERAL jsonb_object_keys(l.lot_movements) AS lot
LEFT JOIN billing_payments p ON p.ledger_transaction_id = l.id
WHERE l.tenant_id = %(tenant_id)s AND l.amount > 0 AND l.reverses_id IS NULL AND l.transaction_type <> 'release'
"""


class Rates:
    """The prices that applied to each tenant and component over time."""

    def __init__(self, cursor: Any) -> None:
        self.prices: dict[Any, list[DatabaseRow]] = defaultdict(list)
        for row in cursor.execute("SELECT * FROM billing_pricing_catalog WHERE is_active").fetchall():
            self.prices[tuple(row[name] for name in COMPONENT)].append(row)
        sql = "SELECT tenant_id, feature_key, overage_rate FROM billing_feature_entitlements"
        self.overage = {(r["tenant_id"], r["feature_key"]): r["overage_rate"] for r in cursor.execute(sql).fetchall()}

    def price(self, tenant: Any, component: tuple[str, ...], at: Any) -> DatabaseRow:
        """Return the price: the tenant's own before the common one, an exact model before any, the newest first."""
        category, provider, model, unit = component
        if category == "overage":
            return {"scheme": "unit", "unit_price": self.overage[tenant, model]}
        for owner in (tenant, None):
            for matched in (model, "*"):
                listed = [row for row in self.prices[category, provider, matched, unit] if row["tenant_id"] == owner]
                started = [row for row in listed if row["effective_from"] <= at]
                if valid := [row for row in started if row["effective_to"] is None or at < row["effective_to"]]:
                    return max(valid, key=lambda row: row["effective_from"])
        raise SystemExit(f"There was no price for {component} at {at}.")


def cost(price: DatabaseRow, quantity: Decimal) -> Decimal:
    """Return the cost of one usage item, rounded once to six decimals."""
    total, below, scheme = quantity * price["unit_price"], ZERO, price["scheme"]
    if scheme == "package":
        total = (quantity / price["package_size"]).to_integral_value(ROUND_CEILING) * price["unit_price"]
    elif scheme in ("graduated", "volume"):
        total = ZERO
        for tier in price["tiers"]:
            end = Decimal(tier["up_to"] or "Infinity")
            part = (min(quantity, end) - below) if scheme == "graduated" else quantity
            if quantity > below and (scheme == "graduated" or quantity <= end):
                total += part * Decimal(tier["unit_price"]) + Decimal(tier.get("flat_fee") or 0)
            below = end
    return total.quantize(MICRO, ROUND_HALF_UP)


def rate(cursor: Any, rates: Rates, invoice: DatabaseRow) -> tuple[Lines, list[str]]:
    """Return the expected lines (key → quantity and amount), and a note for each debit that does not match its use."""
    lines: Lines = defaultdict(lambda: [ZERO, ZERO])
    mismatches, zone = [], ZoneInfo(invoice["timezone"])
    for row in cursor.execute(DEBITS, invoice).fetchall():
        feature, used, due = row["feature_key"] or "", row["occurred_at"], ZERO
        late = f"{used.astimezone(zone):%Y-%m}" if used and used < invoice["period_start"] else ""
        for item in row["usage_items"] or []:
            component, quantity = tuple(item[name] for name in COMPONENT), Decimal(item["quantity"])
            price = rates.price(invoice["tenant_id"], component, used)
            priced = price["unit_price"].normalize() if price["scheme"] == "unit" else str(price["id"])
            line, costs = lines[(feature, late, *component, priced)], cost(price, quantity)
            line[0], line[1], due = line[0] + row["way"] * quantity, line[1] + row["way"] * costs, due + costs
        if not row["usage_items"]:
            line, due = lines[(feature, late, "", "", "", "", None)], row["paid"]
            line[0], line[1] = line[0] + row["way"], line[1] + row["way"] * due
        if due != row["paid"]:
            mismatches.append(f"debit {row['debit']} charged {row['paid']}, but its use costs {due}")
    return {key: value for key, value in lines.items() if value != [ZERO, ZERO]}, mismatches


def taxable(cursor: Any, invoice: DatabaseRow) -> Decimal:
    """Return what was paid for the credits that the period used and that were not taxed when they were bought."""
    bought = {row["lot"]: row for row in cursor.execute(LOTS, invoice).fetchall()}
    on_use = invoice["tax_point"] == "use"
    used: dict[str, Decimal] = defaultdict(Decimal)
    for row in cursor.execute(DEBITS, invoice).fetchall():
        for lot, moved in row["lots"].items():
            used[lot] -= Decimal(moved)
    total = ZERO
    for lot, value in used.items():
        terms = bought[lot]
        if terms["price"] is not None and not terms["tax"] and (on_use or terms["tax_point"] == "use"):
            total += value * terms["price"] / terms["amount"]
        elif terms["price"] is None and on_use and (terms["kind"] != "credit" or terms["reference"] == "invoice"):
            total += value
    return total.quantize(MICRO, ROUND_HALF_UP)


def differences(invoice: DatabaseRow, lines: Lines, mismatches: list[str], taxed: Decimal) -> list[str]:
    """Describe each difference between the invoice and the expected lines."""
    invoiced: Lines = defaultdict(lambda: [ZERO, ZERO])
    found = list(mismatches)
    for each in invoice["line_items"]:
        names = tuple(each.get(name, "") for name in ("feature_key", "used_in", *COMPONENT))
        line = invoiced[
            (*names, each.get("price_id") or (Decimal(each["unit_price"]).normalize() if names[2] else None))
        ]
        line[0], line[1] = line[0] + Decimal(each["quantity"]), line[1] + Decimal(each["amount"])
    nothing = [ZERO, ZERO]
    for key in sorted(
        (key for key in {*invoiced, *lines} if invoiced.get(key, nothing) != lines.get(key, nothing)), key=str
    ):
        (many, amount), (right, due) = invoiced.get(key, nothing), lines.get(key, nothing)
        found += [f"{key[0]} {'·'.join(key[2:6])}: {many} for {amount}, not {right} for {due}"]
    subtotal = sum((amount for _quantity, amount in lines.values()), ZERO)
    minor = Decimal(1).scaleb(-DECIMALS.get(invoice["currency"], 2))
    tax = (taxed * (invoice["tax_rate"] or ZERO)).quantize(minor, ROUND_HALF_UP)
    sums = {"subtotal": subtotal, "tax": tax, "total": subtotal + tax, "prepaid_amount": subtotal}
    return found + [f"{name} {invoice[name]}, not {right}" for name, right in sums.items() if invoice[name] != right]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--month", default="", help="such as 2026-10 (default: every month with an invoice)")
    month = parser.parse_args().month
    wrong = 0
    with psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT set_config('search_path', %s, false)", [os.environ.get("DB_SCHEMA", "lad_dev")])
        cursor.execute("SET ROLE lad_platform")
        rates = Rates(cursor)
        invoices = cursor.execute(INVOICES, {"month": month}).fetchall()
        for invoice in invoices:
            found = differences(invoice, *rate(cursor, rates, invoice), taxable(cursor, invoice))
            wrong += bool(found)
            print(
                f"{invoice['slug']:24} {invoice['period_start']:%Y-%m} {invoice['invoice_number'] or 'draft':18}"
                f" {len(invoice['line_items']):3} lines"
                f" {invoice['total']:>14} {invoice['currency']}  {'DIFFERS' if found else 'matches'}"
            )
            print("".join(f"    {each}\n" for each in found), end="")
    print(f"{len(invoices)} invoices rated again, {wrong} differ.")
    raise SystemExit(1 if wrong or not invoices else 0)


if __name__ == "__main__":
    main()
