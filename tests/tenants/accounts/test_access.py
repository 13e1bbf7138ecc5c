"""Which user, tenant and rights a request's credential gives."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import RequestFactory
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.signing_keys import key_id
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts import tokens
from tenants.accounts.authentication import resolve_access
from tenants.accounts.models import User
from tenants.accounts.services import sessions
from tenants.teams.models import Membership, Tenant, TenantStatus
from tests.factories.tenants import MembershipFactory, UserCapabilityFactory


def access_of(token: str, path: str = "/api/v1/memberships/", **headers: str):
    return resolve_access(RequestFactory().get(path, headers={"Authorization": f"Bearer {token}", **headers}))


def token_of(user: User, tenant: Tenant) -> str:
    return tokens.issue_access_token(user=user, tenant_id=tenant.pk)


def test_a_token_gives_access_with_the_rights_of_the_role(tenant, admin):
    access = access_of(token_of(admin, tenant))
    assert access.user == admin
    assert (access.tenant_id, access.role) == (tenant.pk, Role.ADMIN)
    assert access.allows("team.update")
    assert not access.allows("team.transfer")


def test_a_request_without_a_credential_is_anonymous(db):
    access = resolve_access(RequestFactory().get("/api/v1/memberships/"))
    assert not access.signed_in
    assert access.error is None


@pytest.mark.parametrize("with_session", [False, True])
def test_access_is_resolved_with_one_query(tenant, admin, django_assert_num_queries, with_session):
    token = sessions.start(user=admin).access_token if with_session else token_of(admin, tenant)
    # It switches the role, reads, and switches back in one round trip.
    with django_assert_num_queries(1):
        access_of(token)


def test_capabilities_add_and_remove_single_rights(tenant, member, admin):
    with platform_context(tenant_id=tenant.pk):
        UserCapabilityFactory.create(user=member, capability_key="events.view")
        UserCapabilityFactory.create(user=admin, capability_key="events.view", enabled=False)
    assert access_of(token_of(member, tenant)).allows("events.view")
    assert not access_of(token_of(admin, tenant)).allows("events.view")


def test_a_capability_applies_in_its_own_tenant_only(tenant, other_tenant, member):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=member, role=Role.VIEWER)
        UserCapabilityFactory.create(user=member, capability_key="events.view")
    assert not access_of(token_of(member, tenant)).allows("events.view")


def test_the_header_selects_another_tenant_of_the_user(tenant, other_tenant, owner):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=owner, role=Role.VIEWER)
    access = access_of(token_of(owner, tenant), **{"X-Tenant-ID": str(other_tenant.pk)})
    assert (access.tenant_id, access.role) == (other_tenant.pk, Role.VIEWER)


@pytest.mark.parametrize("wanted", ["foreign", "unknown", "nonsense"])
def test_the_header_cannot_select_a_tenant_without_a_membership(tenant, other_tenant, owner, wanted):
    header = {"foreign": str(other_tenant.pk), "unknown": str(uuid7()), "nonsense": "../acme"}[wanted]
    access = access_of(token_of(owner, tenant), **{"X-Tenant-ID": header})
    assert not access.signed_in
    assert access.tenant_id is None
    assert access.error.code == "no_membership"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": TenantStatus.SUSPENDED}, "tenant_suspended"),
        ({"status": TenantStatus.CANCELLED}, "tenant_cancelled"),
        ({"status": TenantStatus.TRIAL, "trial_ends_at": timezone.now() - timedelta(seconds=1)}, "trial_ended"),
        ({"deleted_at": timezone.now()}, "tenant_cancelled"),
    ],
    ids=["suspended", "cancelled", "trial", "deleted"],
)
def test_a_closed_tenant_gives_no_rights_and_the_error_says_why(tenant, owner, change, code):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(**change)
    access = access_of(token_of(owner, tenant))
    assert access.user == owner
    assert access.rights == frozenset()
    assert not access.scoped
    assert access.error.code == code


def test_a_running_trial_gives_access(tenant, owner):
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(
            status=TenantStatus.TRIAL, trial_ends_at=timezone.now() + timedelta(minutes=1)
        )
    assert access_of(token_of(owner, tenant)).allows("team.view")


def test_a_removed_member_loses_access_at_once(tenant, member):
    token = token_of(member, tenant)
    with platform_context():
        Membership.objects.filter(user=member).delete()
    assert access_of(token).error.code == "no_membership"


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": timezone.now()}])
def test_a_deactivated_or_deleted_user_loses_access_at_once(tenant, member, change):
    token = token_of(member, tenant)
    with platform_context():
        User.objects.filter(pk=member.pk).update(**change)
    access = access_of(token)
    assert access.user is None
    assert access.error.code == "account_closed"


def forged(user: User, **changes: Any) -> str:
    key = settings.JWT_SIGNING_KEYS[0]
    algorithm = str(changes.pop("algorithm", "HS256"))
    signing_key = changes.pop("key", key)
    header = {"kid": changes.pop("kid", key_id(key)), "typ": changes.pop("typ", "at+jwt")}
    now = int(timezone.now().timestamp())
    changes = {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    claims = {"iss": tokens.issuer(), "aud": "lad-api", "sub": str(user.pk), "iat": now, "exp": now + 60, **changes}
    return jwt.encode(claims, "" if algorithm == "none" else signing_key, algorithm=algorithm, headers=header)


def test_an_unchanged_forged_token_is_accepted(tenant, owner):
    assert access_of(forged(owner)).user == owner


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "none"},
        {"algorithm": "HS512"},
        {"key": "another-key-that-is-long-enough-to-sign-with"},
        {"kid": "unknown"},
        {"typ": "JWT"},
        {"iss": "https://elsewhere.example"},
        {"aud": "another-api"},
        {"sub": "not-a-uuid"},
        {"sub": None},
        {"tid": "not-a-uuid"},
        {"tid": None},
        {"exp": None},
        {"iat": timedelta(hours=1)},
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items())[:40],
)
def test_a_forged_token_is_refused(tenant, owner, changes):
    access = access_of(forged(owner, **changes))
    assert access.user is None
    assert (access.error.status, access.error.code) == (401, "invalid_token")


def test_a_token_that_was_accepted_is_refused_once_it_expires(tenant, owner, monkeypatch, settings):
    token = token_of(owner, tenant)
    assert access_of(token).error is None
    monkeypatch.setattr(tokens, "LEEWAY", -settings.ACCESS_TOKEN_LIFETIME)
    assert access_of(token).error.code == "token_expired"


def test_an_expired_token_is_refused_as_expired(tenant, owner):
    old = tokens.issue_access_token(user=owner, tenant_id=tenant.pk, now=timezone.now() - timedelta(days=1))
    assert access_of(old).error.code == "token_expired"


def test_older_signing_keys_still_verify_and_the_newest_signs(tenant, owner, settings):
    old = token_of(owner, tenant)
    settings.JWT_SIGNING_KEYS = ["a-newer-key-that-is-long-enough-to-sign-with", *settings.JWT_SIGNING_KEYS]
    assert access_of(old).user == owner
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(token_of(owner, tenant))["kid"]
    settings.JWT_SIGNING_KEYS = settings.JWT_SIGNING_KEYS[:1]
    assert access_of(old).error.code == "invalid_token"


def test_malformed_tokens_are_refused(db):
    for garbage in ("", "x", "a.b.c", "ey.ey.ey", "é" * 30):
        assert access_of(garbage).error.code == "invalid_token"


def test_the_profile_endpoint_runs_outside_the_tenant_s_scope(tenant, owner):
    access = access_of(token_of(owner, tenant), path="/api/v1/me/")
    assert (access.detached, access.scoped, access.tenant_id) == (True, False, tenant.pk)
