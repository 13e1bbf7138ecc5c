"""Times in templates."""

from datetime import datetime

from django import template

from lad import times

register = template.Library()


@register.filter
def moment(value: datetime | None, form: str = times.DATE_AND_TIME) -> str:
    """Show a moment in the current time zone, with the zone. Nothing for None."""
    return times.written(value, form) if value is not None else ""


@register.filter
def ago(value: datetime | None, now: datetime) -> str:
    """Show how far a moment is from now: “5 minutes ago”. Nothing for None."""
    return times.ago(value, now) if value is not None else ""


@register.simple_tag
def zone_title() -> str:
    """Show the name of the current time zone."""
    return times.zone_title()
