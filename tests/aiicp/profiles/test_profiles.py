"""Customer profiles: saved, shared with the team, counted when they are searched with."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from aiicp.profiles import services as profiles
from aiicp.profiles.models import IcpProfile
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.helpers import CONVERSATIONS, PROFILES, as_now, conversation, ids, profile
from tests.tenants.helpers import events, problem, together


def test_a_profile_is_the_team_s_and_names_who_saved_it(tenant, member, viewer, api):
    body = {"name": "Nordic fintech", "icp_data": {"industries": ["fintech"]}}
    response = api(member).post(PROFILES, body, format="json")
    assert response.status_code == 201, response.content
    assert response.json()["user"] == str(member.pk)
    assert response.json()["search_params"] is None
    assert response.json()["id"] in ids(api(viewer).get(PROFILES))


@pytest.mark.parametrize("icp", [{}, None, {"roles": [""]}, ["CFO"]])
def test_a_profile_says_who_the_customer_is(tenant, member, api, icp):
    response = api(member).post(PROFILES, {"name": "Empty", "icp_data": icp}, format="json")
    assert problem(response) == (400, "invalid")
    assert "icp_data" in response.json()["errors"]


def test_using_a_profile_counts_and_says_when(tenant, member, api):
    row = profile(tenant, member)
    response = api(member).post(f"{PROFILES}{row.pk}/use/")
    assert response.status_code == 200, response.content
    assert response.json()["usage_count"] == 1
    assert timezone.now() - as_now(row).last_used_at < timedelta(minutes=1)
    assert [event.payload for event in events("aiicp.icp_profile.used", tenant.pk)] == [{"usage_count": 1}]


def test_a_profile_that_is_not_offered_is_not_used(tenant, member, api):
    row = profile(tenant, member, is_active=False)
    assert problem(api(member).post(f"{PROFILES}{row.pk}/use/")) == (409, "profile_inactive")
    assert as_now(row).usage_count == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_use_a_profile_at_once_are_both_counted(tenant, member):
    row = profile(tenant, member)

    def use():
        with tenant_context(tenant.pk, user_id=member.pk):
            profiles.use(profile=as_now(row), actor=member)

    together(use, use)
    assert as_now(row).usage_count == 2


def test_lists_are_ordered_by_use(tenant, member, api):
    rows = [profile(tenant, member, usage_count=n, last_used_at=timezone.now()) for n in (2, 9, 5)]
    listed = api(member).get(PROFILES, {"ordering": "-usage_count"}).json()["results"]
    assert [each["id"] for each in listed] == [str(rows[index].pk) for index in (1, 2, 0)]


def test_what_a_conversation_found_is_saved_as_a_profile(tenant, member, api):
    row = conversation(tenant, member)
    body = {"name": "Sales heads", "description": "For the spring"}
    response = api(member).post(f"{CONVERSATIONS}{row.pk}/save-profile/", body, format="json")
    assert response.status_code == 201, response.content
    shown = response.json()
    assert response["Location"] == f"{PROFILES}{shown['id']}/"
    assert (shown["icp_data"], shown["search_params"]) == (row.icp_data, row.search_params)
    assert shown["source_conversation"] == str(row.pk)
    nested = api(member).get(f"{CONVERSATIONS}{row.pk}/", {"include": "profiles"}).json()["profiles"]
    assert [each["id"] for each in nested["results"]] == [shown["id"]]
    [event] = events("aiicp.icp_profile.saved", tenant.pk)
    assert event.payload == {"conversation_id": str(row.pk)}


def test_a_conversation_that_found_nothing_makes_no_profile(tenant, member, api):
    row = conversation(tenant, member, icp_data={})
    response = api(member).post(f"{CONVERSATIONS}{row.pk}/save-profile/", {"name": "Nothing"}, format="json")
    assert problem(response) == (409, "nothing_found")


def test_a_profile_outlives_its_conversation(tenant, member, api):
    row = conversation(tenant, member)
    saved = profile(tenant, member, source_conversation=row)
    api(member).delete(f"{CONVERSATIONS}{row.pk}/")
    assert api(member).get(f"{PROFILES}{saved.pk}/").status_code == 200


def test_the_database_refuses_a_use_without_its_moment_and_a_negative_count(tenant, member):
    row = profile(tenant, member)
    for values in ({"usage_count": 3}, {"usage_count": -1, "last_used_at": timezone.now()}):
        with platform_context(), pytest.raises(IntegrityError), transaction.atomic():
            IcpProfile.objects.filter(pk=row.pk).update(**values)
