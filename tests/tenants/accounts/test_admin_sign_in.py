"""Signing in to the admin, and the tenant a session works in."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.authentication import SESSION_TENANT_KEY, resolve_access
from tenants.accounts.backends import EmailBackend
from tenants.accounts.models import User
from tenants.teams.models import Tenant, TenantStatus
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
    request.session = {SESSION_TENANT_KEY: str(tenant.pk)} if tenant else {}
    return resolve_access(request)


def test_the_backend_accepts_the_address_in_any_case(superuser):
    assert authenticate(username="ROOT@lad.test", password=PASSWORD) == superuser
    assert authenticate(username="root@lad.test", password="wrong") is None
    assert authenticate(username="nobody@lad.test", password=PASSWORD) is None


def test_the_backend_stops_a_client_after_five_failures(superuser):
    for _ in range(5):
        authenticate(username=superuser.email, password="wrong")
    assert authenticate(username=superuser.email, password=PASSWORD) is None


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": timezone.now()}])
def test_the_session_of_a_deactivated_or_deleted_user_has_no_user(superuser, change):
    assert EmailBackend().get_user(superuser.pk) == superuser
    with platform_context():
        User.objects.filter(pk=superuser.pk).update(**change)
    assert EmailBackend().get_user(superuser.pk) is None


def test_the_admin_s_sign_in_page_signs_in_and_records_it(superuser, client):
    response = client.post("/admin/login/?next=/admin/", {"username": "Root@lad.test", "password": PASSWORD})
    assert response.status_code == 302
    with platform_context():
        assert User.objects.get(pk=superuser.pk).last_login is not None
    assert client.get("/admin/").status_code == 200


def test_a_superuser_sees_all_tenants_and_can_choose_one(tenant, superuser):
    everything = admin_access(superuser)
    assert (everything.platform, everything.tenant_id) == (True, None)
    narrowed = admin_access(superuser, tenant)
    assert (narrowed.platform, narrowed.tenant_id) == (True, tenant.pk)


def test_staff_have_the_rights_of_their_role_in_their_tenant(tenant, staff):
    access = admin_access(staff)
    assert (access.platform, access.tenant_id, access.role) == (False, tenant.pk, Role.ADMIN)
    assert access.allows("team.update")
    assert not access.allows("team.transfer")


def test_staff_cannot_choose_a_tenant_they_do_not_belong_to(tenant, other_tenant, staff):
    assert admin_access(staff, other_tenant).tenant_id == tenant.pk


def test_staff_choose_among_their_tenants_and_leave_a_closed_one(tenant, other_tenant, staff):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=staff, role=Role.VIEWER)
    assert admin_access(staff, other_tenant).role == Role.VIEWER
    with platform_context():
        Tenant.objects.filter(pk=other_tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert admin_access(staff, other_tenant).tenant_id == tenant.pk
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert admin_access(staff).error.code == "tenant_suspended"


def test_users_who_are_not_staff_cannot_use_the_admin(owner):
    assert admin_access(owner).error.code == "not_staff"


def test_a_superuser_has_no_special_rights_in_the_api(tenant, superuser, api):
    access = admin_access(superuser, path="/api/v1/memberships/")
    assert not access.platform
    assert access.error.code == "no_membership"
    assert api(superuser, tenant=tenant).get("/api/v1/memberships/").status_code == 403


def test_an_admin_session_works_in_the_api_with_its_chosen_tenant(tenant, other_tenant, staff):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=staff, role=Role.VIEWER)
    assert admin_access(staff, other_tenant, path="/api/v1/memberships/").role == Role.VIEWER


def test_createsuperuser_creates_a_user_who_can_sign_in(db, monkeypatch):
    from django.core.management import call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "Boss@lad.test", verbosity=0)
    user = authenticate(username="boss@lad.test", password=PASSWORD)
    assert user is not None
    assert user.is_superuser
