"""Signing up and verifying the address."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts import tokens
from tenants.accounts.models import User
from tenants.teams.models import Membership, Tenant, TenantStatus
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import PASSWORD

BODY = {"email": "Ada@Example.com", "password": PASSWORD, "first_name": "Ada", "tenant_name": "Lovelace Leads"}


@pytest.fixture
def sign_up(api, db):
    return lambda **changes: api().post("/api/v1/auth/sign-up/", {**BODY, **changes}, format="json")


def test_signing_up_creates_a_user_and_their_tenant_on_trial(sign_up):
    response = sign_up()
    assert response.status_code == 201
    with platform_context():
        user = User.objects.get(email="ada@example.com")
        membership = Membership.objects.select_related("tenant").get(user=user)
    tenant = membership.tenant
    assert membership.role == Role.OWNER
    assert user.primary_tenant_id == tenant.pk
    assert (tenant.name, tenant.status) == ("Lovelace Leads", TenantStatus.TRIAL)
    assert tenant.slug.startswith("lovelace-leads-")
    assert timedelta(days=13) < tenant.trial_ends_at - timezone.now() < timedelta(days=15)
    assert not user.email_verified
    assert response.json()["tenant_id"] == str(tenant.pk)


def test_the_response_contains_a_session(sign_up, api):
    token = sign_up().json()["access_token"]
    me = api().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"}).json()
    assert (me["user"]["email"], me["role"], me["tenant"]["name"]) == ("ada@example.com", "owner", "Lovelace Leads")


def test_signing_up_emits_events_of_the_new_tenant(sign_up):
    tenant_id = sign_up().json()["tenant_id"]
    assert len(events("tenants.tenant.created", tenant_id)) == 1
    assert len(events("tenants.user.signed_up", tenant_id)) == 1


def test_an_address_can_sign_up_once_in_any_case(sign_up):
    sign_up()
    assert problem(sign_up(email="ADA@example.COM", tenant_name="Another")) == (409, "email_taken")
    with platform_context():
        assert Tenant.objects.count() == 1


def test_a_sign_up_does_not_tell_whether_a_tenant_has_the_name(sign_up):
    """Neither by a refusal nor by another form of the slug."""
    assert sign_up().status_code == 201
    assert sign_up(email="eve@example.com", tenant_name="lovelace LEADS").status_code == 201
    with platform_context():
        slugs = list(Tenant.objects.values_list("slug", flat=True))
    assert all(re.fullmatch(r"lovelace-leads-[a-z0-9]{6}", slug) for slug in slugs), slugs
    assert len(set(slugs)) == 2


def test_tenants_whose_names_give_the_same_slug_get_different_slugs(sign_up):
    sign_up()
    assert sign_up(email="eve@example.com", tenant_name="Lovelace: Leads!").status_code == 201
    with platform_context():
        slugs = list(Tenant.objects.values_list("slug", flat=True))
    assert len(set(slugs)) == 2
    assert all(slug.startswith("lovelace-leads") for slug in slugs)


def test_without_a_name_the_tenant_is_named_after_the_user(sign_up):
    sign_up(tenant_name="")
    assert sign_up(tenant_name="", email="ada@elsewhere.com").status_code == 201
    with platform_context():
        assert list(Tenant.objects.values_list("name", flat=True)) == ["Ada's Organization"] * 2


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012", "ada@example.com", "x" * 300])
def test_a_weak_password_is_refused_with_the_reason(sign_up, password):
    response = sign_up(password=password)
    assert problem(response) == (400, "invalid")
    assert response.json()["errors"]["password"]
    with platform_context():
        assert not Tenant.objects.exists()


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@nowhere"])
def test_an_invalid_address_is_refused(sign_up, email):
    response = sign_up(email=email)
    assert problem(response) == (400, "invalid")
    assert response.json()["errors"]["email"]


def test_an_unknown_field_is_refused(sign_up):
    assert "role" in sign_up(role="owner").json()["errors"]


def test_the_mailed_link_verifies_the_address_and_may_be_used_again(sign_up, api):
    sign_up()
    with platform_context():
        user = User.objects.get(email="ada@example.com")
    token = tokens.email_verification_token(user)
    for _ in range(2):
        assert api().post("/api/v1/auth/verify-email/", {"token": token}, format="json").status_code == 204
    assert stored(user).email_verified
    assert len(events("tenants.user.email_verified")) == 1


def test_a_verification_link_is_refused_if_forged_or_if_the_address_changed(owner, api):
    token = tokens.email_verification_token(owner)
    with platform_context():
        User.objects.filter(pk=owner.pk).update(email="new@acme.test", email_verified=False)
    for bad in (token, f"{token}x", "x"):
        response = api().post("/api/v1/auth/verify-email/", {"token": bad}, format="json")
        assert problem(response) == (410, "invalid_verification_link")
    assert not stored(owner).email_verified


def test_signing_up_is_throttled(sign_up, settings):
    statuses = [sign_up(email=f"person{number}@example.com", tenant_name="").status_code for number in range(21)]
    assert statuses == [201] * 20 + [429]


def test_the_verification_mail_is_sent_again_until_the_address_is_verified(sign_up, api):
    token = sign_up().json()["access_token"]
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.post("/api/v1/auth/verify-email/resend/").status_code == 204
    assert len(events("tenants.user.verification_requested")) == 1
    with platform_context():
        User.objects.filter(email="ada@example.com").update(email_verified=True)
    assert client.post("/api/v1/auth/verify-email/resend/").status_code == 204
    assert len(events("tenants.user.verification_requested")) == 1
