"""Search admin lists by telephone number."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from lad import phones
from lad.limits import searchable

# Larger numbers do not fit the column and match nothing.
MAX_SEARCHABLE: Final = 10**18
NO_NUMBER: Final = -1


class PhoneSearchMixin:
    """Find rows by a full number in any notation, or by the national number alone."""

    phone_prefix = ""
    search_fields = ["id__exact"]
    search_help_text = "Search by telephone number or id"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        found, distinct = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        conditions = number_conditions(search_term, self.phone_prefix)
        return (queryset.filter(**conditions), False) if conditions else (found, distinct)


def number_conditions(term: str, prefix: str = "") -> dict[str, str | int]:
    """Return what rows with the number fulfil, or nothing if the term is no number. ``prefix`` is that of the columns.

    A number without a country code is compared with the national number alone.
    """
    term = term.strip()
    if not searchable(term):
        return {}
    if not term.strip("+0123456789 ()-./") and any(character.isdigit() for character in term):
        digits = "".join(character for character in term if character.isdigit())
        if term.startswith(("+", "00")):
            return _full_number(term, prefix) or {f"{prefix}base_number": NO_NUMBER}
        national = int(digits) if int(digits) < MAX_SEARCHABLE else NO_NUMBER
        return {f"{prefix}base_number": national}
    return {}


def _full_number(term: str, prefix: str) -> dict[str, str | int]:
    try:
        phone = phones.parse(term)
    except ValidationError:
        return {}
    names = ("country_code", "base_number", "leading_zeros")
    return {f"{prefix}{name}": getattr(phone, name) for name in names}
