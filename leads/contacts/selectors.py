"""Search for leads, and for rows that belong to a lead."""

from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import F, Model, QuerySet

from lad import phones
from lad.db.phone_search import phone_term
from lad.limits import searchable
from lad.search import AnyOf, in_two_lines, words_of
from lad.tenancy.context import require_scope
from leads.contacts.models import Lead
from tenants.teams.models import Tenant

# Up to so many leads are named by their keys. If more are found, fifty of them are among the first rows of any list.
MAX_KEYS: Final = 1_000
# A term of fewer digits is not taken for a telephone number.
MIN_NUMBER_DIGITS: Final = 5

RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True, slots=True)
class FoundLeads:
    """The leads that a term finds: their number without deleted ones, and their keys, or None if they are many."""

    words: list[str]
    total: int
    keys: list[UUID] | None

    def among(self, rows: QuerySet[RowT], lead: str = "") -> QuerySet[RowT]:
        """Return the rows that are found leads, or whose key named ``lead`` points to one."""
        if self.keys is not None:
            if not self.keys:
                return rows.none()
            return rows.filter(AnyOf(F(f"{lead}_id" if lead else "id"), self.keys))
        text = F(f"{lead}__search_text" if lead else "search_text")
        for word in self.words:
            rows = rows.filter(in_two_lines(text, word))
        return rows


def find(term: str, *, count_up_to: int = MAX_KEYS, keys_up_to: int = MAX_KEYS) -> FoundLeads:
    """Return the leads that have all words of the term: of their names the beginning, of the rest any part.

    Counts no further than the limit, and names no more leads by their keys. Costs one statement.
    """
    words = _words(term) if searchable(term) else []
    if not words:
        return FoundLeads(words=[], total=0, keys=[])
    scope = require_scope()
    # Without a tenant the platform looks into each one's part of the index.
    across = scope.platform and scope.tenant_id is None
    tenants = [*Tenant.all_objects.values_list("pk", flat=True)] if across else None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT total, ids FROM leads_found(%s::text[], %s::uuid[], %s, %s)",
            [words, tenants, keys_up_to, max(count_up_to, keys_up_to)],
        )
        total, keys = cursor.fetchone()
    return FoundLeads(words=words, total=total, keys=keys)


def find_leads(rows: QuerySet[Lead], term: str) -> QuerySet[Lead]:
    """Return the leads among the rows that the term finds. A blank term finds all."""
    return find(term).among(rows) if term.strip() else rows


def of_found_leads(rows: QuerySet[RowT], term: str, *, lead: str = "lead") -> QuerySet[RowT]:
    """Return the rows whose lead the term finds. A blank term finds all."""
    return find(term).among(rows, lead) if term.strip() else rows


def ordered_by_day(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """Return leads that are ordered by their last activity in the same order, by the day first, which has an index."""
    order = [str(name) for name in rows.query.order_by]
    if not order or order[0].lstrip("-") != "last_activity_at":
        return rows
    return rows.order_by(order[0].replace("_at", "_on"), *order)


def _words(term: str) -> list[str]:
    """Return the words to find. A term that is a telephone number is one word: the digits that are stored.

    Digits after zeros are found in numbers of any country, unless the tenant's country reads them otherwise.
    """
    written = phones.digits_of(term)
    digits = written.lstrip("0")
    if len(written) < MIN_NUMBER_DIGITS or not digits:
        return words_of(term)
    meant = phone_term(term)
    stored = meant.number.e164.lstrip("+") if meant and meant.number else digits
    return [digits if stored.endswith(digits) else stored]
