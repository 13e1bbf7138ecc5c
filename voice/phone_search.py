"""Finding rows by telephone number."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from lad import phones

LARGEST = 10**18


class FoundByPhone:
    """Looks a telephone number up in its columns: whole in any writing, or the national number alone."""

    phone_prefix = ""
    search_fields = ["id__exact"]
    search_help_text = "A telephone number or an id"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        found, distinct = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        conditions = self._numbers(search_term)
        return (queryset.filter(**conditions), False) if conditions else (found, distinct)

    def _numbers(self, term: str) -> dict[str, Any]:
        term = term.strip()
        if not term.strip("+0123456789 ()-./") and any(character.isdigit() for character in term):
            digits = "".join(character for character in term if character.isdigit())
            if term.startswith(("+", "00")):
                return self._whole(term) or {f"{self.phone_prefix}base_number": -1}
            return {f"{self.phone_prefix}base_number": int(digits) if int(digits) < LARGEST else -1}
        return {}

    def _whole(self, term: str) -> dict[str, Any]:
        try:
            phone = phones.parse(term)
        except ValidationError:
            return {}
        names = ("country_code", "base_number", "leading_zeros")
        return {f"{self.phone_prefix}{name}": getattr(phone, name) for name in names}
