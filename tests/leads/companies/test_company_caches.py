"""What outside directories answered: one row per question and answer, read by tenants and written by LAD."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from leads.companies.models import CompanySearchCache, DataSource, EmployeeCache
from tenants.accounts.models import User
from tenants.teams.models import PlanTier, Tenant
from tests.factories.education import CompanySearchCacheFactory, EmployeeCacheFactory
from tests.factories.tenants import TenantFactory
from tests.support.api import problem

COMPANIES = "/api/v1/company-search-cache/"
EMPLOYEES = "/api/v1/employees-cache/"


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(name="Acme Outreach", plan_tier=PlanTier.ENTERPRISE)


def search(tenant: Tenant, **values: Any) -> Any:
    question = {"search_keywords": "law firm", "search_location": "", "search_industry": ""}
    with platform_context(tenant_id=tenant.pk):
        return CompanySearchCacheFactory(**{**question, "apollo_organization_id": "", **values})


def person(tenant: Tenant, **values: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        return EmployeeCacheFactory(**{"company_id": "c1", "apollo_person_id": "", "employee_email": "", **values})


@pytest.mark.parametrize(
    "other",
    [
        {"search_keywords": "bakery"},
        {"search_location": "Paris"},
        {"search_industry": "legal"},
        {"apollo_organization_id": "o2"},
        {"page_number": 2},
    ],
)
def test_an_answer_is_kept_once_however_little_was_asked(tenant: Tenant, other: dict[str, Any]) -> None:
    search(tenant)
    with pytest.raises(IntegrityError), transaction.atomic():
        search(tenant)
    search(tenant, **other)


def test_the_same_question_in_another_spelling_is_the_same(tenant: Tenant) -> None:
    row = search(tenant, search_keywords="  Law   FIRM ", search_location="São Paulo")
    assert (row.search_keywords, row.search_location) == ("law firm", "são paulo")
    with pytest.raises(IntegrityError), transaction.atomic():
        search(tenant, search_keywords="LAW firm", search_location="SÃO PAULO")
    with platform_context(tenant_id=tenant.pk):
        assert CompanySearchCache.objects.get(search_keywords="Law Firm", search_location="SÃO  paulo") == row


def test_a_column_left_out_by_others_does_not_let_a_double_slip(tenant: Tenant) -> None:
    insert = "INSERT INTO company_search_cache (tenant_id, search_keywords) VALUES (%s, 'law firm')"
    with platform_context(), connection.cursor() as cursor:
        cursor.execute(insert, [tenant.pk])
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(insert, [tenant.pk])


def test_each_tenant_pays_for_and_keeps_its_own_answers(tenant: Tenant, other_tenant: Tenant) -> None:
    search(tenant)
    search(other_tenant)
    with tenant_context(tenant.pk):
        assert CompanySearchCache.objects.count() == 1


def test_a_person_is_kept_once_per_company(tenant: Tenant) -> None:
    person(tenant, apollo_person_id="p1")
    with pytest.raises(IntegrityError), transaction.atomic():
        person(tenant, apollo_person_id="p1")
    person(tenant, apollo_person_id="p1", company_id="c2")
    person(tenant, apollo_person_id="p1", company_id="")
    with pytest.raises(IntegrityError), transaction.atomic():
        person(tenant, apollo_person_id="p1", company_id="")


def test_people_from_other_directories_are_told_apart_by_their_profile(tenant: Tenant) -> None:
    for profile in ("https://linkedin.example/in/a", "https://linkedin.example/in/b", "", ""):
        person(tenant, data_source=DataSource.UNIPILE, employee_linkedin_url=profile)
    with pytest.raises(IntegrityError), transaction.atomic():
        person(tenant, data_source=DataSource.LINKEDIN, employee_linkedin_url="https://linkedin.example/in/a")


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (CompanySearchCache, {"search_keywords": "x", "page_number": 0}),
        (CompanySearchCache, {"search_keywords": "x", "access_count": -1}),
        (CompanySearchCache, {"search_keywords": "x", "company_data": ["x"]}),
        (CompanySearchCache, {"search_keywords": ""}),
        (EmployeeCache, {"employee_linkedin_url": "javascript:alert(1)"}),
        (EmployeeCache, {"employee_photo_url": f"https://a.example/{'x' * 2000}"}),
        (EmployeeCache, {"data_source": "elsewhere"}),
        (EmployeeCache, {"employee_email": "nobody"}),
    ],
)
def test_what_makes_no_sense_is_refused(tenant: Tenant, model: Any, values: dict[str, Any]) -> None:
    with platform_context(tenant_id=tenant.pk), pytest.raises(Invalid) as caught:
        writes.create(model, values)
    assert set(caught.value.errors) == {[*values][-1]}


def test_an_address_is_found_however_it_was_written(api: Any, member: User, tenant: Tenant) -> None:
    row = person(tenant, apollo_person_id="p9", employee_email="Ada@Solaris.example")
    found = api(member).get(EMPLOYEES, {"employee_email": "ada@solaris.example"}).json()["results"]
    assert [each["id"] for each in found] == [row.pk] or [each["id"] for each in found] == [str(row.pk)]


@pytest.mark.parametrize("url", [COMPANIES, EMPLOYEES])
def test_the_caches_are_read_and_not_written_through_the_api(api: Any, owner: User, url: str) -> None:
    assert api(owner).get(url).status_code == 200
    assert problem(api(owner).post(url, {}, format="json")) == (405, "method_not_allowed")


def test_the_caches_are_closed_without_their_feature(api: Any, other_owner: User) -> None:
    assert problem(api(other_owner).get(COMPANIES)) == (403, "feature_closed")


def test_what_searches_read_is_not_shown(api: Any, owner: User, tenant: Tenant) -> None:
    search(tenant)
    [row] = api(owner).get(COMPANIES).json()["results"]
    assert "name_key" not in row
