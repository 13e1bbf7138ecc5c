"""Lengths of calls in templates."""

from datetime import datetime

from django import template

from voice.formatting import format_duration

register = template.Library()


@register.filter
def clock(seconds: float | None) -> str:
    """Show a length as ``3:05`` or ``1:02:09``. Nothing for None."""
    return format_duration(seconds)


@register.filter
def since(moment: datetime, now: datetime) -> str:
    """Show how long ago a moment was, as a clock does."""
    return format_duration(max((now - moment).total_seconds(), 0))


@register.filter
def split_words(text: str) -> list[str]:
    """Return the words of a text, to loop over."""
    return text.split()
