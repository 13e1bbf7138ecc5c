"""Searches are stored, paid for once, and marked with what the tenant knows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.usage.models import UsageEvent, UsageStatus
from lad.tenancy.context import platform_context, tenant_context
from leads.companies import charging
from leads.companies.apollo.errors import AnswerLost, BadQuery, DirectoryDown
from leads.companies.apollo.queries import CompanyFilters, CompanyQuery, PeopleQuery
from leads.companies.apollo.records import Company
from leads.companies.models import CompanySearchCache, EmployeeCache
from leads.companies.search import sweep
from leads.companies.search.models import DirectorySearch
from leads.companies.search.results import SearchPage
from leads.companies.search.services import HOLD_TTL, REFERENCE, search_companies, search_people
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.leads.companies.prospecting.directory import Directory, books, found, matched, person_id

CLINICS = CompanyQuery(company=CompanyFilters(locations=("Dubai",)), keyword_tags=("clinic",), per_page=25)
MANAGERS = PeopleQuery(titles=("Clinic manager",), locations=("Dubai",))
CLINIC = Company("company-1", "Clinic 1", "clinic1.example", industry="hospital", data={"industry": "hospital"})


def people(tenant: Tenant, directory: Directory, query: PeopleQuery = MANAGERS, **options: Any) -> SearchPage:
    return search_people(query, tenant_id=tenant.pk, directory=directory, **options)


def companies(tenant: Tenant, directory: Directory, query: CompanyQuery = CLINICS, **options: Any) -> SearchPage:
    return search_companies(query, tenant_id=tenant.pk, directory=directory, **options)


def test_people_are_found_for_nothing_and_stored(tenant: Tenant, directory: Directory) -> None:
    directory.found, directory.total = [found(1), found(2)], 420
    first = people(tenant, directory)
    assert [each.id for each in first.results] == [person_id(1), person_id(2)]
    assert (first.total, first.has_more, first.cached, first.credits) == (420, True, False, 0)
    again = people(tenant, directory, PeopleQuery(titles=("clinic  MANAGER",), locations=("dubai",)))
    assert (again.cached, again.total, len(directory.searches)) == (True, 420, 1)
    people(tenant, directory, PeopleQuery(titles=("Clinic manager",), locations=("Dubai",), page=2))
    people(tenant, directory, PeopleQuery(titles=("Clinic manager",), locations=("Abu Dhabi",)))
    assert len(directory.searches) == 3
    assert books(tenant) == (0, 0)
    with tenant_context(tenant.pk):
        assert DirectorySearch.objects.get(page_number=1, access_count=1).last_accessed_at


def test_a_page_is_fetched_again_when_it_is_old_or_somebody_wants_it_fresh(
    tenant: Tenant, directory: Directory, settings: Any
) -> None:
    directory.companies = [CLINIC]
    companies(tenant, directory)
    with platform_context():
        old = timezone.now() - timedelta(hours=settings.DIRECTORY_COMPANIES_HOURS, seconds=1)
        DirectorySearch.objects.update(fetched_at=old)
        CompanySearchCache.objects.update(created_at=old)
    assert not companies(tenant, directory).cached
    assert companies(tenant, directory).cached
    assert not companies(tenant, directory, refresh=True).cached
    assert (len(directory.searches), books(tenant)) == (3, (3, 0))
    with tenant_context(tenant.pk):
        row = CompanySearchCache.objects.get()
        assert row.created_at > old
        assert row.access_count == 1


def test_a_page_of_companies_is_paid_for_unless_it_is_empty(tenant: Tenant, directory: Directory) -> None:
    assert companies(tenant, directory).credits == 0
    assert companies(tenant, directory).cached
    assert books(tenant) == (0, 0)
    with tenant_context(tenant.pk):
        assert CompanySearchCache.objects.get().apollo_organization_id == ""
    directory.companies, directory.total = [CLINIC], 1
    other = CompanyQuery(keyword_tags=("hospital",))
    assert companies(tenant, directory, other).credits == 1
    page = companies(tenant, directory, other)
    assert (page.credits, page.results[0].name, page.results[0].industry) == (0, "Clinic 1", "hospital")
    assert books(tenant) == (1, 0)


@pytest.mark.parametrize("error", [DirectoryDown(), AnswerLost()])
def test_a_search_that_brings_nothing_costs_nothing(tenant: Tenant, directory: Directory, error: Exception) -> None:
    directory.fails = [error]
    with pytest.raises(type(error)):
        companies(tenant, directory)
    assert books(tenant) == (0, 0)


def test_the_credits_of_a_search_whose_process_died_come_back(tenant: Tenant, directory: Directory) -> None:
    with tenant_context(tenant.pk):
        charging.hold({f"{REFERENCE}1": charging.COMPANY_SEARCH}, ttl=HOLD_TTL, about={})
    assert books(tenant) == (0, 1)
    assert sweep.settle_lost() == 0
    assert sweep.settle_lost(now=timezone.now() + sweep.LOST_AFTER + timedelta(seconds=1)) == 1
    assert books(tenant) == (0, 0)
    with tenant_context(tenant.pk):
        assert UsageEvent.objects.get().status == UsageStatus.VOIDED


def test_a_filter_by_industry_searches_the_companies_first(tenant: Tenant, directory: Directory) -> None:
    directory.companies, directory.found = [CLINIC], [found(1)]
    query = PeopleQuery(titles=("Manager",), company_keyword_tags=("clinic",))
    assert people(tenant, directory, query).credits == 1
    assert directory.searches[-1].company.company_ids == ("company-1",)
    assert (people(tenant, directory, query).credits, len(directory.searches)) == (0, 2)
    directory.companies = []
    none = people(tenant, directory, PeopleQuery(company_keyword_tags=("unheard of",)))
    assert (none.total, len(none.results), books(tenant)) == (0, 0, (1, 0))


def test_a_query_that_cannot_be_asked_is_refused_before_anything_happens(tenant: Tenant, directory: Directory) -> None:
    for query in (PeopleQuery(page=501), PeopleQuery(seniorities=("boss",))):
        with pytest.raises(BadQuery):
            people(tenant, directory, query)
    with pytest.raises(BadQuery):
        companies(tenant, directory, CompanyQuery(per_page=101))
    assert not directory.searches


def test_what_is_known_is_not_replaced_by_what_a_search_hides(tenant: Tenant, directory: Directory) -> None:
    from leads.companies import caching

    directory.found = [found(1)]
    people(tenant, directory)
    with tenant_context(tenant.pk):
        caching.store_people([matched(1)], now=timezone.now())
        caching.store_contact(person_id(1), email="anna@clinic1.example")
    [person] = people(tenant, directory, refresh=True).results
    assert (person.name, person.email, person.company_domain) == (
        "Anna Hussein1",
        "anna@clinic1.example",
        "clinic1.example",
    )
    with tenant_context(tenant.pk):
        assert EmployeeCache.objects.count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"source": "apollo_io", "source_id": person_id(1)},
        {"email": "anna@clinic1.example"},
        {"linkedin_url": "http://linkedin.com/in/anna-1/"},
        {"first_name": "ANNA", "last_name": "hussein1", "company_domain": "clinic1.example"},
    ],
)
def test_people_who_are_leads_already_are_marked(
    tenant: Tenant, directory: Directory, make_lead: Callable[..., Any], values: dict[str, str]
) -> None:
    from leads.companies import caching

    nothing = {
        "source": "",
        "source_id": "",
        "email": "",
        "linkedin_url": "",
        "company_domain": "",
        "first_name": "Somebody",
        "last_name": "Else",
    }
    lead = make_lead(**{**nothing, **values})
    directory.found = [found(1), found(2)]
    people(tenant, directory)
    with tenant_context(tenant.pk):
        caching.store_people([matched(1), matched(2)], now=timezone.now())
        caching.store_contact(person_id(1), email="anna@clinic1.example")
    marks = [each.marks for each in people(tenant, directory).results]
    assert [each.lead_id for each in marks] == [lead.pk, None]


def test_people_who_were_contacted_can_be_left_out(
    tenant: Tenant, directory: Directory, make_lead: Callable[..., Any]
) -> None:
    moment = timezone.now() - timedelta(days=25)
    make_lead(source="apollo_io", source_id=person_id(1), last_contacted_at=moment)
    directory.found = [found(1), found(2)]
    page = people(tenant, directory)
    assert [each.marks.contacted_at for each in page.results] == [moment, None]
    page = people(tenant, directory, hide_contacted=True)
    assert ([each.id for each in page.results], page.hidden, page.total) == ([person_id(2)], 1, 2)


def test_old_pages_are_deleted(tenant: Tenant, directory: Directory) -> None:
    people(tenant, directory)
    assert sweep.prune() == 0
    assert sweep.prune(now=timezone.now() + sweep.KEPT_FOR + timedelta(days=1)) == 1


def test_another_tenant_pays_for_its_own_page(tenant: Tenant, other_tenant: Tenant, directory: Directory) -> None:
    from tests.leads.companies.prospecting.directory import fund

    fund(other_tenant)
    directory.companies = [CLINIC]
    assert [companies(each, directory).credits for each in (tenant, other_tenant)] == [1, 1]


def test_the_api_needs_the_right_and_an_account(
    tenant: Tenant, directory: Directory, api: Any, member: User, viewer: User
) -> None:
    from leads.companies.accounts.models import DirectoryAccount

    body = {"person_titles": ["Manager"], "per_page": 10}
    assert api(viewer).post("/api/v1/people-search/", body, format="json").status_code == 403
    assert api(member).post("/api/v1/people-search/", {"titles": []}, format="json").status_code == 400
    with platform_context():
        DirectoryAccount.objects.update(is_active=False)
    answer = api(member).post("/api/v1/people-search/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_directory")
    directory.found = [found(1)]
    search_people(PeopleQuery(titles=("Manager",), per_page=10), tenant_id=tenant.pk, directory=directory)
    answer = api(member).post("/api/v1/people-search/", body, format="json").json()
    assert (answer["cached"], answer["total"], answer["results"][0]["name"]) == (True, 1, "Anna Hu***n")
    answer = api(member).post("/api/v1/company-search/", {"q_organization_keyword_tags": ["x"]}, format="json")
    assert answer.status_code == 409


def test_stored_people_are_free_after_the_page_of_their_companies_is_old(
    tenant: Tenant, directory: Directory, settings: Any
) -> None:
    settings.DIRECTORY_COMPANIES_HOURS = 1
    directory.companies, directory.found = [CLINIC], [found(1)]
    query = PeopleQuery(titles=("Manager",), company_keyword_tags=("clinic",))
    assert people(tenant, directory, query).credits == 1
    with platform_context():
        old = timezone.now() - timedelta(hours=2)
        DirectorySearch.objects.filter(kind="companies").update(fetched_at=old)
    page = people(tenant, directory, query)
    assert (page.cached, page.credits, len(directory.searches)) == (True, 0, 2)
    assert books(tenant) == (1, 0)


def test_a_search_keeps_what_a_match_told_and_says_since_when(tenant: Tenant, directory: Directory) -> None:
    from leads.companies import caching
    from leads.companies.saving import filling

    first, later = timezone.now() - timedelta(days=9), timezone.now()
    with tenant_context(tenant.pk):
        caching.store_people([matched(1)], now=first)
        caching.store_found([found(1, title="Chief of clinics", data={"id": person_id(1)})], now=later)
        row = EmployeeCache.objects.get()
        values = filling.values_of([row], now=later)[person_id(1)]
    assert (row.employee_data["seniority"], row.employee_data["has_email"]) == ("manager", True)
    assert (row.employee_title, row.company_domain) == ("Chief of clinics", "clinic1.example")
    assert values["title"].fetched_at == later
    assert {values[name].fetched_at for name in ("location", "linkedin_url", "last_name")} == {first}


def test_nothing_of_the_old_company_is_kept_of_somebody_who_has_another_one(
    tenant: Tenant, directory: Directory
) -> None:
    from leads.companies import caching

    with tenant_context(tenant.pk):
        caching.store_people([matched(1)], now=timezone.now())
        caching.store_found([found(1, company_name="Elsewhere", data={"id": person_id(1)})], now=timezone.now())
        row = EmployeeCache.objects.get()
    assert (row.company_name, row.company_domain, row.company_id) == ("Elsewhere", "", "")
    assert "seniority" not in row.employee_data
    assert row.employee_name == "Anna Hussein1"
