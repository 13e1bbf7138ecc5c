"""A profile's search as the filters of the page that finds people. That page asks nobody before they are sent."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from django.urls import reverse
from django.utils.http import urlencode

# Filters of texts, by the directory's parameters.
FILTERS: Final = {
    "person_titles": "titles",
    "organization_locations": "company_locations",
    "organization_industries": "industries",
    "q_organization_domains_list": "domains",
}
# The sizes of companies that can be chosen there.
ENDS: Final = (0, 10, 50, 200, 500, 1_000, 5_000, 10_000, 1_000_000)


def find_url(params: Mapping[str, Any] | None) -> str:
    """Return the address of the page with the search filled in."""
    return f"{reverse('admin:find_people')}?{urlencode(filters(params or {}))}"


def filters(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a search as the names and values of the page's filters."""
    found = []
    for name, field in FILTERS.items():
        # A comma separates words there: of "Dubai, United Arab Emirates" the city is meant.
        words = dict.fromkeys(each.partition(",")[0] for each in params.get(name, ()))
        if words:
            found.append((field, ", ".join(words)))
    found += [("seniorities", each) for each in params.get("person_seniorities", ())]
    for each in params.get("organization_num_employees_ranges", ()):
        least, most = map(int, each.split(","))
        sizes = [(low + 1, high) for low, high in pairwise(ENDS)]
        found += [("sizes", f"{start},{end}") for start, end in sizes if start <= most and least <= end]
    return found
