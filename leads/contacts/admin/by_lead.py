"""Search in the lists of rows that belong to a lead."""

from django.db.models import QuerySet
from django.http import HttpRequest

from lad.db.identifiers import uuid_or_none
from leads.contacts import selectors


class SearchedByLead:
    """Finds rows by their lead, as the list of leads does, besides by their own id and by the lead's."""

    lead_path = "lead"
    search_fields = ["id__exact"]
    search_help_text = "Name, company, e-mail address or phone number of the lead, or an id"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not search_term.strip() or uuid_or_none(search_term.strip()) is not None:
            return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        return selectors.of_found_leads(queryset, search_term, lead=self.lead_path), False
