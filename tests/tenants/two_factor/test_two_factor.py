"""Second factors: setting one up, signing in with it, recovery codes, and what a session without it may not do."""

import re
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client
from django.utils import timezone

from lad.mail.models import MailDelivery
from lad.tenancy.context import platform_context
from tenants.accounts.models import User, UserSession
from tenants.accounts.services.sign_in_limit import SECOND_FACTOR, unlock
from tenants.two_factor import services
from tenants.two_factor.errors import CodesLocked, WrongCode
from tenants.two_factor.models import RecoveryCode, SecondFactor
from tests.factories.tenants import PASSWORD
from tests.support.api import problem, text
from tests.support.database import one
from tests.tenants.helpers import sign_in

pytestmark = pytest.mark.django_db


def code_of(user: User, *, steps: int = 0, at: datetime | None = None) -> str:
    app = one(SecondFactor, user=user)
    return pyotp.TOTP(app.secret).at(at or timezone.now(), counter_offset=steps)


def enrol(user: User) -> list[str]:
    """Set up an app for the user and return their recovery codes. The code of the next step is unused."""
    app = services.begin_app(user=user)
    return services.confirm_app(user=user, code=pyotp.TOTP(app.secret).now(), now=timezone.now())


def with_password(user: User) -> Client:
    """A browser in which the user has entered their password."""
    browser = Client()
    browser.post("/admin/login/", {"username": user.email, "password": PASSWORD})
    return browser


def enter(browser: Client, code: str) -> Any:
    return browser.post("/admin/login/code/", {"code": code, "next": "/admin/leads/lead/"})


def test_a_user_enrols_an_app_and_signs_in_with_it(root, superuser):
    page = text(root.get("/admin/two-factor/app/"))
    assert "<svg" in page
    secret = one(SecondFactor, user=superuser).secret
    assert secret in page
    assert not services.has_second_factor(superuser)
    codes = root.post("/admin/two-factor/app/", {"code": pyotp.TOTP(secret).now()})
    assert len(re.findall(r"<li><code>[A-Z0-9-]{19}</code>", text(codes))) == services.RECOVERY_CODES
    assert root.get("/admin/").status_code == 200

    browser = with_password(superuser)
    assert browser.get("/admin/", follow=True).request["PATH_INFO"] == "/admin/login/code/"
    assert "not right" in text(enter(browser, "000000"))
    assert enter(browser, code_of(superuser, steps=1))["Location"] == "/admin/leads/lead/"
    assert browser.get("/admin/leads/lead/").status_code == 200


@pytest.mark.parametrize("path", ["/admin/leads/lead/", "/admin/account/", "/admin/confirm/", "/admin/two-factor/app/"])
def test_a_password_alone_opens_no_page(superuser, path):
    enrol(superuser)
    browser = with_password(superuser)
    ended_at = browser.get(path, follow=True).request["PATH_INFO"]
    assert ended_at == "/admin/login/code/"


def test_a_password_alone_opens_no_api(owner, api):
    enrol(owner)
    with platform_context():
        User.objects.filter(pk=owner.pk).update(is_staff=True)
    browser = with_password(owner)
    for address in ("/api/v1/me/", "/api/v1/memberships/"):
        assert problem(browser.get(address)) == (401, "second_factor_required")
    assert problem(sign_in(api, owner.email)) == (401, "second_factor_required")
    assert sign_in(api, owner.email, code="123456").status_code == 400
    assert sign_in(api, owner.email, code=code_of(owner, steps=1)).status_code == 200


def test_other_sessions_need_the_new_factor_too(superuser):
    other = Client()
    other.force_login(superuser)
    assert other.get("/admin/").status_code == 200
    enrol(superuser)
    assert other.get("/admin/", follow=True).request["PATH_INFO"] == "/admin/login/code/"


def test_a_code_is_accepted_once(superuser):
    enrol(superuser)
    code = code_of(superuser, steps=1)
    services.check_code(user=superuser, code=code, now=timezone.now())
    with pytest.raises(WrongCode):
        services.check_code(user=superuser, code=code, now=timezone.now())


def test_a_recovery_code_signs_in_once(superuser):
    recovery = enrol(superuser)[0]
    assert enter(with_password(superuser), recovery.lower().replace("-", " ")).status_code == 302
    assert "not right" in text(enter(with_password(superuser), recovery))
    assert services.unused_recovery_codes(superuser) == services.RECOVERY_CODES - 1


def test_recovery_codes_are_stored_as_hashes(superuser):
    codes = {code.replace("-", "") for code in enrol(superuser)}
    with platform_context():
        assert not codes & set(RecoveryCode.objects.values_list("code_hash", flat=True))


def test_guessing_codes_is_slowed_even_for_the_right_one(superuser):
    enrol(superuser)
    now = timezone.now()
    for _ in range(SECOND_FACTOR.size):
        with pytest.raises(WrongCode):
            services.check_code(user=superuser, code="000000", now=now)
    with pytest.raises(CodesLocked) as locked:
        services.check_code(user=superuser, code=code_of(superuser, steps=1), now=now)
    assert locked.value.retry_after == SECOND_FACTOR.interval.total_seconds()
    later = now + SECOND_FACTOR.interval
    services.check_code(user=superuser, code=code_of(superuser, at=later), now=later)
    # The right code makes up for the wrong ones before it.
    for _ in range(SECOND_FACTOR.size):
        with pytest.raises(WrongCode):
            services.check_code(user=superuser, code="000000", now=later)
    assert unlock(email=superuser.email)
    later += timedelta(minutes=1)
    services.check_code(user=superuser, code=code_of(superuser, at=later), now=later)


def test_superusers_must_set_one_up_where_it_is_required(superuser, owner, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    browser = with_password(superuser)
    page = browser.get("/admin/leads/lead/", follow=True)
    assert page.request["PATH_INFO"] == "/admin/two-factor/app/"
    secret = one(SecondFactor, user=superuser).secret
    assert browser.post("/admin/two-factor/app/", {"code": pyotp.TOTP(secret).now()}).status_code == 200
    assert browser.get("/admin/leads/lead/").status_code == 200
    with platform_context():
        User.objects.filter(pk=owner.pk).update(is_staff=True)
    assert with_password(owner).get("/admin/tenants/membership/").status_code == 200


def test_removing_the_last_factor_removes_the_recovery_codes(root, superuser):
    enrol(superuser)
    browser = with_password(superuser)
    enter(browser, code_of(superuser, steps=1))
    factor = one(SecondFactor, user=superuser)
    assert browser.post("/admin/two-factor/change/", {"factor": str(factor.pk)}).status_code == 302
    assert not services.has_second_factor(superuser)
    assert services.unused_recovery_codes(superuser) == 0
    with platform_context():
        kinds = set(MailDelivery.objects.filter(to_address=superuser.email).values_list("kind", flat=True))
    assert {"second-factor-added", "second-factor-removed"} <= kinds


def test_a_sensitive_page_asks_for_the_password_again(root, superuser):
    with platform_context():
        UserSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    asked = root.get("/admin/two-factor/app/")
    assert asked["Location"] == "/admin/confirm/?next=%2Fadmin%2Ftwo-factor%2Fapp%2F"
    assert "not your password" in text(root.post(asked["Location"], {"password": "wrong"}))
    assert root.post(asked["Location"], {"password": PASSWORD})["Location"] == "/admin/two-factor/app/"
    assert root.get("/admin/two-factor/app/").status_code == 200


def test_a_sensitive_page_asks_for_the_code_of_who_has_a_factor(superuser):
    enrol(superuser)
    browser = with_password(superuser)
    enter(browser, code_of(superuser, steps=1))
    with platform_context():
        UserSession.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    assert "not right" in text(browser.post("/admin/confirm/", {"code": "000000"}))
    with platform_context():
        SecondFactor.objects.update(counter=0)
    assert browser.post("/admin/confirm/", {"code": code_of(superuser)}).status_code == 302
    confirmed_at = one(UserSession, user=superuser).confirmed_at
    assert confirmed_at is not None
    assert confirmed_at > timezone.now() - timedelta(minutes=1)


def test_who_cannot_give_the_code_signs_out(superuser):
    enrol(superuser)
    browser = with_password(superuser)
    assert browser.post("/admin/login/leave/")["Location"] == "/admin/login/"
    assert browser.get("/admin/", follow=True).request["PATH_INFO"] == "/admin/login/"
    assert one(UserSession, user=superuser).ended_at is not None


def test_pages_of_signing_in_lead_to_no_other_site(superuser):
    enrol(superuser)
    body = {"code": code_of(superuser, steps=1), "next": "https://evil.example/"}
    assert with_password(superuser).post("/admin/login/code/", body)["Location"] == "/admin/"


def test_lad_s_staff_remove_the_factor_of_somebody_who_lost_it(root, owner):
    enrol(owner)
    factor = one(SecondFactor, user=owner)
    assert root.post(f"/admin/tenants/secondfactor/{factor.pk}/remove/").status_code == 302
    assert not services.has_second_factor(owner)
