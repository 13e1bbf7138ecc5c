"""Too many failed sign-ins lock an address for a while."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import SignInFailure
from tenants.accounts.services import credentials, sign_in_limit
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.tenants.helpers import PASSWORD, sign_in


def test_after_five_failures_even_the_correct_password_is_refused_for_a_while(owner, api):
    for _ in range(5):
        assert problem(sign_in(api, owner.email, "wrong")) == (401, "wrong_credentials")
    locked = sign_in(api, owner.email)
    assert problem(locked) == (429, "locked_out")
    assert 0 < int(locked["Retry-After"]) <= 30


def test_an_address_without_an_account_is_locked_in_the_same_way(db, api):
    for _ in range(5):
        sign_in(api, "nobody@acme.test", "wrong")
    assert problem(sign_in(api, "nobody@acme.test", "wrong")) == (429, "locked_out")


def test_each_further_failure_doubles_the_lock_up_to_the_maximum(db):
    now, waits = timezone.now(), []
    for _ in range(14):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email="nobody@acme.test", password="wrong", now=now)
        with platform_context():
            until = SignInFailure.objects.get().locked_until
        waits.append(int((until - now).total_seconds()) if until else 0)
        now = max(now, until or now)
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900]


def test_failures_are_reset_by_a_success_and_after_a_day(owner, api):
    now = timezone.now()
    for _ in range(4):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email=owner.email, password="wrong", now=now)
    assert credentials.verify(email=owner.email, password=PASSWORD, now=now) == owner
    with platform_context():
        assert not SignInFailure.objects.exists()
    for _ in range(5):
        with pytest.raises(credentials.WrongCredentials):
            credentials.verify(email=owner.email, password="wrong", now=now)
    with pytest.raises(sign_in_limit.LockedOut):
        credentials.verify(email=owner.email, password=PASSWORD, now=now)
    assert credentials.verify(email=owner.email, password=PASSWORD, now=now + timedelta(hours=25)) == owner


@pytest.mark.django_db(transaction=True)
def test_simultaneous_guesses_are_all_counted():
    def guess():
        credentials.verify(email="nobody@acme.test", password="wrong")

    results = run_together(*[guess] * 12)
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["LockedOut"] * 7 + ["WrongCredentials"] * 5
