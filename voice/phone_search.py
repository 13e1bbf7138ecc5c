"""Search admin lists by telephone number."""

from django.db.models import QuerySet
from django.http import HttpRequest

from lad.db.phone_search import phone_term
from lad.limits import searchable


class PhoneSearchMixin:
    """Find rows by a whole number in any notation, by its beginning, or by the national number of any country."""

    phone_prefix = ""
    search_fields = ["id__exact"]
    search_help_text = "Search by telephone number or id"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        meant = phone_term(search_term) if searchable(search_term) else None
        if meant is not None:
            return queryset.filter(meant.in_columns(self.phone_prefix)), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
