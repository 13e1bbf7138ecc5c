"""Scores are renewed soon after anything that they follow from has changed, and an older one never replaces a newer."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from aiicp.profiles.models import IcpProfile
from aiicp.scoring import selectors, services, storing
from aiicp.scoring.models import LeadScore
from lad import writes
from lad.jobs.models import Job, JobState
from lad.outbox.drain import drain
from lad.tenancy.access import access_in_tenant
from lad.tenancy.context import platform_context, tenant_context
from leads.companies import caching
from leads.companies.apollo.records import Company
from leads.companies.models import CompanySearchCache
from leads.contacts.models import Lead
from tests.aiicp.helpers import PROFILES, profile
from tests.aiicp.scoring.test_scores import LIST, choose, lead, points
from tests.support.concurrency import ConcurrentWork, wait_until_blocked
from tests.support.database import stored
from tests.support.jobs import run_jobs

INDUSTRY = {"industries": ["Fintech"]}


def learn(tenant: Any, domain: str, industry: str) -> None:
    """Let a search have found the company."""
    with tenant_context(tenant.pk):
        company = Company(id=f"at-{domain}", name="Acme", domain=domain, data={"industry": industry})
        caching.store_companies([company], words={"keywords": industry}, page=1, now=timezone.now())


@pytest.mark.parametrize("way", ["search", "hand", "deletion"])
def test_leads_of_a_company_are_scored_again_when_more_is_known_of_it(tenant, other_tenant, member, api, way):
    one, other = lead(tenant, company_domain="acme.example"), lead(tenant, company_domain="elsewhere.example")
    learn(tenant, "acme.example", "Farming")
    choose(api, member, profile(tenant, member, icp_data=INDUSTRY))
    drain()
    assert points(tenant) == {one.pk: 0, other.pk: 50}
    with tenant_context(tenant.pk):
        before = LeadScore.objects.get(lead=other).scored_at
        row = CompanySearchCache.objects.get()
        if way == "hand":
            writes.update(row, {"company_data": {"industry": "Fintech"}}, actor=None)
        elif way == "deletion":
            writes.delete(row)
    if way == "search":
        learn(tenant, "acme.example", "Fintech")
    learn(other_tenant, "elsewhere.example", "Fintech")
    drain()
    assert points(tenant) == {one.pk: 50 if way == "deletion" else 100, other.pk: 50}
    with tenant_context(tenant.pk):
        assert LeadScore.objects.get(lead=other).scored_at == before


def test_of_a_company_with_very_many_leads_the_rest_is_left_to_the_regular_task(tenant, member, api, monkeypatch):
    some = [lead(tenant, company_domain="acme.example") for _each in range(3)]
    choose(api, member, profile(tenant, member, icp_data=INDUSTRY))
    drain()
    monkeypatch.setattr(services, "BATCH", 2)
    learn(tenant, "acme.example", "Fintech")
    drain()
    assert sorted(points(tenant).values()) == [50, 100, 100]
    with tenant_context(tenant.pk):
        assert LeadScore.objects.filter(criteria_version=0).count() == 1
    assert services.score_missing() == 1
    assert points(tenant) == {each.pk: 100 for each in some}


@pytest.mark.django_db(transaction=True)
def test_a_job_that_read_a_lead_before_it_changed_does_not_undo_its_new_score(tenant, member, api, monkeypatch):
    row = lead(tenant, title="CEO", location="", company_domain="")
    by = profile(tenant, member, icp_data={"roles": ["CEO"]})
    read = selectors.known_leads
    changed: list[bool] = []

    def then_changed(ids: Any) -> Any:
        found = list(read(ids))
        if not changed:
            changed.append(True)
            assert ConcurrentWork(change).succeeded()
        return found

    def change() -> None:
        with tenant_context(tenant.pk):
            writes.update(stored(row), {"title": "Gardener"}, actor=None)
        drain()

    monkeypatch.setattr(storing, "known_leads", then_changed)
    choose(api, member, by)
    assert changed
    assert points(tenant) == {row.pk: 0}


def test_a_score_of_an_older_profile_or_of_a_deleted_lead_is_not_written(tenant, member):
    row, gone = (lead(tenant, title="CEO", location="", company_domain="") for _each in range(2))
    older = profile(tenant, member, icp_data={"roles": ["CEO"]})
    with tenant_context(tenant.pk, user_id=member.pk):
        newer = writes.update(stored(older), {"icp_data": {"roles": ["Gardener"]}}, actor=member)
        writes.delete(gone, actor=member)
        ids = [row.pk, gone.pk]
        assert storing.score_leads(newer, ids) == {row.pk}
        assert storing.score_leads(older, ids) == set()
    assert points(tenant) == {row.pk: 0}


@pytest.mark.django_db(transaction=True)
def test_of_two_recomputes_at_once_one_job_is_left(tenant, member, api):
    row = lead(tenant, title="CEO", location="", company_domain="")
    by = profile(tenant, member, icp_data={"roles": ["CEO"]}, scores_leads=True)

    def again() -> None:
        with tenant_context(tenant.pk, user_id=member.pk):
            services.recompute(stored(by), access=access_in_tenant(member.pk, tenant.pk))

    with tenant_context(tenant.pk, user_id=member.pk):
        services.recompute(by, access=access_in_tenant(member.pk, tenant.pk))
        other = ConcurrentWork(again)
        wait_until_blocked()
    assert other.succeeded()
    with tenant_context(tenant.pk):
        assert sorted(Job.objects.values_list("state", flat=True)) == [JobState.CANCELLED, JobState.QUEUED]
    run_jobs()
    assert points(tenant) == {row.pk: 100}


def test_a_deleted_profile_scores_no_longer_and_comes_back_without_taking_the_place_of_another(
    tenant, member, api, admin_of, stages
):
    lead(tenant, title="CEO", location="", company_domain="")
    first, second = (profile(tenant, member, icp_data={"roles": [each]}) for each in ("CEO", "Gardener"))
    choose(api, member, first)
    with tenant_context(tenant.pk, user_id=member.pk):
        writes.delete(stored(first), actor=member)
    browser = admin_of(member)
    assert "ICP score" not in browser.get(LIST).content.decode()
    choose(api, member, second)
    with tenant_context(tenant.pk, user_id=member.pk):
        writes.restore(IcpProfile.all_objects.get(pk=first.pk), actor=member)
    assert (stored(first).scores_leads, stored(second).scores_leads) == (False, True)
    # Where nothing else has taken its place, it scores again.
    assert api(member).delete(f"{PROFILES}{second.pk}/lead-scoring/").status_code == 204
    choose(api, member, first)
    with tenant_context(tenant.pk, user_id=member.pk):
        writes.delete(stored(first), actor=member)
        writes.restore(IcpProfile.all_objects.get(pk=first.pk), actor=member)
    assert stored(first).scores_leads


def test_the_companies_of_a_few_leads_are_looked_up_in_the_order_of_their_index(tenant):
    row = lead(tenant, company_domain="acme.example")
    learn(tenant, "acme.example", "Fintech")
    # In another order than its own the index of domains cannot be used, and all companies are read.
    collation = "SELECT pg_collation_for(company_domain) FROM"
    with tenant_context(tenant.pk), connection.cursor() as cursor:
        values: dict[str, Any] = {"ids": [row.pk], "keys": selectors.KEYS}
        cursor.execute(f"{collation} ({selectors.READ_LEADS}) AS known", values)
        [(asked,)] = cursor.fetchall()
        cursor.execute(f"{collation} company_search_cache")
        assert cursor.fetchall() == [(asked,)]
        [known] = selectors.known_leads([row.pk])
    assert known.facts.industry == "Fintech"


def test_a_changed_lead_is_scored_in_two_statements(tenant, member, api, django_assert_num_queries):
    row = lead(tenant, title="CEO", location="", company_domain="")
    with platform_context():
        by = profile(tenant, member, icp_data={"roles": ["CEO"]}, scores_leads=True)
    with tenant_context(tenant.pk), django_assert_num_queries(2):
        assert storing.score_leads(by, [row.pk]) == {row.pk}
    with tenant_context(tenant.pk):
        assert storing.score_leads(by, [row.pk]) == set()
        Lead.objects.filter(pk=row.pk).update(title="Gardener")
        assert storing.score_leads(by, [row.pk]) == {row.pk}
