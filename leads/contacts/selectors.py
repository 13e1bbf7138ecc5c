"""Search for leads."""

from collections.abc import Iterable
from typing import Final, TypeVar

from django.db.models import Model, Q, QuerySet

from lad.db.phone_search import phone_term
from lad.limits import searchable
from lad.phones import PhoneTerm
from leads.contacts.models import Lead

# The columns that a search reads, each from its beginning.
LEAD_SEARCH: Final = ("name_key", "last_name_key", "company_key", "email", "phone", "company_domain")


_LAST_CHARACTER: Final = "\U0010ffff"


RowT = TypeVar("RowT", bound=Model)


def starting_with(rows: QuerySet[RowT], fields: Iterable[str], term: str) -> QuerySet[RowT]:
    """Return the rows in which one of the fields begins with the term, in any case.

    Compares with bounds on columns in byte order: an index serves those under row-level security, but not LIKE.
    """
    return rows.filter(beginning_with(fields, term))


def beginning_with(fields: Iterable[str], term: str) -> Q:
    """Return the condition that one of the fields begins with the term, in any case. An empty term is none."""
    prefix = term.strip().lower()
    found = Q()
    for name in fields if prefix else ():
        found |= Q(**{f"{name}__gte": prefix, f"{name}__lt": prefix + _LAST_CHARACTER})
    return found


def ordered_by_day(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Return leads that are ordered by their last activity in the same order, by the day first, which has an index."""
    order = [str(name) for name in rows.query.order_by]
    if not order or order[0].lstrip("-") != "last_activity_at":
        return rows
    return rows.order_by(order[0].replace("_at", "_on"), *order)


def find_leads(rows: QuerySet[Lead], term: str) -> QuerySet[Lead]:
    """Return the leads whose name, company, e-mail address, phone number or domain begins with the term."""
    if not searchable(term):
        return rows.none()
    phone = phone_term(term)
    if phone is None:
        return starting_with(rows, LEAD_SEARCH, term)
    return rows.filter(beginning_with(LEAD_SEARCH, term) | has_phone(phone))


def has_phone(term: PhoneTerm) -> Q:
    """Return the condition that a lead's number begins so, or is the national number. Two indexes serve it."""
    condition = term.in_text("phone")
    return condition if term.national is None else condition | Q(base_number=term.national)
