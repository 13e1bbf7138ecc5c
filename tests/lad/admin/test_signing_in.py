"""Who gets into the admin, and whose rows they see there."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.signing import b64_decode, b64_encode
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lad.tenancy.context import platform_context
from lad.tenancy.sessions import stored_key
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Membership, Tenant, TenantStatus
from tests.factories.tenants import PASSWORD, MembershipFactory
from tests.support.api import text

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"


def sign_in(email: str, password: str = PASSWORD) -> tuple[Client, Any]:
    client = Client()
    return client, client.post(LOGIN, {"username": email, "password": password})


def change_tenant(tenant: Tenant, **values: Any) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(**values)


def test_staff_sign_in_with_their_address_in_any_case(superuser):
    client, response = sign_in("Root@LAD.test")
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200


def test_a_failed_sign_in_does_not_say_whether_the_email_or_the_password_was_wrong(superuser):
    _client, wrong = sign_in("root@lad.test", "not the password")
    _client, unknown = sign_in("nobody@lad.test", "not the password")
    message = "Please enter the correct email and password"
    assert message in text(wrong)
    assert message in text(unknown)


def test_a_member_who_is_not_staff_cannot_sign_in(owner):
    client, _response = sign_in(owner.email)
    assert client.get("/admin/").status_code == 302


def test_staff_of_a_suspended_tenant_are_told_why_they_cannot_enter(admin_of, owner, tenant):
    browser = admin_of(owner)
    change_tenant(tenant, status=TenantStatus.SUSPENDED)
    response = browser.get("/admin/", follow=True)
    assert "This tenant is suspended" in text(response)


def test_staff_of_a_closed_and_an_open_tenant_work_in_the_open_one(admin_of, owner, tenant, other_tenant):
    with platform_context(tenant_id=other_tenant.pk):
        MembershipFactory.create(user=owner, role=Role.MEMBER)
    change_tenant(tenant, status=TenantStatus.CANCELLED)
    assert "Borealis Sales" in text(admin_of(owner).get("/admin/"))


def test_staff_see_the_rows_of_their_own_tenant_only(admin_of, owner, viewer, other_owner):
    page = text(admin_of(owner).get("/admin/tenants/membership/"))
    assert viewer.email in page
    assert other_owner.email not in page


def test_the_platform_sees_the_rows_of_all_tenants_and_whose_they_are(root, owner, other_owner):
    page = text(root.get("/admin/tenants/membership/"))
    assert owner.email in page
    assert other_owner.email in page
    assert "Borealis Sales" in page


def test_a_narrowed_superuser_sees_one_tenant_until_choosing_all_again(admin_of, superuser, tenant, owner, other_owner):
    browser = admin_of(superuser, tenant)
    assert other_owner.email not in text(browser.get("/admin/tenants/membership/"))
    assert other_owner.email not in text(browser.get("/admin/tenants/user/"))
    browser.post("/admin/tenant/", {"tenant_id": "", "next": "/admin/"})
    assert other_owner.email in text(browser.get("/admin/tenants/membership/"))


def test_staff_cannot_switch_to_a_tenant_they_do_not_belong_to(admin_of, owner, other_tenant, other_owner):
    browser = admin_of(owner, other_tenant)
    page = text(browser.get("/admin/tenants/membership/"))
    assert other_owner.email not in page
    assert "You cannot work in that tenant." in page


def test_the_switcher_lists_own_tenants_to_staff_and_all_to_the_platform(admin_of, owner, superuser, other_tenant):
    assert "Borealis" not in text(admin_of(owner).get("/admin/tenant/options/"))
    assert "Borealis" in text(admin_of(superuser).get("/admin/tenant/options/?q=bor"))


def test_switching_needs_a_csrf_token(superuser, tenant):
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)
    assert client.post("/admin/tenant/", {"tenant_id": str(tenant.pk)}).status_code == 403


def test_switching_on_a_rows_page_leads_to_its_list(root, tenant, owner):
    with platform_context():
        row = Membership.objects.get(user=owner)
    page = f"/admin/tenants/membership/{row.pk}/change/"
    response = root.post("/admin/tenant/", {"tenant_id": str(tenant.pk), "next": page})
    assert response["Location"] == "/admin/tenants/membership/"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/admin/", "/api/v1/me", "javascript:alert(1)"])
def test_switching_never_leads_out_of_the_admin(root, tenant, target):
    response = root.post("/admin/tenant/", {"tenant_id": str(tenant.pk), "next": target})
    assert response["Location"] == "/admin/"


def test_taking_a_right_away_takes_the_page_away(admin_of, owner, viewer, tenant):
    browser = admin_of(viewer)
    assert browser.get("/admin/tenants/membership/").status_code == 200
    assert browser.get("/admin/tenants/membership/add/").status_code == 403
    assert browser.get("/admin/audit/auditentry/").status_code == 403
    assert browser.get("/admin/mail/maildelivery/").status_code == 403


def test_the_sidebar_shows_only_permitted_pages(admin_of, viewer, superuser):
    assert "Mail deliveries" not in text(admin_of(viewer).get("/admin/"))
    assert "Mail deliveries" in text(admin_of(superuser).get("/admin/"))


def test_users_change_their_password_with_the_old_one(admin_of, owner):
    browser = admin_of(owner)
    entries = {"old_password": PASSWORD, "new_password1": "quite another 4711", "new_password2": "quite another 4711"}
    wrong = browser.post("/admin/password_change/", {**entries, "old_password": "a guess"})
    assert "This is not your current password." in text(wrong)
    assert browser.post("/admin/password_change/", entries).status_code == 302
    assert browser.get("/admin/").status_code == 200
    assert sign_in(owner.email, "quite another 4711")[1].status_code == 302


def stored_session(browser: Client) -> Session:
    with platform_context():
        return Session.objects.get(pk=stored_key(browser.cookies[settings.SESSION_COOKIE_NAME].value))


def change_session(browser: Client, data: str) -> None:
    with platform_context():
        Session.objects.filter(pk=stored_key(browser.cookies[settings.SESSION_COOKIE_NAME].value)).update(
            session_data=data
        )


@pytest.mark.usefixtures("all_features")
def test_a_session_and_its_caller_are_found_in_one_statement(admin_of, owner, tenant):
    browser = admin_of(owner, tenant)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/admin/leads/lead/").status_code == 200
    asked = [each["sql"] for each in captured]
    assert len([sql for sql in asked if "tenants_session_caller" in sql]) == 1
    assert not [sql for sql in asked if 'FROM "users"' in sql or 'FROM "memberships"' in sql]


def test_a_session_with_a_forged_signature_names_nobody(admin_of, owner, superuser):
    browser = admin_of(owner)
    content, signature = stored_session(browser).session_data.split(":", 1)
    claims = json.loads(b64_decode(content.encode()))
    forged = b64_encode(json.dumps({**claims, "_auth_user_id": str(superuser.pk)}).encode()).decode()
    change_session(browser, f"{forged}:{signature}")
    assert browser.get("/admin/leads/lead/").status_code == 302


def test_a_session_ends_with_the_password_and_with_the_account(admin_of, owner, viewer):
    browser, other = admin_of(owner), admin_of(viewer)
    with platform_context():
        owner.set_password("another good password")
        owner.save()
        User.objects.filter(pk=viewer.pk).update(is_active=False)
    assert browser.get("/admin/leads/lead/").status_code == 302
    assert other.get("/admin/leads/lead/").status_code == 302


def test_an_expired_session_names_nobody(admin_of, owner):
    browser = admin_of(owner)
    with platform_context():
        Session.objects.update(expire_date=timezone.now())
    assert browser.get("/admin/leads/lead/").status_code == 302
