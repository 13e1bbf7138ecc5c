"""Find the leads that are people of a directory already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from lad.tenancy.context import current_tenant_id
from leads.companies import sources
from leads.companies.caching import HIDDEN
from leads.companies.models import EmployeeCache
from leads.contacts.models import Lead
from leads.contacts.services.duplicates import leads_with, profile_key, profile_spellings

_COLUMNS: Final = (
    *("id", "first_name", "last_name", "email", "company_name", "company_domain", "linkedin_url"),
    *("source", "source_id", "last_contacted_at"),
)


@dataclass(frozen=True, slots=True)
class LeadIndex:
    """Leads by what tells that two are the same person, the surest first."""

    by_id: dict[str, Lead] = field(default_factory=dict)
    by_email: dict[str, Lead] = field(default_factory=dict)
    by_profile: dict[str, Lead] = field(default_factory=dict)
    by_name: dict[tuple[str, str], Lead] = field(default_factory=dict)

    def lead_of(self, person: EmployeeCache) -> Lead | None:
        """Return the lead that the person is. No lead is known by an empty text."""
        return (
            self.by_id.get(person.apollo_person_id)
            or self.by_email.get(person.employee_email)
            or self.by_profile.get(profile_key(person.employee_linkedin_url))
            or next((self.by_name[key] for key in _names(person) if key in self.by_name), None)
        )

    def add(self, person: EmployeeCache, lead: Lead) -> None:
        """Know from now on that the person is this lead, unless another one is known for what tells it."""
        self.by_id.setdefault(person.apollo_person_id, lead)
        if person.employee_email:
            self.by_email.setdefault(person.employee_email, lead)
        if profile := profile_key(person.employee_linkedin_url):
            self.by_profile.setdefault(profile, lead)
        for key in _names(person):
            self.by_name.setdefault(key, lead)


def leads_of(people: Sequence[EmployeeCache]) -> dict[str, Lead]:
    """Return the lead that each person is already, by the directory's ids.

    They are the same by the directory's id, else by e-mail address, LinkedIn profile, or name and the company's
    domain. A name that the directory hides in part tells nothing. Reads indexes only, in one statement for each.
    """
    index = index_of(people)
    found = ((person.apollo_person_id, index.lead_of(person)) for person in people)
    return {person_id: lead for person_id, lead in found if lead is not None}


def index_of(people: Sequence[EmployeeCache]) -> LeadIndex:
    """Return the leads of the current tenant that any of these people may be."""
    if not people:
        return LeadIndex()
    ids = [person.apollo_person_id for person in people]
    emails = [person.employee_email for person in people]
    profiles = [each for person in people for each in profile_spellings(person.employee_linkedin_url)]
    domains = [person.company_domain for person in people if _names(person)]
    by_id = Lead.objects.filter(tenant=current_tenant_id(), source=sources.APOLLO, source_id__in=ids).only(*_COLUMNS)
    return LeadIndex(
        # The oldest comes last and is the one that counts.
        {row.source_id: row for row in by_id.order_by("-created_at", "-pk")},
        {row.email: row for row in leads_with("email", emails, only=_COLUMNS)},
        {profile_key(row.linkedin_url): row for row in leads_with("linkedin_url", profiles, only=_COLUMNS)},
        {key: row for row in leads_with("company_domain", domains, only=_COLUMNS) for key in _lead_names(row)},
    )


def _names(person: EmployeeCache) -> list[tuple[str, str]]:
    name = " ".join(person.employee_name.lower().split())
    if not name or HIDDEN in name or " " not in name:
        return []
    return [(name, person.company_domain.lower())] if person.company_domain else []


def _lead_names(lead: Lead) -> list[tuple[str, str]]:
    name = " ".join(lead.full_name.lower().split())
    return [(name, lead.company_domain)] if name and lead.company_domain else []
