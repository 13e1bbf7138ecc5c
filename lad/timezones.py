"""Time zones by their IANA names."""

from functools import lru_cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return the names of the time zones that this machine knows."""
    return frozenset(name for name in available_timezones() if not name.startswith(("posix", "right", "localtime")))


def validate(value: str) -> None:
    """Raise ValidationError if the value is not the name of a time zone. For use as a model validator."""
    if value not in names():
        raise ValidationError(
            f"“{value}” is not a time zone. Use an IANA name such as Asia/Dubai or UTC.", code="timezone"
        )
