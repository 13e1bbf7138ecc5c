"""Changing a password, and resetting a forgotten one."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.utils import timezone

from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context
from tenants.accounts import tokens
from tenants.accounts.mails import PASSWORD_RESET
from tenants.accounts.models import User, UserIdentity
from tests.factories.tenants import UserIdentityFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events
from tests.tenants.helpers import NEW_PASSWORD, PASSWORD, sign_in

CHANGE = "/api/v1/auth/password/change/"
REQUEST = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"


def bearer(session):
    return {"Authorization": f"Bearer {session['access_token']}"}


@pytest.fixture
def change(api, owner):
    session = sign_in(api, owner.email).json()

    def call(current=PASSWORD, new=NEW_PASSWORD):
        body = {"current_password": current, "new_password": new}
        return api().post(CHANGE, body, format="json", headers=bearer(session))

    return SimpleNamespace(session=session, password=call)


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(change, owner, api):
    other = sign_in(api, owner.email).json()
    assert change.password().status_code == 204
    assert api().get("/api/v1/me/", headers=bearer(change.session)).status_code == 200
    assert problem(api().get("/api/v1/me/", headers=bearer(other))) == (401, "session_ended")
    assert problem(sign_in(api, owner.email)) == (401, "wrong_credentials")
    assert sign_in(api, owner.email, NEW_PASSWORD).status_code == 200
    assert stored(owner).password_changed_at is not None
    assert len(events("tenants.user.password_changed")) == 1


def test_the_current_password_is_required_and_wrong_guesses_count(change, owner):
    for _ in range(5):
        response = change.password(current="wrong")
        assert problem(response) == (400, "invalid")
        assert "current_password" in response.json()["errors"]
    assert problem(change.password()) == (429, "locked_out")


def test_wrong_current_passwords_do_not_affect_signing_in(change, owner, api):
    for _ in range(6):
        change.password(current="wrong")
    assert sign_in(api, owner.email).status_code == 200
    for _ in range(5):
        sign_in(api, owner.email, "wrong")
    assert problem(sign_in(api, owner.email)) == (429, "locked_out")


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        " " * 10,
        "\t" * 12,
        "aaaaaaaaaaaa",
        "abababababab",
        "a b a b a b a b",
        "qwertyuiop",
        "QWERTYUIOP",
        "  1q2w3e4r5t6y  ",
        "P@ssw0rd123",
        "iloveyou123",
        "correcthorsebatterystaple",
    ],
)
def test_a_weak_or_breached_new_password_is_refused(change, weak):
    assert change.password(new=weak).json()["errors"]["new_password"]


def test_a_breached_password_is_refused_with_the_reason(change):
    assert "data breach" in change.password(new="P@ssw0rd123").json()["errors"]["new_password"][0]


def test_changing_a_password_needs_a_signed_in_user(db, api):
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert problem(api().post(CHANGE, body, format="json")) == (401, "not_authenticated")


def request_reset(api, email):
    return api().post(REQUEST, {"email": email}, format="json")


def reset(api, token, password=NEW_PASSWORD):
    return api().post(CONFIRM, {"token": token, "password": password}, format="json")


def test_requesting_a_reset_does_not_reveal_whether_the_account_exists(owner, api):
    known, unknown = request_reset(api, owner.email.upper()), request_reset(api, "nobody@acme.test")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (204, b"")
    [event] = events("tenants.user.password_reset_requested")
    assert event.aggregate_id == owner.pk
    assert "token" not in str(event.payload)


def test_a_user_without_a_tenant_gets_the_reset_mail_too(superuser, api):
    request_reset(api, superuser.email)
    with platform_context():
        mail = MailDelivery.objects.get()
    assert (mail.kind, mail.to_address, mail.tenant_id) == (PASSWORD_RESET.key, superuser.email, None)


def test_reset_mails_are_sent_at_most_once_a_minute(superuser, api):
    for _ in range(3):
        request_reset(api, superuser.email)
    with platform_context():
        assert MailDelivery.objects.count() == 1


def test_the_mailed_link_works_once_and_ends_all_sessions_and_the_lock(owner, api):
    session = sign_in(api, owner.email).json()
    with platform_context():
        User.objects.filter(pk=owner.pk).update(email_verified=False)
    for _ in range(5):
        sign_in(api, owner.email, "wrong")
    token = tokens.password_reset_token(stored(owner))
    assert reset(api, token).status_code == 204
    assert sign_in(api, owner.email, NEW_PASSWORD).status_code == 200
    assert stored(owner).email_verified
    assert problem(api().get("/api/v1/me/", headers=bearer(session))) == (401, "session_ended")
    assert problem(reset(api, token, "a third horse altogether")) == (410, "invalid_reset_link")


def test_a_weak_password_does_not_use_up_the_link(owner, api):
    token = tokens.password_reset_token(owner)
    assert problem(reset(api, token, "short")) == (400, "invalid")
    assert reset(api, token).status_code == 204


@pytest.mark.parametrize("case", ["old", "other", "changed", "inactive", "garbage", "moved"])
def test_an_invalid_link_is_refused(owner, admin, api, case, monkeypatch):
    token = tokens.password_reset_token(owner)
    if case == "old":
        late = timezone.now().replace(tzinfo=None) + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 60)
        monkeypatch.setattr(type(tokens._password_reset), "_now", lambda self: late)
    if case == "other":
        token = f"{tokens.password_reset_token(admin).partition('.')[0]}.{token.partition('.')[2]}"
    if case == "garbage":
        token = "%%%.%%%"
    with platform_context():
        if case == "changed":
            User.objects.filter(pk=owner.pk).update(password="changed since")
        if case == "inactive":
            User.objects.filter(pk=owner.pk).update(is_active=False)
        if case == "moved":
            User.objects.filter(pk=owner.pk).update(email="new@acme.test")
    assert problem(reset(api, token)) == (410, "invalid_reset_link")


@pytest.mark.parametrize("verified", [False, True])
def test_a_reset_of_an_unverified_address_removes_its_external_accounts(owner, api, verified):
    with platform_context():
        User.objects.filter(pk=owner.pk).update(email_verified=verified)
        UserIdentityFactory.create(user=owner)
    assert reset(api, tokens.password_reset_token(stored(owner))).status_code == 204
    with platform_context():
        assert UserIdentity.objects.filter(user=owner).exists() is verified
