"""Public holidays of countries, computed from the rules that the library ``holidays`` knows.

Only nationwide days count. Days that depend on the sight of the moon are the library's estimate.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final

import holidays

from lad import countries

LANGUAGE: Final = "en_US"
# Countries and years, and spans of years: a few kilobytes each.
YEARS_KEPT: Final = 2_000
SPANS_KEPT: Final = 500

COUNTRIES: Final = frozenset(code for code, _name in countries.choices()) & frozenset(
    holidays.list_supported_countries(include_aliases=False)
)


def public_holidays(country: str, first: date, last: date) -> Mapping[date, str]:
    """Return the names of a country's public holidays by day, in the years of the two days. Empty if unknown."""
    return _span(country, first.year, last.year) if country in COUNTRIES else {}


@lru_cache(maxsize=SPANS_KEPT)
def _span(country: str, first: int, last: int) -> Mapping[date, str]:
    return {day: name for year in range(first, last + 1) for day, name in _year(country, year).items()}


@lru_cache(maxsize=YEARS_KEPT)
def _year(country: str, year: int) -> Mapping[date, str]:
    """Compute one year, once in each process. The library keeps a moved day in the year that it falls into."""
    return dict(sorted(holidays.country_holidays(country, years=year, language=LANGUAGE).items()))
