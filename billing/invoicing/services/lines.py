"""Lines of invoices, what they come to, and the tax on them.

Rounding, here and nowhere else: an amount of a line has six decimals, rounded half up; the subtotal
is the exact sum of the lines; tax is rounded half up to the cent once per tax line; what is asked
for is the total less what was prepaid, rounded half up to the cent.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.invoicing.models import BillingProfile, Invoice, InvoiceKind, TaxPoint
from billing.money import plain, to_cent, to_line
from lad.errors import Invalid

Line = Mapping[str, Any]


def line_sum(lines: Iterable[Line]) -> Decimal:
    """What the lines come to."""
    return sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))


def line(description: str, quantity: Decimal, unit_price: Decimal) -> dict[str, Any]:
    """A line of so many units at a price."""
    return {
        "description": description,
        "quantity": plain(quantity),
        "unit_price": plain(unit_price),
        "amount": plain(to_line(quantity * unit_price)),
    }


def require_amounts(lines: Sequence[Line]) -> None:
    """Raise Invalid, naming the line, where an amount is not quantity times unit price."""
    wrong = []
    for place, each in enumerate(lines):
        try:
            numbers = [Decimal(str(each[name])) for name in ("quantity", "unit_price", "amount")]
        except (TypeError, KeyError, InvalidOperation):
            # The shape of the lines is refused, with what is wrong, when the row is checked.
            continue
        if to_line(numbers[0] * numbers[1]) != numbers[2]:
            wrong.append(f"[{place}].amount must be {plain(to_line(numbers[0] * numbers[1]))}: quantity × unit price.")
    if wrong:
        raise Invalid(errors={"line_items": wrong})


def tax_lines(kind: str, subtotal: Decimal, profile: BillingProfile) -> list[dict[str, str]]:
    """The tax on a subtotal: none on use when tax was paid with the credits, none at a rate of 0."""
    untaxed = kind == InvoiceKind.USAGE and profile.tax_point == TaxPoint.PURCHASE
    if untaxed or not profile.tax_rate or not subtotal:
        return []
    return [tax_line(profile.tax_name, profile.tax_rate, subtotal, to_cent(subtotal * profile.tax_rate))]


def tax_line(name: str, rate: Decimal, taxable: Decimal, amount: Decimal) -> dict[str, str]:
    return {"name": name, "rate": plain(rate), "taxable": plain(taxable), "amount": plain(amount)}


def total_up(row: Invoice, profile: BillingProfile) -> None:
    """Set the sums of an unsaved change from its lines, taxed as the profile says."""
    apply_tax(row, tax_lines(row.kind, line_sum(row.line_items), profile))


def apply_tax(row: Invoice, taxes: Sequence[Mapping[str, str]]) -> None:
    """Set the sums of an unsaved change from its lines and the given tax."""
    row.tax_lines = list(taxes)
    row.subtotal, row.tax = line_sum(row.line_items), line_sum(taxes)
    row.total = row.subtotal + row.tax
    # Wallets paid for use, without tax, when it was charged.
    row.prepaid_amount = row.subtotal if row.kind == InvoiceKind.USAGE else Decimal(0)
