"""Add several holidays at once."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from lad import moments, writes
from lad.errors import Invalid
from lad.types import Actor
from leads.contactability.models import Holiday

MAX_LINES: Final = 400
MAX_NAME: Final = 200
_LINE: Final = re.compile(r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{4})[\s,;:–-]*(.*)")
# With slashes people in some countries write the month first, so that only what cannot be a month tells the day.
_FORMS: Final = {"-": ("%Y-%m-%d",), ".": ("%d.%m.%Y",), "/": ("%d/%m/%Y", "%m/%d/%Y")}
_HOW: Final = "Write one holiday in each line, as 2026-12-25 Christmas."


@writes.in_transaction
def add_holidays(*, text: str, country: str = "", actor: Actor = None) -> list[Holiday]:
    """Add the holidays that a text lists, one in each line, and return the new ones.

    Days that are holidays in the country already are left out. Raises Invalid for a line that is not understood.
    """
    days = _read(text)
    present = set(Holiday.objects.filter(country=country, day__in=days).values_list("day", flat=True))
    return [
        writes.create(Holiday, {"day": day, "name": name, "country": country}, actor=actor)
        for day, name in days.items()
        if day not in present
    ]


def _read(text: str) -> dict[date, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > MAX_LINES:
        raise Invalid(errors={"days": [_HOW if not lines else f"Add at most {MAX_LINES} holidays at once."]})
    days: dict[date, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        possible = _dates(found[1]) if found else []
        if found is None or len(possible) != 1:
            why = "could be two days" if len(possible) > 1 else "was not understood"
            raise Invalid(errors={"days": [f"“{line[:100]}” {why}. {_HOW}"]})
        days[possible[0]] = found[2].strip()[:MAX_NAME] or "Holiday"
    return days


def _dates(text: str) -> Sequence[date]:
    """Return the days that a text may mean."""
    found: set[date] = set()
    for form in next(forms for mark, forms in _FORMS.items() if mark in text):
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no time zone)
        except ValueError:
            continue
        if moments.is_possible(day):
            found.add(day)
    return sorted(found)
