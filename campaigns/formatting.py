"""How the pages of campaigns show numbers."""

from collections.abc import Iterable
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NOTHING: Final = "–"
# The share of a daily limit from which the bar warns.
NEARLY_USED_UP: Final = 0.8


def usage_bar(used: int, limit: int) -> SafeString:
    """Return the used part of a daily limit as a bar with its numbers."""
    return format_html(
        '<span class="lad-nowrap"><meter class="lad-meter" min="0" max="{}" high="{}" optimum="0" value="{}"></meter>'
        ' {} <span class="lad-hint">of {}</span></span>',
        max(limit, 1),
        limit * NEARLY_USED_UP,
        used,
        used,
        limit,
    )


def count_chips(pairs: Iterable[tuple[object, int]]) -> SafeString:
    """Return numbers with their names, side by side. Zeros are left out."""
    present = [(name, f"{number:,}") for name, number in pairs if number]
    if not present:
        return format_html('<span class="lad-hint">{}</span>', "None yet")
    chips = format_html_join("", '<span class="lad-chip">{} <span class="lad-strong">{}</span></span>', present)
    return format_html('<div class="lad-chips">{}</div>', chips)


def facts_table(rows: Iterable[tuple[str, str]]) -> SafeString:
    """Return names and what is to be said of them as a table."""
    body = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows)
    return format_html('<div class="lad-table-wrap"><table class="lad-table lad-table-facts">{}</table></div>', body)
