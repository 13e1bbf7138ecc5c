"""Search for calls."""

from django.db.models import QuerySet

from leads.contacts.selectors import of_found_leads
from voice.calls.models import CallLog
from voice.phone_search import number_conditions

PHONE_PREFIX = "to_"


def find_calls(rows: QuerySet[CallLog], term: str) -> QuerySet[CallLog]:
    """Return the calls with a telephone number, or else those with the leads that the term finds."""
    conditions = number_conditions(term, PHONE_PREFIX)
    return rows.filter(**conditions) if conditions else of_found_leads(rows, term)
