"""Saving customer profiles and counting their use."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from aiicp.profiles import services
from aiicp.profiles.models import IcpProfile
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.helpers import CONVERSATIONS, PROFILES, conversation, ids, profile
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import stored
from tests.support.events import events


def test_a_profile_is_shared_and_names_the_user_who_saved_it(tenant, member, viewer, api):
    body = {"name": "Nordic fintech", "icp_data": {"industries": ["fintech"]}}
    response = api(member).post(PROFILES, body, format="json")
    assert response.status_code == 201, response.content
    assert response.json()["user"] == str(member.pk)
    assert response.json()["search_params"] is None
    assert response.json()["id"] in ids(api(viewer).get(PROFILES))


@pytest.mark.parametrize("icp", [{}, None, {"roles": [""]}, ["CFO"]])
def test_a_profile_needs_an_ideal_customer(tenant, member, api, icp):
    response = api(member).post(PROFILES, {"name": "Empty", "icp_data": icp}, format="json")
    assert problem(response) == (400, "invalid")
    assert "icp_data" in response.json()["errors"]


def test_using_a_profile_counts_it_and_stores_the_time(tenant, member, api):
    row = profile(tenant, member)
    response = api(member).post(f"{PROFILES}{row.pk}/use/")
    assert response.status_code == 200, response.content
    assert response.json()["usage_count"] == 1
    last_used_at = stored(row).last_used_at
    assert last_used_at is not None
    assert timezone.now() - last_used_at < timedelta(minutes=1)
    assert [event.payload for event in events("aiicp.icp_profile.used", tenant.pk)] == [{"usage_count": 1}]


def test_an_inactive_profile_cannot_be_used(tenant, member, api):
    row = profile(tenant, member, is_active=False)
    assert problem(api(member).post(f"{PROFILES}{row.pk}/use/")) == (409, "profile_inactive")
    assert stored(row).usage_count == 0


@pytest.mark.django_db(transaction=True)
def test_concurrent_uses_of_a_profile_are_all_counted(tenant, member):
    row = profile(tenant, member)

    def use():
        with tenant_context(tenant.pk, user_id=member.pk):
            services.use(profile=stored(row), actor=member)

    run_together(use, use)
    assert stored(row).usage_count == 2


def test_profiles_can_be_ordered_by_use(tenant, member, api):
    rows = [profile(tenant, member, usage_count=n, last_used_at=timezone.now()) for n in (2, 9, 5)]
    listed = api(member).get(PROFILES, {"ordering": "-usage_count"}).json()["results"]
    assert [each["id"] for each in listed] == [str(rows[index].pk) for index in (1, 2, 0)]


def test_a_profile_is_saved_from_a_conversation(tenant, member, api):
    row = conversation(tenant, member)
    request = {"name": "Sales heads", "description": "For the spring"}
    response = api(member).post(f"{CONVERSATIONS}{row.pk}/save-profile/", request, format="json")
    assert response.status_code == 201, response.content
    body = response.json()
    assert response["Location"] == f"{PROFILES}{body['id']}/"
    assert (body["icp_data"], body["search_params"]) == (row.icp_data, row.search_params)
    assert body["source_conversation"] == str(row.pk)
    nested = api(member).get(f"{CONVERSATIONS}{row.pk}/", {"include": "profiles"}).json()["profiles"]
    assert [each["id"] for each in nested["results"]] == [body["id"]]
    [event] = events("aiicp.icp_profile.saved", tenant.pk)
    assert event.payload == {"conversation_id": str(row.pk)}


def test_a_conversation_without_an_ideal_customer_gives_no_profile(tenant, member, api):
    row = conversation(tenant, member, icp_data={})
    response = api(member).post(f"{CONVERSATIONS}{row.pk}/save-profile/", {"name": "Nothing"}, format="json")
    assert problem(response) == (409, "nothing_found")


def test_a_profile_outlives_its_conversation(tenant, member, api):
    row = conversation(tenant, member)
    saved = profile(tenant, member, source_conversation=row)
    api(member).delete(f"{CONVERSATIONS}{row.pk}/")
    assert api(member).get(f"{PROFILES}{saved.pk}/").status_code == 200


def test_the_database_refuses_a_use_without_its_time_and_a_negative_count(tenant, member):
    row = profile(tenant, member)
    for values in ({"usage_count": 3}, {"usage_count": -1, "last_used_at": timezone.now()}):
        with platform_context(), pytest.raises(IntegrityError), transaction.atomic():
            IcpProfile.objects.filter(pk=row.pk).update(**values)
