"""Invoice lines, their sums and the tax on them.

All rounding of invoices happens here, half up. A line of usage has six decimals, as wallets were charged. A line
written by hand is rounded to the minor unit of the currency, because it is paid. The subtotal is the exact sum of
the lines. Tax is rounded to the minor unit once per tax line, and so is the amount due.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.invoicing.models import BillingProfile, Invoice, InvoiceKind
from billing.money import DEFAULT_CURRENCY, plain, round_amount, round_to_minor
from lad.errors import Invalid

InvoiceLine = Mapping[str, Any]


def line_sum(lines: Iterable[InvoiceLine]) -> Decimal:
    """Return the sum of the lines' amounts."""
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))


def line(description: str, quantity: Decimal, unit_price: Decimal, currency: str = DEFAULT_CURRENCY) -> dict[str, Any]:
    """Return an invoice line for a quantity at a unit price. Its amount is in whole minor units of the currency."""
    return {
        "description": description,
        "quantity": plain(quantity),
        "unit_price": plain(unit_price),
        "amount": plain(round_to_minor(quantity * unit_price, currency)),
    }


def require_amounts(lines: Sequence[InvoiceLine], currency: str, *, exact: bool = False) -> None:
    """Raise Invalid, naming the lines, if an amount is not quantity times unit price in whole minor units.

    ``exact`` amounts, which wallets pay, have six decimals instead.
    """
    wrong = []
    for place, each in enumerate(lines):
        try:
            quantity, unit_price, amount = (Decimal(str(each[name])) for name in ("quantity", "unit_price", "amount"))
            product = quantity * unit_price
            expected = round_amount(product) if exact else round_to_minor(product, currency)
        except (TypeError, KeyError, InvalidOperation):
            # Validating the row reports malformed lines.
            continue
        if amount != expected:
            wrong.append(f"[{place}].amount must be {plain(expected)} {currency}, quantity × unit price.")
    if wrong:
        raise Invalid(errors={"line_items": wrong})


def tax_lines(taxable: Decimal, currency: str, profile: BillingProfile) -> list[dict[str, str]]:
    """Return the tax lines of a taxable amount: none at rate 0."""
    if not profile.tax_rate or not taxable:
        return []
    tax = round_to_minor(taxable * profile.tax_rate, currency)
    return [tax_line(profile.tax_name, profile.tax_rate, taxable, tax)]


def tax_line(name: str, rate: Decimal, taxable: Decimal, amount: Decimal) -> dict[str, str]:
    return {"name": name, "rate": plain(rate), "taxable": plain(taxable), "amount": plain(amount)}


def total_up(row: Invoice, profile: BillingProfile, *, taxable: Decimal | None = None) -> None:
    """Set the invoice's sums from its lines and the profile's tax. Does not save.

    ``taxable`` is what the tax is charged on, the subtotal unless given.
    """
    taxed = line_sum(row.line_items) if taxable is None else taxable
    apply_tax(row, tax_lines(taxed, row.currency, profile))


def apply_tax(row: Invoice, taxes: Sequence[Mapping[str, str]]) -> None:
    """Set the invoice's sums from its lines and the given tax lines. Does not save."""
    row.tax_lines = list(taxes)
    row.subtotal, row.tax = line_sum(row.line_items), line_sum(taxes)
    row.total = row.subtotal + row.tax
    # Wallets have paid for usage, without tax, when it was charged.
    row.prepaid_amount = row.subtotal if row.kind == InvoiceKind.USAGE else Decimal(0)
