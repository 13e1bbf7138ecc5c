"""The caller's profile, and switching to another tenant."""

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.teams.models import Tenant, TenantStatus
from tests.factories.tenants import MembershipFactory, UserCapabilityFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import sign_in


def test_me_shows_user_tenant_rights_and_features(tenant, admin, api):
    me = api(admin).get("/api/v1/me/").json()
    assert me["user"]["email"] == admin.email
    assert me["tenant"]["id"] == str(tenant.pk)
    assert me["role"] == "admin"
    assert "invitations.create" in me["rights"]
    assert "team.transfer" not in me["rights"]
    assert {feature["key"]: feature["open"] for feature in me["features"]}["dashboard"] is True
    assert me["closed"] is None
    assert "password" not in str(me)


def test_me_includes_capabilities_in_the_rights(tenant, member, api):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="apollo.search")
    assert "apollo.search" in api(member).get("/api/v1/me/").json()["rights"]


def test_me_lists_all_memberships_and_why_a_tenant_is_closed(tenant, other_tenant, owner, api):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=owner, role=Role.VIEWER)
        Tenant.objects.filter(pk=other_tenant.pk).update(status=TenantStatus.SUSPENDED)
    first, second = api(owner).get("/api/v1/me/").json()["memberships"]
    assert (first["tenant"]["name"], first["role"], first["is_primary"], first["closed"]) == (
        tenant.name,
        "owner",
        True,
        None,
    )
    assert (second["role"], second["closed"]["code"]) == ("viewer", "tenant_suspended")


def test_the_number_of_queries_does_not_grow_with_the_memberships(owner, api, django_assert_max_num_queries):
    from tests.factories.tenants import TenantFactory

    with platform_context():
        for tenant in TenantFactory.create_batch(20):
            MembershipFactory.create(user=owner, tenant=tenant)
    with django_assert_max_num_queries(16):
        assert len(api(owner).get("/api/v1/me/").json()["memberships"]) == 21


def test_members_of_a_closed_tenant_see_their_profile_only(tenant, owner, api):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.SUSPENDED)
    me = api(owner).get("/api/v1/me/")
    assert me.status_code == 200
    assert (me.json()["closed"]["code"], me.json()["rights"]) == ("tenant_suspended", [])
    assert me.json()["tenant"]["status"] == "suspended"
    for path in ("memberships", "activity", "features", "tenants"):
        assert problem(api(owner).get(f"/api/v1/{path}/")) == (403, "tenant_suspended")


def test_me_needs_a_credential(db, api):
    response = api().get("/api/v1/me/")
    assert problem(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_changing_the_name_emits_an_event(owner, api):
    response = api(owner).patch("/api/v1/me/", {"first_name": "Grace"}, format="json")
    assert response.json()["first_name"] == stored(owner).first_name == "Grace"
    [event] = events("tenants.user.updated")
    assert event.payload == {"changed": ["first_name"]}


@pytest.mark.parametrize("body", [{"email": "x@y.zz"}, {"is_superuser": True}, {"avatar_url": "javascript:alert(1)"}])
def test_users_cannot_change_other_fields_of_their_profile(owner, api, body):
    assert problem(api(owner).patch("/api/v1/me/", body, format="json")) == (400, "invalid")
    assert stored(owner).email == owner.email
    assert not stored(owner).is_superuser


def switch(api, session, tenant):
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    return api().post("/api/v1/me/switch-tenant/", {"tenant": str(tenant.pk)}, format="json", headers=headers)


def test_switching_moves_the_session_to_another_tenant(tenant, other_tenant, owner, api):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=owner, role=Role.VIEWER)
    session = sign_in(api, owner.email).json()
    answer = switch(api, session, other_tenant).json()
    me = api().get("/api/v1/me/", headers={"Authorization": f"Bearer {answer['access_token']}"}).json()
    assert (me["tenant"]["id"], me["role"]) == (str(other_tenant.pk), "viewer")
    again = api().post("/api/v1/auth/refresh/", {"refresh_token": session["refresh_token"]}, format="json")
    assert again.json()["tenant_id"] == str(other_tenant.pk)


def test_users_cannot_switch_to_a_tenant_without_a_membership(tenant, other_tenant, owner, api):
    session = sign_in(api, owner.email).json()
    assert problem(switch(api, session, other_tenant)) == (403, "no_membership")


def test_users_can_switch_from_a_closed_tenant_but_not_to_one(tenant, other_tenant, owner, api):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=owner)
    session = sign_in(api, owner.email).json()
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.CANCELLED)
    assert switch(api, session, other_tenant).status_code == 200
    assert problem(switch(api, session, tenant)) == (403, "tenant_cancelled")


def test_a_browser_session_switches_too(tenant, other_tenant, owner, client):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=owner, role=Role.VIEWER)
    client.force_login(owner)
    assert client.get("/api/v1/me/").json()["tenant"]["id"] == str(tenant.pk)
    body = {"tenant": str(other_tenant.pk)}
    assert client.post("/api/v1/me/switch-tenant/", body, content_type="application/json").status_code == 200
    assert client.get("/api/v1/me/").json()["tenant"]["id"] == str(other_tenant.pk)


def test_a_browser_session_leaves_a_tenant_its_user_was_removed_from(tenant, other_tenant, owner, client):
    with platform_context(tenant_id=other_tenant.pk):
        membership = MembershipFactory.create(user=owner)
    client.force_login(owner)
    client.post("/api/v1/me/switch-tenant/", {"tenant": str(other_tenant.pk)}, content_type="application/json")
    with platform_context():
        membership.delete()
    assert client.get("/api/v1/me/").json()["tenant"]["id"] == str(tenant.pk)


def test_a_browser_session_writes_only_with_a_csrf_token(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    response = client.patch("/api/v1/me/", {"first_name": "Eve"}, content_type="application/json")
    assert problem(response) == (403, "not_allowed")
    assert stored(owner).first_name != "Eve"


def test_a_user_can_open_a_second_tenant_and_is_signed_in_to_it(tenant, member, api):
    response = api(member).post("/api/v1/me/found-tenant/", {"tenant_name": "Side Business"}, format="json")
    assert response.status_code == 201
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access_token']}")
    me = client.get("/api/v1/me/").json()
    assert (me["tenant"]["name"], me["role"]) == ("Side Business", "owner")
    assert stored(member).primary_tenant_id == tenant.pk
    assert events("tenants.user.signed_up") == []


def test_a_second_tenant_may_have_a_used_name_so_that_names_cannot_be_probed(tenant, member, api):
    response = api(member).post("/api/v1/me/found-tenant/", {"tenant_name": tenant.name}, format="json")
    assert response.status_code == 201
