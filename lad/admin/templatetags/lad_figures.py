"""Numbers in templates."""

from django import template

register = template.Library()


@register.filter
def figure(value: int | None) -> str:
    """Show a number with commas: “12,480”. A dash for None."""
    return f"{value:,}" if value is not None else "–"


@register.filter
def percent(share: float) -> str:
    """Show a share from 0 to 1: “12 %”. Small shares have a decimal, so that they are not shown as none."""
    return f"{100 * share:.{1 if 0 < share < 0.1 else 0}f} %"


@register.filter
def percent_width(share: float) -> str:
    """Return a share as a width for a style, 100 % at most."""
    return f"{min(100 * share, 100):.1f}%"
