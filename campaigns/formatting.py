"""How pages of this domain show numbers."""

from collections.abc import Iterable
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

NOTHING: Final = "–"
# From here on a day's allowance is nearly gone.
NEARLY: Final = 0.8


def use_of(used: int, limit: int) -> SafeString:
    """How much of a day's allowance is used, as a bar with its numbers."""
    return format_html(
        '<span class="lad-nowrap"><meter class="lad-meter" min="0" max="{}" high="{}" optimum="0" value="{}"></meter>'
        ' {} <span class="lad-hint">of {}</span></span>',
        max(limit, 1),
        limit * NEARLY,
        used,
        used,
        limit,
    )


def counts(pairs: Iterable[tuple[Any, int]]) -> SafeString:
    """Numbers with their names side by side; what there is none of is left out."""
    present = [(name, f"{number:,}") for name, number in pairs if number]
    if not present:
        return format_html('<span class="lad-hint">{}</span>', "None yet")
    chips = format_html_join("", '<span class="lad-chip">{} <span class="lad-strong">{}</span></span>', present)
    return format_html('<div class="lad-chips">{}</div>', chips)
