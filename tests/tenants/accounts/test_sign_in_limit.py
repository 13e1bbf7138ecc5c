"""Wrong passwords are limited by client; an account is never locked for its owner."""

import time
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from lad.tenancy.clients import DEVICE_COOKIE
from lad.tenancy.context import platform_context
from tenants.accounts.clients import SignInClient, network_of
from tenants.accounts.models import AttemptBudget, User
from tenants.accounts.services import credentials, sign_in_limit
from tests.support.api import problem, text
from tests.support.concurrency import run_together
from tests.tenants.helpers import NEW_PASSWORD, PASSWORD

SIGN_IN = "/api/v1/auth/sign-in/"
ADMIN = "/admin/login/"
HOME, OFFICE = "198.51.100.1", "198.51.100.2"


@pytest.fixture(autouse=True)
def _without_request_rate(monkeypatch):
    """Only the limit on wrong passwords is tested here, not the one on requests."""
    monkeypatch.setattr("lad.api.throttling.seconds_to_wait", lambda scope, caller: 0)


def sign_in(api, email, password=PASSWORD, *, address=HOME, cookie=""):
    client = api()
    if cookie:
        client.cookies[DEVICE_COOKIE] = cookie
    body = {"email": email, "password": password}
    return client.post(SIGN_IN, body, format="json", REMOTE_ADDR=address)


def sign_in_to_admin(email, password="wrong", *, address=HOME, browser=None):
    return (browser or Browser()).post(ADMIN, {"username": email, "password": password}, REMOTE_ADDR=address)


def test_a_client_with_five_wrong_passwords_for_an_account_waits(owner, api):
    for _ in range(5):
        assert problem(sign_in(api, owner.email, "wrong")) == (401, "wrong_credentials")
    locked = sign_in(api, owner.email)
    assert problem(locked) == (429, "locked_out")
    assert 0 < int(locked["Retry-After"]) <= 300


def test_guessing_from_one_address_locks_nobody_out_elsewhere(owner, api):
    for _ in range(7):
        sign_in(api, owner.email, "wrong", address=HOME)
    assert sign_in(api, owner.email, address=OFFICE).status_code == 200


def test_guessing_from_a_hundred_addresses_never_refuses_the_right_password(owner, api, monkeypatch):
    monkeypatch.setattr(sign_in_limit, "MAX_DELAY_SECONDS", 0.001)
    for number in range(100):
        assert problem(sign_in(api, owner.email, "wrong", address=f"203.0.113.{number}"))[0] == 401
    assert sign_in(api, owner.email, address=OFFICE).status_code == 200


def test_one_wrong_guess_every_fifteen_minutes_keeps_nobody_out(owner):
    now = timezone.now()
    for _ in range(20):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email=owner.email, password="wrong", client=SignInClient(HOME), now=now)
        assert credentials.verify(email=owner.email, password=PASSWORD, client=SignInClient(OFFICE), now=now) == owner
        now += timedelta(minutes=15)


def test_many_attempts_on_an_account_delay_the_next_ones(owner):
    now = timezone.now()
    for number in range(11):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email=owner.email, password="wrong", client=SignInClient(f"203.0.113.{number}"), now=now)
    started = time.monotonic()
    assert credentials.verify(email=owner.email, password=PASSWORD, client=SignInClient(OFFICE), now=now) == owner
    assert time.monotonic() - started > 0.2
    assert [sign_in_limit.delay_seconds(attempts) for attempts in (1, 10, 11, 12, 13, 20, 500)] == [
        0,
        0,
        0.125,
        0.25,
        0.5,
        2,
        2,
    ]


@pytest.mark.parametrize("email", ["owner@acme.test", "nobody@acme.test"])
def test_accounts_that_exist_and_others_are_limited_and_delayed_alike(owner, api, email, monkeypatch):
    delays: list[float] = []
    monkeypatch.setattr(sign_in_limit, "_delay", delays.append)
    answers = [sign_in(api, email, "wrong", address=f"203.0.113.{number}") for number in range(12)]
    answers += [sign_in(api, email, "wrong", address=HOME) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 17 + [429]
    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert all(body == bodies[0] for body in bodies[:17])
    assert delays == [0.0] * 10 + [0.125, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize("way", ["api", "admin"])
def test_an_address_that_guesses_at_many_accounts_is_stopped(db, api, way):
    def attempt(number):
        email = f"person{number}@acme.test"
        if way == "api":
            return sign_in(api, email, "wrong").status_code == 429
        return "Too many wrong passwords" in text(sign_in_to_admin(email))

    assert [attempt(number) for number in range(45)] == [False] * 20 + [True] * 25


def test_the_api_and_the_admin_share_their_budgets(superuser, api):
    for _ in range(5):
        sign_in(api, superuser.email, "wrong")
    page = sign_in_to_admin(superuser.email, PASSWORD)
    assert "You can try again in" in text(page)
    assert sign_in_to_admin(superuser.email, PASSWORD, address=OFFICE).status_code == 302


def test_an_ipv6_network_is_one_client(owner, api):
    for number in range(5):
        sign_in(api, owner.email, "wrong", address=f"2001:db8:1:2::{number}")
    assert problem(sign_in(api, owner.email, address="2001:db8:1:2:ffff::1")) == (429, "locked_out")
    assert sign_in(api, owner.email, address="2001:db8:1:3::1").status_code == 200
    assert network_of("::ffff:198.51.100.1") == network_of(HOME) == HOME
    assert network_of("not an address") == "not an address"


def test_a_known_device_signs_in_from_an_address_that_guesses(owner, api):
    cookie = sign_in(api, owner.email).cookies[DEVICE_COOKIE].value
    for number in range(25):
        sign_in(api, f"person{number}@acme.test", "wrong")
    assert problem(sign_in(api, owner.email)) == (429, "locked_out")
    assert sign_in(api, owner.email, cookie=cookie).status_code == 200


def test_a_device_is_known_for_its_own_accounts_only_and_has_its_own_budget(owner, admin, api):
    cookie = sign_in(api, owner.email).cookies[DEVICE_COOKIE].value
    for _ in range(5):
        sign_in(api, admin.email, "wrong", cookie=cookie)
    assert problem(sign_in(api, admin.email, cookie=cookie)) == (429, "locked_out")
    for _ in range(10):
        assert problem(sign_in(api, owner.email, "wrong", cookie=cookie)) == (401, "wrong_credentials")
    assert problem(sign_in(api, owner.email, cookie=cookie)) == (429, "locked_out")
    assert sign_in(api, owner.email).status_code == 200


def test_a_device_is_known_for_all_accounts_used_on_it(owner, admin, api):
    cookie = sign_in(api, owner.email).cookies[DEVICE_COOKIE].value
    cookie = sign_in(api, admin.email, cookie=cookie).cookies[DEVICE_COOKIE].value
    for number in range(25):
        sign_in(api, f"person{number}@acme.test", "wrong")
    assert [sign_in(api, each.email, cookie=cookie).status_code for each in (owner, admin)] == [200, 200]


def test_a_forged_device_cookie_is_worth_nothing(owner, api):
    for _ in range(5):
        sign_in(api, owner.email, "wrong")
    genuine = sign_in(api, owner.email, address=OFFICE).cookies[DEVICE_COOKIE].value
    assert problem(sign_in(api, owner.email, cookie=f"x{genuine}")) == (429, "locked_out")


def test_the_admin_remembers_the_device(superuser):
    browser = Browser()
    assert sign_in_to_admin(superuser.email, PASSWORD, browser=browser).status_code == 302
    browser.cookies.pop("sessionid")
    for number in range(25):
        sign_in_to_admin(f"person{number}@acme.test")
    assert "Too many wrong passwords" in text(sign_in_to_admin(superuser.email, PASSWORD))
    assert sign_in_to_admin(superuser.email, PASSWORD, browser=browser).status_code == 302


def test_the_right_password_forgets_the_wrong_ones_of_its_client_only(owner, api):
    for address in (HOME, OFFICE):
        for _ in range(4):
            sign_in(api, owner.email, "wrong", address=address)
    assert sign_in(api, owner.email, address=HOME).status_code == 200
    for _ in range(5):
        assert problem(sign_in(api, owner.email, "wrong", address=HOME))[0] == 401
    sign_in(api, owner.email, "wrong", address=OFFICE)
    assert problem(sign_in(api, owner.email, address=OFFICE)) == (429, "locked_out")


def test_signing_in_to_an_own_account_does_not_restore_the_budget_of_an_address(owner, api):
    for number in range(40):
        sign_in(api, f"person{number}@acme.test", "wrong")
        sign_in(api, owner.email)
    with platform_context():
        row = AttemptBudget.objects.get(kind=sign_in_limit.ADDRESS.kind)
    assert row.attempts == 20
    assert problem(sign_in(api, "somebody@acme.test", "wrong")) == (429, "locked_out")


def test_attempts_are_forgotten_one_by_one(owner):
    now = timezone.now()
    for _ in range(5):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email=owner.email, password="wrong", client=SignInClient(HOME), now=now)
    with pytest.raises(sign_in_limit.LockedOut) as locked:
        credentials.verify(email=owner.email, password=PASSWORD, client=SignInClient(HOME), now=now)
    now += timedelta(seconds=locked.value.retry_after)
    with pytest.raises(credentials.WrongCredentials):
        credentials.verify(email=owner.email, password="wrong", client=SignInClient(HOME), now=now)
    with pytest.raises(sign_in_limit.LockedOut):
        credentials.verify(email=owner.email, password=PASSWORD, client=SignInClient(HOME), now=now)
    now += timedelta(minutes=25)
    assert credentials.verify(email=owner.email, password=PASSWORD, client=SignInClient(HOME), now=now) == owner


def test_guessing_does_not_lock_the_password_reset_or_another_view(owner, api, monkeypatch):
    monkeypatch.undo()
    for _ in range(40):
        sign_in(api, owner.email, "wrong")
    assert sign_in(api, owner.email, "wrong").status_code == 429
    body = {"token": "x", "password": NEW_PASSWORD}
    confirm = api().post("/api/v1/auth/password/reset/confirm/", body, format="json", REMOTE_ADDR=HOME)
    assert problem(confirm) == (410, "invalid_reset_link")
    lookup = api().get("/api/v1/invitations/lookup/", {"token": "x"}, REMOTE_ADDR=HOME)
    assert problem(lookup) == (404, "invitation_unavailable")


@pytest.mark.django_db(transaction=True)
def test_simultaneous_guesses_are_all_counted():
    def guess():
        credentials.verify(email="nobody@acme.test", password="wrong", client=SignInClient(HOME))

    results = run_together(*[guess] * 12)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["LockedOut"] * 7 + ["WrongCredentials"] * 5
    with platform_context():
        assert not User.objects.exists()
