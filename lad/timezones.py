"""Time zones by their IANA names."""

from functools import lru_cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """The time zones this machine knows, without the file names that are none."""
    return frozenset(name for name in available_timezones() if not name.startswith(("posix", "right", "localtime")))


def validate(value: str) -> None:
    """A model validator. Raises ValidationError for a name that is no time zone."""
    if value not in names():
        raise ValidationError(
            f"“{value}” is not a time zone: take an IANA name such as Asia/Dubai or UTC.", code="timezone"
        )
