"""Invoice lines, their sums and the tax on them.

All rounding of invoices happens here. A line's amount has six decimals, rounded half up. The subtotal is the
exact sum of the lines. Tax is rounded half up to the cent once per tax line. The amount due is the total less
what was prepaid, rounded half up to the cent.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.invoicing.models import BillingProfile, Invoice, InvoiceKind, TaxPoint
from billing.money import plain, round_amount, round_to_cent
from lad.errors import Invalid

InvoiceLine = Mapping[str, Any]


def line_sum(lines: Iterable[InvoiceLine]) -> Decimal:
    """Return the sum of the lines' amounts."""
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))


def line(description: str, quantity: Decimal, unit_price: Decimal) -> dict[str, Any]:
    """Return an invoice line for a quantity at a unit price."""
    return {
        "description": description,
        "quantity": plain(quantity),
        "unit_price": plain(unit_price),
        "amount": plain(round_amount(quantity * unit_price)),
    }


def require_amounts(lines: Sequence[InvoiceLine]) -> None:
    """Raise Invalid, naming the lines, if an amount is not quantity times unit price."""
    wrong = []
    for place, each in enumerate(lines):
        try:
            numbers = [Decimal(str(each[name])) for name in ("quantity", "unit_price", "amount")]
        except (TypeError, KeyError, InvalidOperation):
            # Validating the row reports malformed lines.
            continue
        if round_amount(numbers[0] * numbers[1]) != numbers[2]:
            wrong.append(
                f"[{place}].amount must be {plain(round_amount(numbers[0] * numbers[1]))}, quantity × unit price."
            )
    if wrong:
        raise Invalid(errors={"line_items": wrong})


def tax_lines(kind: str, subtotal: Decimal, profile: BillingProfile) -> list[dict[str, str]]:
    """Return the tax lines of a subtotal: none at rate 0, none on usage if tax was paid when credits were bought."""
    untaxed = kind == InvoiceKind.USAGE and profile.tax_point == TaxPoint.PURCHASE
    if untaxed or not profile.tax_rate or not subtotal:
        return []
    return [tax_line(profile.tax_name, profile.tax_rate, subtotal, round_to_cent(subtotal * profile.tax_rate))]


def tax_line(name: str, rate: Decimal, taxable: Decimal, amount: Decimal) -> dict[str, str]:
    return {"name": name, "rate": plain(rate), "taxable": plain(taxable), "amount": plain(amount)}


def total_up(row: Invoice, profile: BillingProfile) -> None:
    """Set the invoice's sums from its lines and the profile's tax. Does not save."""
    apply_tax(row, tax_lines(row.kind, line_sum(row.line_items), profile))


def apply_tax(row: Invoice, taxes: Sequence[Mapping[str, str]]) -> None:
    """Set the invoice's sums from its lines and the given tax lines. Does not save."""
    row.tax_lines = list(taxes)
    row.subtotal, row.tax = line_sum(row.line_items), line_sum(taxes)
    row.total = row.subtotal + row.tax
    # Wallets have paid for usage, without tax, when it was charged.
    row.prepaid_amount = row.subtotal if row.kind == InvoiceKind.USAGE else Decimal(0)
