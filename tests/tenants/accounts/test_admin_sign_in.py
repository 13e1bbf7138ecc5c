"""Signing in to the admin, and whose rows a session then works on."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.backends import EmailBackend
from tenants.accounts.caller import SESSION_TENANT, resolve
from tenants.accounts.models import User
from tenants.teams.models import Role, Tenant, TenantStatus
from tests.factories.tenants import PASSWORD, MembershipFactory, UserFactory


@pytest.fixture
def staff(tenant):
    with platform_context(tenant_id=tenant.pk):
        user = UserFactory.create(email="staff@acme.test", is_staff=True, primary_tenant=tenant)
        MembershipFactory.create(user=user, role=Role.ADMIN)
    return user


def admin_access(user, tenant=None, path="/admin/"):
    request: Any = RequestFactory().get(path)
    request.user = user
    request.session = {SESSION_TENANT: str(tenant.pk)} if tenant else {}
    return resolve(request)


def test_the_backend_finds_people_in_any_case_of_their_address(superuser):
    assert authenticate(username="ROOT@lad.test", password=PASSWORD) == superuser
    assert authenticate(username="root@lad.test", password="wrong") is None
    assert authenticate(username="nobody@lad.test", password=PASSWORD) is None


def test_the_backend_locks_out_like_the_api(superuser):
    for _ in range(5):
        authenticate(username=superuser.email, password="wrong")
    assert authenticate(username=superuser.email, password=PASSWORD) is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": timezone.now()}])
def test_a_session_of_a_closed_account_is_nobody_s(superuser, change):
    assert EmailBackend().get_user(superuser.pk) == superuser
    with platform_context():
        User.objects.filter(pk=superuser.pk).update(**change)
    assert EmailBackend().get_user(superuser.pk) is None


def test_signing_in_through_the_admin_s_page_works_and_is_noted(superuser, client):
    response = client.post("/admin/login/?next=/admin/", {"username": "Root@lad.test", "password": PASSWORD})
    assert response.status_code == 302
    with platform_context():
        assert User.objects.get(pk=superuser.pk).last_login is not None
    assert client.get("/admin/").status_code == 200


def test_a_superuser_sees_the_platform_and_can_narrow_to_a_tenant(tenant, superuser):
    everything = admin_access(superuser)
    assert (everything.platform, everything.tenant_id) == (True, None)
    narrowed = admin_access(superuser, tenant)
    assert (narrowed.platform, narrowed.tenant_id) == (True, tenant.pk)


def test_staff_work_in_their_tenants_with_their_role_s_rights(tenant, staff):
    access = admin_access(staff)
    assert (access.platform, access.tenant_id, access.role) == (False, tenant.pk, Role.ADMIN)
    assert access.allows("team.update")
    assert not access.allows("team.transfer")


def test_staff_cannot_choose_a_tenant_they_do_not_belong_to(tenant, other_tenant, staff):
    assert admin_access(staff, other_tenant).tenant_id == tenant.pk


def test_staff_choose_among_their_tenants_and_are_not_stuck_in_a_closed_one(tenant, other_tenant, staff):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=staff, role=Role.VIEWER)
    assert admin_access(staff, other_tenant).role == Role.VIEWER
    with platform_context():
        Tenant.objects.filter(pk=other_tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert admin_access(staff, other_tenant).tenant_id == tenant.pk
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert admin_access(staff).error.code == "tenant_suspended"


def test_somebody_who_is_not_staff_has_no_business_in_the_admin(owner):
    assert admin_access(owner).error.code == "not_staff"


def test_a_superuser_is_no_superuser_in_the_api(tenant, superuser, api):
    access = admin_access(superuser, path="/api/v1/memberships/")
    assert not access.platform
    assert access.error.code == "no_membership"
    assert api(superuser, tenant=tenant).get("/api/v1/memberships/").status_code == 403


def test_a_session_works_in_the_api_too_in_the_tenant_chosen(tenant, other_tenant, staff):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=staff, role=Role.VIEWER)
    assert admin_access(staff, other_tenant, path="/api/v1/memberships/").role == Role.VIEWER


def test_createsuperuser_makes_somebody_who_can_sign_in(db, monkeypatch):
    from django.core.management import call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "Boss@lad.test", verbosity=0)
    user = authenticate(username="boss@lad.test", password=PASSWORD)
    assert user is not None
    assert user.is_superuser
