"""What a search shows: people and companies, with what the tenant knows of them already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from leads.companies import caching
from leads.companies.models import CompanySearchCache, EmployeeCache
from leads.companies.reveals.models import RevealKind
from leads.companies.reveals.selectors import reveals_of
from leads.companies.saving.matching import leads_of


@dataclass(frozen=True, slots=True)
class Marks:
    """What the tenant knows of a person: the lead that they are, when it was contacted, and what was revealed.

    ``reveals`` has the state of each kind that was asked for.
    """

    lead_id: UUID | None = None
    contacted_at: datetime | None = None
    reveals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonResult:
    """A person of a search. ``email`` and ``phone`` are those that were revealed."""

    id: str
    name: str
    title: str
    company_name: str
    company_domain: str
    location: str
    linkedin_url: str
    email: str
    phone: str
    # Whether the directory has them. None is a maybe.
    has_email: bool | None
    has_phone: bool | None
    marks: Marks


@dataclass(frozen=True, slots=True)
class CompanyResult:
    """A company of a search."""

    id: str
    name: str
    domain: str
    industry: str
    employees: int | None
    location: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search. ``total`` is the directory's count of all results.

    ``hidden`` results of this page were left out, because they were contacted already. ``cached`` says that the page
    was stored, as of ``fetched_at``. ``credits`` is what it cost.
    """

    results: Sequence[Any]
    total: int
    page: int
    per_page: int
    has_more: bool
    cached: bool
    fetched_at: datetime | None
    credits: Decimal
    hidden: int = 0


def people(ids: Sequence[str]) -> list[PersonResult]:
    """Return the people of the current tenant's cache in the order of the ids, with their marks."""
    known = caching.employees(ids)
    rows = [known[each] for each in ids if each in known]
    leads = leads_of(rows)
    reveals: dict[str, dict[str, str]] = {}
    for reveal in reveals_of(known):
        reveals.setdefault(reveal.person_id, {})[reveal.kind] = reveal.state
    return [_person(row, leads, reveals.get(row.apollo_person_id, {})) for row in rows]


def companies(ids: Sequence[str]) -> list[CompanyResult]:
    """Return the companies of the current tenant's cache in the order of the ids."""
    known = caching.companies(ids)
    return [_company(known[each]) for each in ids if each in known]


def _person(row: EmployeeCache, leads: Mapping[str, Any], reveals: Mapping[str, str]) -> PersonResult:
    lead = leads.get(row.apollo_person_id)
    marks = Marks(lead.pk if lead else None, lead.last_contacted_at if lead else None, reveals)
    data = row.employee_data
    return PersonResult(
        id=row.apollo_person_id,
        name=row.employee_name,
        title=row.employee_title,
        company_name=row.company_name,
        company_domain=row.company_domain,
        location=", ".join(filter(None, (row.employee_city, row.employee_country))),
        linkedin_url=row.employee_linkedin_url,
        email=row.employee_email,
        phone=row.employee_phone,
        has_email=bool(row.employee_email) or data.get("has_email", RevealKind.EMAIL in reveals or None),
        has_phone=bool(row.employee_phone) or data.get("has_phone"),
        marks=marks,
    )


def _company(row: CompanySearchCache) -> CompanyResult:
    data = row.company_data
    employees = data.get("estimated_num_employees")
    return CompanyResult(
        id=row.apollo_organization_id,
        name=row.company_name,
        domain=row.company_domain,
        industry=str(data.get("industry") or ""),
        employees=employees if isinstance(employees, int) else None,
        location=", ".join(str(each) for each in (data.get("city"), data.get("country")) if each),
        data=data,
    )
