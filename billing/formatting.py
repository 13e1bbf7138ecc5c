"""Amounts and JSON lines as people read them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing.money import plain

DASH: Final = "–"
SHORTEST: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its title, the key of its value, and for a number how it is written."""

    title: str
    key: str
    number: Callable[[Any], str] | None = None


def amount(value: Any, currency: str = "") -> str:
    """``12.5`` as 12.50, ``0.000015`` as it is, with thousands apart."""
    if value in (None, ""):
        return DASH
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    trimmed = number.normalize()
    exact = trimmed if trimmed.as_tuple().exponent < SHORTEST.as_tuple().exponent else number.quantize(SHORTEST)  # type: ignore[operator]
    return f"{exact:,f} {currency}".rstrip()


def holder_of(wallet: Any) -> str:
    """Whose wallet it is."""
    return str(wallet.user) if wallet.user_id else "The tenant's own"


def percent(rate: Decimal) -> str:
    """``0.05`` as 5 %."""
    return f"{plain(rate * 100)} %"


def signed(value: Decimal) -> str:
    """An amount with its sign, as the ledger keeps it."""
    return f"{'+' if value > 0 else ''}{amount(value)}"


def quantity(value: Any) -> str:
    """A number of units, without zeros that say nothing."""
    try:
        return f"{Decimal(str(value)).normalize():,f}"
    except InvalidOperation:
        return str(value) if value not in (None, "") else DASH


def table(columns: Sequence[Column], rows: Any, foot: tuple[str, str] | None = None) -> SafeString:
    """The rows as a table; ``foot`` is a last line: what it says, and the sum below the amounts."""
    lines = list(rows) if isinstance(rows, list | tuple) else []
    if not lines:
        return format_html('<span class="lad-hint">{}</span>', "None")
    head = format_html_join("", '<th class="{}">{}</th>', ((_class(c), c.title) for c in columns))
    body = format_html_join("", "<tr>{}</tr>", ((_cells(columns, line),) for line in lines))
    last = _foot(len(columns), *foot) if foot else ""
    return format_html(
        '<div class="lad-table-wrap"><table class="lad-table">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody>{}</table></div>",
        head,
        body,
        last,
    )


def _cells(columns: Sequence[Column], line: Mapping[str, Any]) -> SafeString:
    shown = ((c, line.get(c.key) if isinstance(line, Mapping) else None) for c in columns)
    texts = ((_class(c), c.number(value) if c.number else _text(value)) for c, value in shown)
    return format_html_join("", '<td class="{}">{}</td>', texts)


def _text(value: Any) -> Any:
    return DASH if value in (None, "") else value


def _class(column: Column) -> str:
    return "lad-number" if column.number else ""


def _foot(width: int, says: str, total: str) -> SafeString:
    return format_html(
        '<tfoot><tr><td colspan="{}">{}</td><td class="lad-number">{}</td></tr></tfoot>', width - 1, says, total
    )
