"""Search for calls."""

from django.db.models import QuerySet

from lad.db.phone_search import phone_term
from lad.limits import searchable
from leads.contacts.selectors import of_found_leads
from voice.calls.models import CallLog

PHONE_PREFIX = "to_"


def find_calls(rows: QuerySet[CallLog], term: str) -> QuerySet[CallLog]:
    """Return the calls with a telephone number, or else those with the leads that the term finds."""
    meant = phone_term(term) if searchable(term) else None
    return rows.filter(meant.in_columns(PHONE_PREFIX)) if meant else of_found_leads(rows, term)
