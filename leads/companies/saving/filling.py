"""Fill fields of leads from a directory, and remember where each came from.

An empty field is filled, but not with what a person has taken out of it. What a person entered is never replaced, nor
is what nothing is known about. What came from a directory is replaced by what is verified, or at least not worse, and
newer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.companies import caching, sources
from leads.companies.models import EmployeeCache
from leads.companies.reveals.models import Reveal, RevealKind, RevealState
from leads.companies.saving.models import LeadFieldSource
from leads.contacts.models import Lead

# From here on a value counts as verified.
VERIFIED_FROM: Final = 90
MAX_VALUE: Final = 500
# What a search tells of a person. The rest is known from a match.
FOUND_BY_SEARCH: Final = frozenset({"first_name", "title", "company_name"})
FIELDS: Final = (
    *("first_name", "last_name", "title", "company_name", "company_domain", "location", "linkedin_url"),
    *("email", "phone"),
)


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value for a field, how sure the directory is, and when it was asked. Without a confidence it says nothing."""

    value: str
    confidence: int | None
    fetched_at: datetime

    @property
    def is_verified(self) -> bool:
        return self.confidence is not None and self.confidence >= VERIFIED_FROM


def values_of(people: Sequence[EmployeeCache], *, now: datetime) -> dict[str, dict[str, Sourced]]:
    """Return what the directory tells of people for the fields of a lead, by the directory's ids."""
    reveals = {
        (row.person_id, row.kind): row
        for row in Reveal.objects.filter(
            tenant=current_tenant_id(),
            source=sources.APOLLO,
            person_id__in=[person.apollo_person_id for person in people],
            state=RevealState.FOUND,
        )
    }
    return {person.apollo_person_id: _values(person, reveals, now) for person in people}


def fill_leads(person_ids: Iterable[str], *, now: datetime) -> int:
    """Fill the leads that were saved from these people. Return how many of them changed."""
    people = caching.employees(person_ids)
    leads = Lead.objects.filter(tenant=current_tenant_id(), source=sources.APOLLO, source_id__in=list(people))
    found = {lead.source_id: lead for lead in leads.select_for_update(no_key=True).order_by("pk")} if people else {}
    values = values_of([people[each] for each in found], now=now)
    return sum(fill(lead, values[person_id], actor=None) for person_id, lead in found.items())


def fill(lead: Lead, values: Mapping[str, Sourced], *, actor: Actor) -> bool:
    """Fill the fields of a lead with what is better than what it has. Return whether it changed."""
    known = {row.field: row for row in sources_of(lead)}
    better = {
        name: each
        for name, each in values.items()
        if each.value and is_better(getattr(lead, name), known.get(name), each)
    }
    changed = {name: each.value for name, each in better.items() if getattr(lead, name) != each.value}
    if changed:
        lead, written = write(changed, lambda valid: writes.update(lead, valid, actor=actor))
        better = {name: each for name, each in better.items() if name in written or name not in changed}
        changed = written
    remember(lead, better)
    return bool(changed)


def write(values: Mapping[str, Any], how: Callable[[dict[str, Any]], Lead]) -> tuple[Lead, dict[str, Any]]:
    """Write the values with ``how``, leaving out fields that the directory spells as LAD does not accept them.

    Return the lead and what was written. Raises Invalid for what did not come from the directory.
    """
    left = dict(values)
    while True:
        try:
            with transaction.atomic():
                return how(left), left
        except Invalid as error:
            wrong = error.errors.keys() & set(FIELDS) & left.keys()
            if not wrong:
                raise
            left = {name: value for name, value in left.items() if name not in wrong}


def remember(lead: Lead, values: Mapping[str, Sourced]) -> None:
    """Write down that fields of the lead have these values from the directory."""
    LeadFieldSource.objects.bulk_create(
        [
            LeadFieldSource(
                tenant_id=lead.tenant_id,
                lead_id=lead.pk,
                field=name,
                source=sources.APOLLO,
                value=str(getattr(lead, name))[:MAX_VALUE],
                confidence=each.confidence,
                is_verified=each.is_verified,
                fetched_at=each.fetched_at,
            )
            for name, each in values.items()
            if each.value
        ],
        update_conflicts=True,
        unique_fields=["tenant", "lead", "field"],
        update_fields=["source", "value", "confidence", "is_verified", "fetched_at"],
    )


def is_better(present: str, known: LeadFieldSource | None, new: Sourced) -> bool:
    """Return whether a directory's value should replace the present one, of which ``known`` is the source."""
    if not present:
        return known is None or known.value != new.value[:MAX_VALUE]
    if known is None or known.value != present:
        # A person entered it, or an import did.
        return False
    if known.is_verified and not new.is_verified:
        return False
    return new.fetched_at > known.fetched_at


def sources_of(lead: Lead) -> QuerySet[LeadFieldSource]:
    """Return where the fields of a lead come from."""
    rows: QuerySet[LeadFieldSource] = LeadFieldSource.objects.filter(tenant=lead.tenant_id, lead=lead.pk)
    return rows.order_by("field")


def _values(person: EmployeeCache, reveals: Mapping[tuple[str, str], Reveal], now: datetime) -> dict[str, Sourced]:
    at = person.last_fetched_at or now
    name = person.employee_name
    first, _space, last = name.partition(" ")
    # A city may be a state of the same name.
    parts = (person.employee_city, person.employee_state, person.employee_country)
    place = ", ".join(dict.fromkeys(filter(None, parts)))
    plain = {
        "first_name": "" if caching.HIDDEN in first else first,
        "last_name": "" if caching.HIDDEN in last else last.strip(),
        "title": person.employee_title,
        "company_name": person.company_name,
        "company_domain": person.company_domain,
        "location": place,
        "linkedin_url": person.employee_linkedin_url,
    }
    matched = person.matched_at or at
    values = {
        field: Sourced(value, None, at if field in FOUND_BY_SEARCH else matched) for field, value in plain.items()
    }
    for kind, field in ((RevealKind.EMAIL, "email"), (RevealKind.PHONE, "phone")):
        reveal = reveals.get((person.apollo_person_id, kind))
        known = str(person.employee_email if kind == RevealKind.EMAIL else person.employee_phone)
        if reveal is not None and reveal.value:
            values[field] = Sourced(reveal.value, reveal.confidence, reveal.finished_at or at)
        elif known:
            values[field] = Sourced(known, None, matched)
    return values


def new_values(values: Mapping[str, Sourced]) -> dict[str, Any]:
    """Return the values of a new lead."""
    return {name: each.value for name, each in values.items() if each.value}
