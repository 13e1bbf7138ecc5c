"""Sessions of the API and the admin: what is recorded, who sees them, how they end, and the mails about them."""

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from lad.audit.models import AuditEntry
from lad.mail.models import MailDelivery
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.models import SessionKind, User, UserSession
from tenants.accounts.services import sessions, user_sessions
from tests.factories.tenants import MembershipFactory, UserSessionFactory
from tests.support.api import problem, text
from tests.support.database import one
from tests.tenants.helpers import NEW_PASSWORD, PASSWORD, sign_in

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"


def bearer(signed_in: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {signed_in.json()['access_token']}"}


def mails(kind: str) -> list[MailDelivery]:
    with platform_context():
        return list(MailDelivery.objects.filter(kind=kind))


def signed_in_from(
    api: Any, user: User, agent: str, address: str = "198.51.100.7", *, cookies: SimpleCookie | None = None
) -> Any:
    client = api()
    client.cookies = cookies or SimpleCookie()
    return client.post(
        "/api/v1/auth/sign-in/",
        {"email": user.email, "password": PASSWORD},
        format="json",
        headers={"User-Agent": agent},
        REMOTE_ADDR=address,
    )


class TestAdmin:
    def test_signing_out_everywhere_ends_sessions_of_the_admin(self, owner, api, admin_of):
        browser = admin_of(owner)
        assert browser.get("/admin/").status_code == 200
        this = sign_in(api, owner.email)
        api().post("/api/v1/auth/sign-out/", {"everywhere": True}, format="json", headers=bearer(this))
        assert browser.get("/admin/").status_code == 302
        assert browser.get("/api/v1/me/").status_code == 401

    @pytest.mark.parametrize("ends", ["password", "deactivated"])
    def test_what_ends_all_sessions_ends_those_of_the_admin(self, owner, api, admin_of, ends):
        browser = admin_of(owner)
        if ends == "password":
            body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
            headers = bearer(sign_in(api, owner.email))
            assert api().post("/api/v1/auth/password/change/", body, format="json", headers=headers).status_code == 204
        else:
            sessions.sign_out(user=owner, everywhere=True)
        with platform_context():
            assert not UserSession.objects.filter(user=owner, kind=SessionKind.ADMIN).live(timezone.now()).exists()
        assert browser.get("/admin/").status_code == 302

    def test_the_cookie_s_secret_is_not_in_the_database(self, root):
        secret = root.cookies[django_settings.SESSION_COOKIE_NAME].value
        with platform_context():
            (row,) = Session.objects.all()
        assert row.session_key != secret
        assert secret not in row.session_data
        intruder = Client()
        intruder.cookies[django_settings.SESSION_COOKIE_NAME] = row.session_key
        assert intruder.get("/admin/").status_code == 302

    def test_an_idle_session_ends_and_a_used_one_does_not(self, root, superuser):
        limit = django_settings.ADMIN_IDLE_LIMIT

        def unused_for(time: timedelta) -> None:
            with platform_context():
                UserSession.objects.update(last_used_at=timezone.now() - time)

        unused_for(limit * 0.9)
        assert root.get("/admin/").status_code == 200
        assert one(UserSession, user=superuser).last_used_at > timezone.now() - timedelta(seconds=30)
        unused_for(limit * 1.1)
        assert root.get("/admin/").status_code == 302

    def test_signing_out_ends_the_session_s_row(self, root, superuser):
        assert root.post("/admin/logout/").status_code == 200
        assert one(UserSession, user=superuser).ended_at is not None

    def test_a_session_stays_the_same_when_its_password_changes(self, root, superuser):
        body = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        other = Client()
        other.force_login(superuser)
        assert root.post("/admin/password_change/", body).status_code == 302
        assert root.get("/admin/").status_code == 200
        assert other.get("/admin/").status_code == 302

    def test_everybody_sees_and_ends_their_own_sessions(self, admin_of, viewer, owner, api):
        browser = admin_of(viewer)
        signed_in_from(api, viewer, SAFARI)
        signed_in_from(api, owner, FIREFOX)
        page = text(browser.get("/admin/account/"))
        assert "Safari on iPhone" in page
        assert "Firefox" not in page
        assert "this session" in page
        other = one(UserSession, user=viewer, kind=SessionKind.API)
        assert browser.post("/admin/account/", {"session": str(other.pk)}).status_code == 302
        assert one(UserSession, pk=other.pk).ended_at is not None
        assert browser.get("/admin/account/").status_code == 200

    def test_an_admin_ends_a_session_in_their_tenant_only(self, admin_of, admin, member, other_owner, api):
        for person in (member, other_owner):
            sign_in(api, person.email)
        browser = admin_of(admin)
        page = text(browser.get("/admin/tenants/usersession/"))
        assert member.email in page
        assert other_owner.email not in page
        theirs, foreign = (one(UserSession, user=person) for person in (member, other_owner))
        assert browser.post(f"/admin/tenants/usersession/{theirs.pk}/end/").status_code == 302
        assert one(UserSession, pk=theirs.pk).ended_at is not None
        assert browser.post(f"/admin/tenants/usersession/{foreign.pk}/end/").status_code == 404

    def test_sessions_of_lad_s_staff_belong_to_no_tenant(self, admin_of, superuser, tenant, admin):
        admin_of(superuser, tenant)
        assert one(UserSession, user=superuser).tenant_id is None
        assert superuser.email not in text(admin_of(admin).get("/admin/tenants/usersession/"))

    def test_a_session_follows_its_user_into_another_tenant(self, admin_of, owner, other_tenant):
        with platform_context(tenant_id=other_tenant.pk):
            MembershipFactory.create(user=owner, role=Role.MEMBER)
        admin_of(owner, other_tenant)
        assert one(UserSession, user=owner).tenant_id == other_tenant.pk


class TestApi:
    def test_the_list_says_what_signed_in_from_where_and_when(self, owner, api):
        signed_in_from(api, owner, SAFARI)
        headers = bearer(signed_in_from(api, owner, FIREFOX, "203.0.113.5"))
        listed = api().get("/api/v1/me/sessions/", headers=headers).json()
        facts = [(each["device"], each["address"], each["kind"], each["current"]) for each in listed]
        assert facts == [
            ("Firefox on Linux", "203.0.113.5", "api", True),
            ("Safari on iPhone", "198.51.100.7", "api", False),
        ]
        assert all(each["created_at"] <= each["last_used_at"] <= each["expires_at"] for each in listed)

    def test_a_refresh_records_that_the_session_was_used(self, owner, api):
        first = sign_in(api, owner.email).json()
        later = timezone.now() + timedelta(hours=1)
        sessions.refresh(refresh_token=first["refresh_token"], now=later)
        assert one(UserSession, user=owner).last_used_at == later

    def test_ending_a_session_signs_it_out_at_once(self, owner, api):
        lost, kept = (bearer(sign_in(api, owner.email)) for _ in range(2))
        (session_id,) = (
            each["id"] for each in api().get("/api/v1/me/sessions/", headers=lost).json() if each["current"]
        )
        assert api().delete(f"/api/v1/me/sessions/{session_id}/", headers=kept).status_code == 204
        assert problem(api().get("/api/v1/me/", headers=lost)) == (401, "session_ended")
        assert problem(api().delete(f"/api/v1/me/sessions/{session_id}/", headers=kept)) == (404, "no_such_session")

    def test_nobody_ends_another_s_session_as_their_own(self, owner, member, api):
        sign_in(api, owner.email)
        theirs = one(UserSession, user=owner)
        assert problem(api(member).delete(f"/api/v1/me/sessions/{theirs.pk}/")) == (404, "no_such_session")
        assert one(UserSession, pk=theirs.pk).ended_at is None

    def test_an_admin_sees_and_ends_the_sessions_of_members(self, admin, member, viewer, api, tenant):
        headers = bearer(sign_in(api, member.email))
        (listed,) = api(admin).get("/api/v1/sessions/", {"user": str(member.pk)}).json()
        assert problem(api(viewer).get("/api/v1/sessions/", {"user": str(member.pk)})) == (403, "missing_right")
        assert api(admin).delete(f"/api/v1/sessions/{listed['id']}/").status_code == 204
        assert problem(api().get("/api/v1/me/", headers=headers)) == (401, "session_ended")
        assert one(DomainEvent, event_type="tenants.user.session_ended").aggregate_id == member.pk
        with platform_context():
            entry = AuditEntry.objects.get(table_name="user_sessions", action="updated")
        assert (entry.actor_id, entry.tenant_id, list(entry.changes)) == (admin.pk, tenant.pk, ["ended_at"])

    def test_an_admin_does_not_end_the_owner_s_session(self, admin, owner, api):
        sign_in(api, owner.email)
        theirs = one(UserSession, user=owner)
        assert problem(api(admin).delete(f"/api/v1/sessions/{theirs.pk}/")) == (403, "above_your_role")
        assert one(UserSession, pk=theirs.pk).ended_at is None

    def test_sessions_in_another_tenant_are_not_an_admin_s_business(self, admin, member, other_tenant, api):
        with platform_context():
            foreign = UserSessionFactory.create(user=member, tenant=other_tenant)
        assert api(admin).get("/api/v1/sessions/", {"user": str(member.pk)}).json() == []
        assert problem(api(admin).delete(f"/api/v1/sessions/{foreign.pk}/")) == (404, "no_such_session")


class TestMails:
    def test_the_first_session_and_a_known_device_cause_no_mail(self, owner, api):
        signed_in_from(api, owner, FIREFOX)
        signed_in_from(api, owner, FIREFOX.replace("140", "141"), "198.51.100.99")
        assert mails("new-device") == []

    def test_a_device_with_the_cookie_of_the_account_is_known_whatever_its_address_and_version(self, owner, admin, api):
        cookies = signed_in_from(api, owner, FIREFOX).cookies
        signed_in_from(api, owner, SAFARI, "203.0.113.5", cookies=cookies)
        assert mails("new-device") == []
        # It is not known for the account of somebody else.
        signed_in_from(api, admin, FIREFOX)
        signed_in_from(api, admin, SAFARI, "203.0.113.5", cookies=cookies)
        assert [mail.to_address for mail in mails("new-device")] == [admin.email]

    @pytest.mark.parametrize(("agent", "address"), [(SAFARI, "198.51.100.7"), (FIREFOX, "203.0.113.5")])
    def test_a_new_device_or_network_is_mailed(self, owner, api, mailbox, agent, address):
        signed_in_from(api, owner, FIREFOX)
        signed_in_from(api, owner, agent, address)
        (mail,) = mails("new-device")
        assert mail.to_address == owner.email

    def test_a_new_device_in_the_admin_is_mailed(self, owner, superuser, client):
        with platform_context():
            UserSessionFactory.create(user=superuser, device="Firefox on Linux")
        client.post(
            "/admin/login/", {"username": superuser.email, "password": PASSWORD}, headers={"User-Agent": SAFARI}
        )
        (mail,) = mails("new-device")
        assert mail.to_address == superuser.email

    def test_a_changed_password_is_mailed(self, owner, api):
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert api(owner).post("/api/v1/auth/password/change/", body, format="json").status_code == 204
        (mail,) = mails("password-changed")
        assert mail.to_address == owner.email


def test_sessions_that_ended_long_ago_are_deleted(owner):
    now = timezone.now()
    long_ago = now - user_sessions.RETENTION - timedelta(days=1)
    with platform_context():
        UserSessionFactory.create(user=owner, ended_at=long_ago)
        UserSessionFactory.create(user=owner, expires_at=long_ago)
        kept = UserSessionFactory.create(user=owner, ended_at=now)
    sessions.clean_up(now=now)
    assert one(UserSession, user=owner).pk == kept.pk
