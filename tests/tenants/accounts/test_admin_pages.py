"""Without a single-page app, the admin serves the pages that mails link to."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from lad.mail import sender
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts import tokens
from tenants.accounts.models import RefreshToken, User
from tenants.teams.models import Membership
from tenants.teams.services import invitations
from tenants.teams.tokens import invitation_token
from tests.factories.tenants import MembershipFactory, UserFactory
from tests.support.api import text
from tests.support.database import stored
from tests.support.mailbox import part
from tests.tenants.helpers import NEW_PASSWORD, PASSWORD, sign_in

ENTRIES = {"new_password": NEW_PASSWORD, "repeated_password": NEW_PASSWORD}


@pytest.fixture
def mailed(settings, mailbox):
    """``mailed()`` is the path and query of the link in the newest mail."""
    settings.APP_URL = ""

    def link():
        drain()
        sender.send_due()
        found = next(word for word in part(mailbox.received[-1], "text/plain").split() if word.startswith("http"))
        address = urlsplit(found)
        assert f"{address.scheme}://{address.netloc}" == settings.PUBLIC_URL
        return f"{address.path}?{address.query}"

    return link


@pytest.fixture
def invitation(tenant, admin):
    with tenant_context(tenant.pk, user_id=admin.pk):
        return invitations.create(email="grace@example.com", role="member", actor=admin)


def test_the_sign_in_page_leads_to_a_forgotten_password_and_the_mail_to_a_page_that_sets_it(superuser, mailed):
    browser = Client()
    assert 'href="/admin/forgotten-password/"' in text(browser.get("/admin/login/"))
    assert "Enter your e-mail address" in text(browser.get("/admin/forgotten-password/"))
    sent = browser.post("/admin/forgotten-password/", {"email": superuser.email.upper()})
    assert "a mail with a link is on its way" in text(sent)
    page = mailed()
    assert "Set the password" in text(browser.get(page))
    assert "Your new password is set." in text(browser.post(page, ENTRIES))
    response = browser.post("/admin/login/", {"username": superuser.email, "password": NEW_PASSWORD})
    assert response.status_code == 302
    used = browser.get(page)
    assert used.status_code == 410
    assert "This link is no longer valid" in text(used)
    assert 'href="/admin/forgotten-password/"' in text(used)


def test_a_forgotten_password_does_not_tell_who_has_an_account(superuser):
    pages = [
        text(Client().post("/admin/forgotten-password/", {"email": email})).replace(email, "")
        for email in (superuser.email, "nobody@lad.test")
    ]
    masked = [page.split("csrfmiddlewaretoken")[0] for page in pages]
    assert masked[0] == masked[1]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"new_password": NEW_PASSWORD, "repeated_password": "another"}, "The two passwords are not the same."),
        ({"new_password": "P@ssw0rd123", "repeated_password": "P@ssw0rd123"}, "data breach"),
        ({}, "This field is required."),
    ],
)
def test_a_refused_password_is_explained_and_the_link_still_works(superuser, entries, message):
    page = f"/admin/reset-password/?token={tokens.password_reset_token(superuser)}"
    assert message in text(Client().post(page, entries))
    assert "Your new password is set." in text(Client().post(page, ENTRIES))


@pytest.mark.parametrize("path", ["reset-password", "accept-invitation"])
@pytest.mark.parametrize("token", ["", "?token=", "?token=x", "?token=%00", "?token=..%2F.."])
def test_a_broken_link_is_explained(db, path, token):
    for response in (Client().get(f"/admin/{path}/{token}"), Client().post(f"/admin/{path}/{token}", ENTRIES)):
        assert response.status_code in (404, 410) or "no longer valid" in text(response)


def test_the_pages_are_throttled(db, monkeypatch):
    monkeypatch.setattr("tenants.accounts.admin.pages.seconds_to_wait", lambda scope, caller: 7)
    assert Client().get("/admin/forgotten-password/").status_code == 200
    assert Client().post("/admin/forgotten-password/", {"email": "a@example.com"}).status_code == 429


def test_an_address_is_verified_by_a_click_and_not_by_opening_the_link(tenant, member, mailed):
    with platform_context():
        User.objects.filter(pk=member.pk).update(email_verified=False)
    page = f"/admin/verify-email/?token={tokens.email_verification_token(member)}"
    assert "Confirm my address" in text(Client().get(page))
    assert not stored(member).email_verified
    assert f"{member.email} is confirmed" in text(Client().post(page))
    assert stored(member).email_verified
    assert "no longer valid" in text(Client().post("/admin/verify-email/?token=x"))


def test_somebody_new_accepts_an_invitation(tenant, admin, invitation, mailed, api):
    page = mailed()
    assert urlsplit(page).path == "/admin/accept-invitation/"
    shown = text(Client().get(page))
    assert f"{admin.full_name} invites grace@example.com to join {tenant.name}." in shown.replace("&#x27;", "'")
    entries = {**ENTRIES, "first_name": "Grace", "last_name": "Hopper"}
    assert "A name is a single line" in text(Client().post(page, {**entries, "first_name": "evil.com"}))
    assert f"You are a member of {tenant.name} now." in text(Client().post(page, entries))
    with platform_context():
        assert Membership.objects.get(user__email="grace@example.com").tenant_id == tenant.pk
        assert not RefreshToken.objects.exists()
    assert sign_in(api, "grace@example.com", NEW_PASSWORD).status_code == 200
    assert Client().get(page).status_code == 410


def test_somebody_with_an_account_accepts_with_their_password(tenant, other_tenant, invitation):
    with platform_context(tenant_id=other_tenant.pk):
        grace = UserFactory.create(email="grace@example.com", is_staff=True)
        MembershipFactory.create(user=grace)
    page = f"/admin/accept-invitation/?token={invitation_token(invitation)}"
    assert "You have an account already" in text(Client().get(page))
    assert "password is wrong" in text(Client().post(page, {"password": "wrong"}))
    with platform_context():
        assert not Membership.objects.filter(user=grace, tenant=tenant).exists()
    assert 'href="/admin/"' in text(Client().post(page, {"password": PASSWORD}))
    with platform_context():
        assert Membership.objects.filter(user=grace, tenant=tenant).exists()


def test_guessing_at_an_invitation_s_account_is_limited(tenant, other_tenant, invitation):
    with platform_context():
        UserFactory.create(email="grace@example.com")
    page = f"/admin/accept-invitation/?token={invitation_token(invitation)}"
    answers = [text(Client().post(page, {"password": "wrong"})) for _ in range(6)]
    assert ["Too many wrong passwords" in answer for answer in answers] == [False] * 5 + [True]


def test_somebody_signed_in_accepts_with_a_click(tenant, other_tenant, invitation, admin_of):
    with platform_context(tenant_id=other_tenant.pk):
        grace = UserFactory.create(email="grace@example.com", primary_tenant=other_tenant)
        MembershipFactory.create(user=grace)
    page = f"/admin/accept-invitation/?token={invitation_token(invitation)}"
    browser = admin_of(grace)
    assert "Your password" not in text(browser.get(page))
    assert "You are a member of" in text(browser.post(page))
    with platform_context():
        assert Membership.objects.filter(user=grace, tenant=tenant).exists()


NEW_STAFF = {"email": "new@lad.test", "first_name": "New", "is_active": "on", "is_staff": "on", "is_superuser": "on"}


def added(root, **entries):
    response = root.post("/admin/tenants/user/add/", {**NEW_STAFF, **entries})
    with platform_context():
        return response, User.objects.filter(email="new@lad.test").first()


def test_staff_are_added_with_a_password(root, mailed, mailbox):
    response, user = added(root, **ENTRIES)
    assert response.status_code == 302, text(response)
    assert user.password
    sender.send_due()
    assert mailbox.received == []
    browser = Client()
    browser.post("/admin/login/", {"username": user.email, "password": NEW_PASSWORD})
    assert browser.get("/admin/").status_code == 200


def test_staff_are_added_with_an_invitation_and_choose_a_password_once(root, mailed):
    _response, user = added(root, send_invitation="on")
    assert user.password is None
    page = mailed()
    assert "Your new password is set." in text(Client().post(page, ENTRIES))
    assert stored(user).email_verified
    browser = Client()
    browser.post("/admin/login/", {"username": user.email, "password": NEW_PASSWORD})
    assert browser.get("/admin/").status_code == 200
    assert Client().get(page).status_code == 410


def test_an_invitation_to_an_account_is_sent_again_until_there_is_a_password(root, mailed):
    _response, user = added(root)
    page = f"/admin/tenants/user/{user.pk}"
    assert "An invitation was sent" in text(root.post(f"{page}/send_invitation/", follow=True))
    assert "Your new password is set." in text(Client().post(mailed(), ENTRIES))
    assert f"{page}/send_invitation/" not in text(root.get(f"{page}/change/"))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"new_password": NEW_PASSWORD}, "The two passwords are not the same."),
        ({"new_password": "P@ssw0rd123", "repeated_password": "P@ssw0rd123"}, "data breach"),
        ({"first_name": "evil.com"}, "A name is a single line"),
    ],
)
def test_a_refused_account_is_not_added(root, entries, message):
    response, user = added(root, **entries)
    assert message in text(response)
    assert user is None


def test_the_page_of_an_account_has_no_password_to_enter(root, member):
    page = text(root.get(f"/admin/tenants/user/{member.pk}/change/"))
    assert "new_password" not in page
    assert "send_invitation" not in page.replace(f"{member.pk}/send_invitation/", "")


def test_with_an_app_mails_link_to_it(settings, mailbox, superuser):
    settings.APP_URL = "https://app.example.com/"
    Client().post("/admin/forgotten-password/", {"email": superuser.email})
    sender.send_due()
    link = next(word for word in part(mailbox.received[0], "text/plain").split() if word.startswith("http"))
    assert link.startswith("https://app.example.com/reset-password?")
    assert tokens.may_set_password(superuser, parse_qs(urlsplit(link).query)["token"][0])
