"""Read and write the caches of companies and employees. They are the tenant's own, as is what it paid for.

What is known already is not replaced by less: a full name by an obfuscated one, an address by none, what a match told
by what a search tells. Of somebody who has another company now, nothing of the old one is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import F

from lad import writes
from lad.errors import DomainError
from lad.outbox.emission import emit
from lad.phones import parse
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from lad.writes import Change
from leads.companies import sources
from leads.companies.apollo.records import Company, FoundPerson, Person
from leads.companies.models import CompanySearchCache, EmployeeCache

MAX_TEXT: Final = 255
MAX_URL: Final = 2_000
# What a directory hides of a name.
HIDDEN: Final = "*"
# So that an event of the longest names stays small.
DOMAINS_TOLD_AT_ONCE: Final = 50
# Parts of a directory's record that are paid for one by one. They are stored by a reveal only.
PAID_KEYS: Final = frozenset(
    {"email", "personal_emails", "phone_numbers", "sanitized_phone", "contact", "contact_emails", "contact_phones"}
)
# Parts of a person's record that are about their company and their place in it.
COMPANY_KEYS: Final = frozenset(
    {"organization", "organization_id", "headline", "seniority", "departments", "functions", "employment_history"}
)
_PERSON_COLUMNS: Final = (
    *("company_id", "company_name", "company_domain", "employee_name", "employee_title", "employee_headline"),
    *("employee_linkedin_url", "employee_photo_url", "employee_city", "employee_state", "employee_country"),
    *("employee_data", "last_fetched_at", "matched_at"),
)


def employees(person_ids: Iterable[str]) -> dict[str, EmployeeCache]:
    """Return what is known of people of the current tenant, by the directory's ids."""
    rows = EmployeeCache.objects.filter(
        tenant=current_tenant_id(), data_source=sources.APOLLO, apollo_person_id__in=list(person_ids)
    )
    # Someone who was stored under several companies: the newest is right.
    return {row.apollo_person_id: row for row in rows.order_by("last_fetched_at", "pk")}


def companies(company_ids: Iterable[str]) -> dict[str, CompanySearchCache]:
    """Return what is known of companies of the current tenant, by the directory's ids."""
    rows = CompanySearchCache.objects.filter(
        tenant=current_tenant_id(), apollo_organization_id__in=list(company_ids)
    ).exclude(apollo_organization_id="")
    return {row.apollo_organization_id: row for row in rows.order_by("created_at", "pk")}


def store_found(people: Sequence[FoundPerson], *, now: datetime) -> None:
    """Store the people of a search. Those who are known better already keep what is known."""
    _store({each.id: _found_values(each, now) for each in people if each.id}, now)


def store_people(people: Iterable[Person], *, now: datetime) -> None:
    """Store the people of a match, without e-mail addresses and numbers: those are the reveals' to write."""
    _store({each.id: _person_values(each, now) for each in people if each.id}, now)


def store_companies(found: Sequence[Company], *, words: Mapping[str, str], page: int, now: datetime) -> None:
    """Store the companies of a page of a search, or that it was empty. ``words`` is what was searched for."""
    question = {
        "search_keywords": words.get("keywords", "")[:MAX_TEXT],
        "search_location": words.get("location", "")[:MAX_TEXT],
        "search_industry": words.get("industry", "")[:MAX_TEXT],
    }
    rows = [
        CompanySearchCache(
            tenant_id=current_tenant_id(),
            created_at=now,
            apollo_organization_id=each.id[:MAX_TEXT],
            company_name=each.name[:MAX_TEXT],
            company_domain=each.domain[:MAX_TEXT],
            company_data=dict(each.data),
            page_number=page,
            **question,
        )
        for each in found
        if each.id
    ] or [CompanySearchCache(tenant_id=current_tenant_id(), created_at=now, page_number=page, **question)]
    changed = _told_anew(rows)
    CompanySearchCache.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=[
            *("tenant", "search_keywords", "search_location", "search_industry"),
            *("apollo_organization_id", "page_number"),
        ],
        # The time of creation is that of the last answer: it decides how long the row lives.
        update_fields=["created_at", "company_name", "company_domain", "company_data"],
    )
    announce(changed)


def announce(domains: Iterable[str]) -> None:
    """Tell whoever concludes anything from companies that more is known of these, by their domains."""
    known = sorted(filter(None, set(domains)))
    for first in range(0, len(known), DOMAINS_TOLD_AT_ONCE):
        emit("leads.company.described", payload={"domains": known[first : first + DOMAINS_TOLD_AT_ONCE]})


class CompanyWriter(writes.Writer[CompanySearchCache]):
    """Announces what people and programs change of a cached company."""

    def after_save(self, change: Change[CompanySearchCache]) -> None:
        if change.created or {"company_domain", "company_data"} & change.before.keys():
            announce([change.row.company_domain, change.before.get("company_domain", "")])

    def after_delete(self, row: CompanySearchCache, *, actor: Actor) -> None:
        announce([row.company_domain])


writes.register(CompanySearchCache, CompanyWriter)


def count_companies_used(company_ids: Sequence[str], *, now: datetime) -> None:
    """Count that stored companies were used instead of asking for them again."""
    CompanySearchCache.objects.filter(tenant=current_tenant_id(), apollo_organization_id__in=company_ids).exclude(
        apollo_organization_id=""
    ).update(access_count=F("access_count") + 1, last_accessed_at=now)


def store_contact(person_id: str, *, email: str = "", phone: str = "") -> None:
    """Store a revealed address or number with the person."""
    values = {name: value for name, value in (("employee_email", email), ("employee_phone", phone)) if value}
    if values:
        EmployeeCache.objects.filter(tenant=current_tenant_id(), apollo_person_id=person_id).update(**values)


def storable_phone(number: str) -> str:
    """Return the number in E.164, or an empty string if it cannot be dialled."""
    try:
        return parse(number, "").e164
    except (ValidationError, DomainError):
        return ""


def _told_anew(rows: Sequence[CompanySearchCache]) -> list[str]:
    """Return the domains of companies of which something else was known until now, or nothing."""
    domains = {row.company_domain for row in rows if row.company_domain}
    known = CompanySearchCache.objects.filter(tenant=current_tenant_id(), company_domain__in=domains)
    before = {row.company_domain: row.company_data for row in known.order_by("created_at", "pk")} if domains else {}
    return [row.company_domain for row in rows if before.get(row.company_domain) != row.company_data]


def _store(values: Mapping[str, dict[str, Any]], now: datetime) -> None:
    known = employees(values)
    # Somebody who was stored under two companies before is one person.
    EmployeeCache.objects.filter(tenant=current_tenant_id(), apollo_person_id__in=list(known)).exclude(
        pk__in=[row.pk for row in known.values()]
    ).delete()
    changed = []
    for person_id, row in known.items():
        _renew(row, values[person_id])
        changed.append(row)
    EmployeeCache.objects.bulk_update(changed, _PERSON_COLUMNS)
    EmployeeCache.objects.bulk_create(
        [
            EmployeeCache(
                tenant_id=current_tenant_id(),
                created_at=now,
                data_source=sources.APOLLO,
                apollo_person_id=person_id[:MAX_TEXT],
                **each,
            )
            for person_id, each in values.items()
            if person_id not in known
        ],
        # Somebody else stored the person meanwhile.
        ignore_conflicts=True,
    )


def _renew(row: EmployeeCache, values: Mapping[str, Any]) -> None:
    """Write what is known now over what was known before."""
    company = values.get("company_name", "")
    if company and row.company_name and company.casefold() != row.company_name.casefold():
        row.company_id, row.company_domain = "", ""
        row.employee_data = {name: each for name, each in row.employee_data.items() if name not in COMPANY_KEYS}
    for name, value in values.items():
        if name == "employee_data":
            row.employee_data |= {each: told for each, told in value.items() if told not in (None, "", [], {})}
        elif value and not (name == "employee_name" and HIDDEN in value and row.employee_name):
            setattr(row, name, value)


def _found_values(each: FoundPerson, now: datetime) -> dict[str, Any]:
    return {
        "company_name": each.company_name[:MAX_TEXT],
        "employee_name": each.name[:MAX_TEXT],
        "employee_title": each.title[:MAX_TEXT],
        "employee_data": _free(each.data) | {"has_email": each.has_email, "has_phone": each.has_phone},
        "last_fetched_at": now,
    }


def _person_values(each: Person, now: datetime) -> dict[str, Any]:
    company = each.company
    return {
        "company_id": company.id[:MAX_TEXT] if company else "",
        "company_name": company.name[:MAX_TEXT] if company else "",
        "company_domain": company.domain[:MAX_TEXT] if company else "",
        "employee_name": each.name[:MAX_TEXT],
        "employee_title": each.title[:MAX_TEXT],
        "employee_headline": each.headline,
        "employee_linkedin_url": each.linkedin_url[:MAX_URL],
        "employee_photo_url": each.photo_url[:MAX_URL],
        "employee_city": each.city[:MAX_TEXT],
        "employee_state": each.state[:MAX_TEXT],
        "employee_country": each.country[:MAX_TEXT],
        "employee_data": _free(each.data),
        "last_fetched_at": now,
        "matched_at": now,
    }


def _free(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in PAID_KEYS}
