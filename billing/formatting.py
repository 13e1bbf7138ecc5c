"""Format amounts, quantities and tables for admin pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing.money import DEFAULT_CURRENCY, minor_unit, plain
from lad.figures import Figure

DASH: Final = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its title, the key of its values, and a format if they are numbers."""

    title: str
    key: str
    number_format: Callable[[Any], str] | None = None


def amount(value: object, currency: str = "") -> str:
    """Format 12.5 as 12.50 and 0.000015 as it is, with thousands separators and the decimals of the currency."""
    if value in (None, ""):
        return DASH
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    trimmed = number.normalize()
    unit = minor_unit(currency or DEFAULT_CURRENCY)
    exact = trimmed if trimmed.as_tuple().exponent < unit.as_tuple().exponent else number.quantize(unit)  # type: ignore[operator]
    return Figure(f"{exact:,f} {currency}".rstrip())


def percent(rate: Decimal) -> str:
    """Format 0.05 as 5 %."""
    return f"{plain(rate * 100)} %"


def signed(value: Decimal, currency: str = "") -> str:
    """Format an amount with its sign."""
    return Figure(f"{'+' if value > 0 else ''}{amount(value, currency)}")


def quantity(value: object) -> str:
    """Format a number of units without trailing zeros."""
    try:
        return Figure(f"{Decimal(str(value)).normalize():,f}")
    except InvalidOperation:
        return str(value) if value not in (None, "") else DASH


def table(columns: Sequence[Column], rows: object, total: tuple[str, str] | None = None) -> SafeString:
    """Return the rows as an HTML table. ``total`` adds a last row with a label and a sum."""
    lines = list(rows) if isinstance(rows, list | tuple) else []
    if not lines:
        return format_html('<span class="lad-hint">{}</span>', "None")
    head = format_html_join("", '<th class="{}">{}</th>', ((_class(c), c.title) for c in columns))
    body = format_html_join("", "<tr>{}</tr>", ((_cells(columns, line),) for line in lines))
    last = _total_row(len(columns), *total) if total else ""
    return format_html(
        '<div class="lad-table-wrap"><table class="lad-table">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody>{}</table></div>",
        head,
        body,
        last,
    )


def _cells(columns: Sequence[Column], line: Mapping[str, Any]) -> SafeString:
    shown = ((c, line.get(c.key) if isinstance(line, Mapping) else None) for c in columns)
    texts = ((_class(c), c.number_format(value) if c.number_format else _text(value)) for c, value in shown)
    return format_html_join("", '<td class="{}">{}</td>', texts)


def _text(value: object) -> object:
    return DASH if value in (None, "") else value


def _class(column: Column) -> str:
    return "lad-number" if column.number_format else ""


def _total_row(width: int, label: str, total: str) -> SafeString:
    return format_html(
        '<tfoot><tr><td colspan="{}">{}</td><td class="lad-number">{}</td></tr></tfoot>', width - 1, label, total
    )
