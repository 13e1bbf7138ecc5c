"""Scores of leads in the database, in the list of leads and on a lead's page."""

from typing import Any

import pytest
from django.db import connection

from aiicp.scoring import services
from aiicp.scoring.models import LeadScore
from lad import writes
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead
from tests.aiicp.helpers import PROFILES, profile
from tests.factories.education import CompanySearchCacheFactory, EmployeeCacheFactory
from tests.factories.leads import LeadFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.jobs import make_leads, run_jobs

SCORES = "/api/v1/ai-lead-scores/"
LIST = "/admin/leads/lead/"
ICP = {"roles": ["CEO"], "locations": ["Germany"]}


def lead(tenant: Any, **values: Any) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create(tenant=tenant, **{"raw_data": None, "custom_fields": {}, **values})


def points(tenant: Any) -> dict[Any, int]:
    with tenant_context(tenant.pk):
        return dict(LeadScore.objects.values_list("lead", "points"))


def choose(api, user, row):
    response = api(user).post(f"{PROFILES}{row.pk}/lead-scoring/")
    run_jobs()
    return response


@pytest.fixture
def three(tenant):
    return [
        lead(tenant, first_name="Ada", title="Chief Executive Officer", location="München", company_domain=""),
        lead(tenant, first_name="Bo", title="CEO", location="Paris", company_domain=""),
        lead(tenant, first_name="Cy", title="Gardener", location="", company_domain=""),
    ]


def test_a_profile_scores_all_leads_by_a_job_and_again_after_a_change(tenant, other_tenant, member, api, three):
    ada, bo, cy = three
    lead(other_tenant, title="CEO")
    row = profile(tenant, member, icp_data=ICP)
    response = choose(api, member, row)
    assert response.status_code == 202, response.content
    assert response.json()["title"].startswith("Score 3 leads by")
    assert points(tenant) == {ada.pk: 100, bo.pk: 62, cy.pk: 19}
    shown = api(member).get(SCORES, {"profile": str(row.pk), "points__gte": 60, "ordering": "-points"}).json()
    assert [each["lead"] for each in shown["results"]] == [str(ada.pk), str(bo.pk)]
    changed = api(member).patch(f"{PROFILES}{row.pk}/", {"icp_data": {"roles": ["Gardener"]}}, format="json")
    assert changed.status_code == 200
    drain()
    run_jobs()
    assert points(tenant) == {ada.pk: 0, bo.pk: 0, cy.pk: 100}
    with tenant_context(tenant.pk):
        assert set(LeadScore.objects.values_list("criteria_version", flat=True)) == {2}
    # A new name changes no score.
    api(member).patch(f"{PROFILES}{row.pk}/", {"name": "Renamed"}, format="json")
    drain()
    assert api(member).get("/api/v1/jobs/").json()["results"][0]["title"].startswith("Score 3 leads")
    assert len(api(member).get("/api/v1/jobs/").json()["results"]) == 2


def test_new_and_changed_leads_are_scored_by_their_events(tenant, member, api, three):
    ada, *_rest = three
    choose(api, member, profile(tenant, member, icp_data=ICP))
    with tenant_context(tenant.pk, user_id=member.pk):
        new = writes.create(Lead, {"first_name": "Di", "title": "CEO", "location": "Berlin"}, actor=member)
        writes.update(stored(ada), {"title": "Gardener"}, actor=member)
    drain()
    assert points(tenant)[new.pk] == 100
    assert points(tenant)[ada.pk] == 38


def test_leads_that_no_event_told_of_are_found(tenant, member, api, three):
    choose(api, member, profile(tenant, member, icp_data=ICP))
    make_leads(tenant.pk, 3)
    assert services.score_missing() == 3
    assert services.score_missing() == 0
    assert len(points(tenant)) == 6


def test_one_profile_scores_at_a_time_and_only_a_shared_one_that_says_something(tenant, member, viewer, api, three):
    first, second = profile(tenant, member, icp_data=ICP), profile(tenant, member, icp_data={"roles": ["Gardener"]})
    choose(api, member, first)
    choose(api, member, second)
    assert (stored(first).scores_leads, stored(second).scores_leads) == (False, True)
    refused = api(member).post(f"{PROFILES}{second.pk}/make-private/")
    assert "so it stays shared" in refused.content.decode()
    private = profile(tenant, member, icp_data=ICP, is_shared=False)
    assert problem(choose(api, member, private)) == (409, "profile_not_shared")
    assert problem(choose(api, viewer, first))[0] == 403
    silent = profile(tenant, member, icp_data={"goals": ["Book meetings"]})
    assert problem(choose(api, member, silent)) == (409, "nothing_to_score")
    assert stored(second).scores_leads


def test_what_is_known_comes_from_the_lead_its_source_and_the_cache_of_companies(tenant, member, api):
    with platform_context(tenant_id=tenant.pk):
        company = CompanySearchCacheFactory.create(
            tenant=tenant, company_domain="acme.example", company_data={"industry": "Fintech"}
        )
        employee = EmployeeCacheFactory.create(tenant=tenant, employee_title="CTO", employee_data={})
    cached = lead(tenant, company_domain="acme.example")
    bought = lead(tenant, company_domain="", raw_data={"organization": {"industry": "FinTech"}})
    entered = lead(tenant, company_domain="acme.example", custom_fields={"industry": "Farming"})
    row = profile(tenant, member, icp_data={"industries": ["Fintech"]})
    asked = {
        "leads": [str(each.pk) for each in (cached, bought, entered)],
        "companies": [company.pk],
        "employees": [employee.pk],
    }
    response = api(member).post(f"{PROFILES}{row.pk}/scores/", asked, format="json")
    assert response.status_code == 200, response.content
    found = {(each["kind"], each["id"]): each["points"] for each in response.json()["results"]}
    assert found == {
        ("lead", str(cached.pk)): 100,
        ("lead", str(bought.pk)): 100,
        ("lead", str(entered.pk)): 0,
        ("company", str(company.pk)): 100,
        ("employee", str(employee.pk)): 50,
    }
    assert problem(api(member).post(f"{PROFILES}{row.pk}/scores/", {}, format="json")) == (400, "invalid")


def test_scores_of_another_tenant_are_not_found(tenant, other_tenant, member, other_owner, api):
    row, theirs = profile(tenant, member, icp_data=ICP), lead(other_tenant, title="CEO")
    response = api(member).post(f"{PROFILES}{row.pk}/scores/", {"leads": [str(theirs.pk)]}, format="json")
    assert response.json()["results"] == []
    choose(api, member, row)
    foreign = api(other_owner).post(f"{PROFILES}{row.pk}/scores/", {"leads": [str(theirs.pk)]}, format="json")
    assert foreign.status_code in {403, 404}


def test_the_list_of_leads_shows_filters_and_sorts_by_the_score(tenant, member, api, admin_of, three, stages):
    browser = admin_of(member)
    assert "ICP score" not in browser.get(LIST).content.decode()
    row = profile(tenant, member, icp_data=ICP)
    choose(api, member, row)
    page = browser.get(LIST)
    assert "ICP score" in page.content.decode()
    column = len(page.context["cl"].list_display) - 1

    def names(**asked):
        return [each.first_name for each in browser.get(LIST, asked).context["cl"].result_list]

    unscored = lead(tenant, first_name="Zoe")
    assert names(o=str(column)) == ["Ada", "Bo", "Cy"]
    assert names(o=f"-{column}") == ["Cy", "Bo", "Ada"]
    assert names(icp_score="good") == ["Ada"]
    assert names(icp_score="fair") == ["Bo"]
    assert names(icp_score="weak") == ["Cy"]
    assert names(icp_score="none") == [unscored.first_name]
    assert names(icp_score="excluded") == []
    assert names(icp_score="nonsense") == []
    api(member).patch(f"{PROFILES}{row.pk}/", {"weights": {"role": 90}}, format="json")
    assert "(outdated)" in browser.get(LIST).content.decode()


def test_the_page_of_a_lead_says_why(tenant, member, viewer, api, admin_of, three, stages):
    ada, *_rest = three
    row = profile(tenant, member, icp_data=ICP, name="German chiefs")
    choose(api, member, row)
    page = admin_of(member).get(f"{LIST}{ada.pk}/change/").content.decode()
    assert "role Chief Executive Officer matches “CEO”" in page
    assert "German chiefs" in page
    with platform_context():
        Lead.objects.filter(pk=ada.pk).update(title="Gardener")
    assert "The list still shows 100" in admin_of(member).get(f"{LIST}{ada.pk}/change/").content.decode()


def test_the_best_leads_are_read_from_an_index(tenant, member, api, stages):
    row = profile(tenant, member, icp_data=ICP)
    make_leads(tenant.pk, 50)
    choose(api, member, row)
    with tenant_context(tenant.pk), connection.cursor() as cursor:
        # A small table is rather sorted: what counts is that the index has the order.
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_incremental_sort = off")
        rows = Lead.objects.filter(tenant=tenant.pk, icp_scores__profile=row.pk).order_by("-icp_scores__points", "-pk")
        plan = rows[:50].explain()
    assert "ai_lead_scores_best" in plan, plan
    assert "Sort" not in plan
