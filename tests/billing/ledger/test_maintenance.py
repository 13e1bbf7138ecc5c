"""What time does to holds and to credit, and that it does it once, whatever gets in the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from threading import Event

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from billing.ledger.models import Hold, LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.ledger.services import maintenance as sweeps
from lad.celery import app
from lad.tenancy.context import platform_context
from tests.factories.billing import WalletFactory

HUNDRED = Decimal(100)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def began():
    """When everything below was posted."""
    return timezone.now() - timedelta(days=1)


@pytest.fixture
def filled(tenant, wallet, began):
    """The tenant's wallet with 100 in it."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=HUNDRED, key="first", now=began)
    return wallet


@pytest.fixture
def reserve(filled, began):
    """``reserve(amount, minutes)`` holds so much for so long."""

    def hold(amount, minutes, wallet=filled):
        key = f"hold-{wallet.pk}-{amount}-{minutes}"
        with platform_context(tenant_id=wallet.tenant_id):
            posted = ledger.reserve(
                wallet=wallet, amount=Decimal(amount), key=key, ttl=timedelta(minutes=minutes), now=began
            )
        return posted.hold_id

    return hold


def as_now(wallet):
    with platform_context():
        return Wallet.objects.get(pk=wallet.pk)


def status_of(hold):
    with platform_context():
        return Hold.objects.get(pk=hold).status


def test_a_hold_is_given_back_when_its_time_is_over_and_not_before(reserve, filled, began):
    short, long = reserve(10, 1), reserve(20, 60)
    assert sweeps.expire_holds(now=began + MINUTE - timedelta(microseconds=1)) == 0
    assert sweeps.expire_holds(now=began + MINUTE) == 1
    assert (status_of(short), status_of(long)) == ("expired", "held")
    assert (as_now(filled).available_balance, as_now(filled).reserved_balance) == (80, 20)
    assert sweeps.expire_holds(now=began + MINUTE) == 0
    with platform_context():
        assert LedgerTransaction.objects.filter(hold=short, transaction_type="release").count() == 1


def test_a_hold_that_was_captured_in_time_stays_captured(reserve, filled, began):
    hold = reserve(10, 1)
    with platform_context(tenant_id=filled.tenant_id):
        ledger.capture(hold=hold, amount=Decimal(4), key="captured", now=began)
    assert sweeps.expire_holds(now=began + 5 * MINUTE) == 0
    assert (status_of(hold), as_now(filled).current_balance) == ("captured", 96)


def test_a_suspended_wallets_holds_expire_too(reserve, tenant, filled, began):
    hold = reserve(10, 1)
    with platform_context(tenant_id=tenant.pk):
        wallets.move(wallet=filled, status=WalletStatus.SUSPENDED)
    assert sweeps.expire_holds(now=began + MINUTE) == 1
    assert status_of(hold) == "expired"


def test_holds_of_every_tenant_expire(reserve, other_tenant, began):
    with platform_context(tenant_id=other_tenant.pk):
        other = WalletFactory.create(user=None)
        ledger.topup(wallet=other, amount=HUNDRED, key="first", now=began)
    holds = [reserve(10, 1), reserve(10, 1, other)]
    assert sweeps.expire_holds(now=began + MINUTE) == 2
    assert [status_of(hold) for hold in holds] == ["expired", "expired"]


def test_more_holds_of_one_wallet_than_a_batch_takes_expire_in_one_sweep(reserve, began, monkeypatch):
    monkeypatch.setattr(sweeps, "BATCH", 3)
    holds = [reserve(number, 1) for number in range(1, 9)]
    assert sweeps.expire_holds(now=began + MINUTE) == 8
    assert {status_of(hold) for hold in holds} == {"expired"}


def test_one_hold_that_cannot_be_expired_holds_up_no_other(reserve, began, monkeypatch):
    poison, *others = [reserve(number, 1) for number in (1, 2, 3)]
    expire = ledger.expire

    def fragile(*, hold, now):
        if hold.pk == poison:
            raise RuntimeError("broken")
        return expire(hold=hold, now=now)

    monkeypatch.setattr(ledger, "expire", fragile)
    assert sweeps.expire_holds(now=began + MINUTE) == 2
    assert (status_of(poison), *map(status_of, others)) == ("held", "expired", "expired")


def test_credit_that_expired_is_taken_out_and_the_rest_stays(tenant, filled, began):
    with platform_context(tenant_id=tenant.pk):
        for days in (1, 2):
            expires_at = began + timedelta(days=days)
            ledger.credit(wallet=filled, amount=Decimal(10), key=f"g{days}", expires_at=expires_at, now=began)
    assert sweeps.expire_lots(now=began + timedelta(days=1) - timedelta(microseconds=1)) == 0
    assert sweeps.expire_lots(now=began + timedelta(days=1)) == 1
    assert as_now(filled).available_balance == 110
    assert sweeps.expire_lots(now=began + timedelta(days=1)) == 0
    assert sweeps.expire_lots(now=began + timedelta(days=2)) == 1
    assert as_now(filled).available_balance == 100
    with platform_context():
        rows = LedgerTransaction.objects.filter(reference_type="credit_lot").order_by("wallet_version")
        assert [row.amount for row in rows] == [-10, -10]


def test_holds_return_within_a_minute_of_their_time():
    scheduled = {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled["billing.expire_holds"] + sweeps.SWEEP_SECONDS < 60
    assert scheduled["billing.expire_lots"] <= 300
    assert scheduled["billing.expire_holds"] > sweeps.SWEEP_SECONDS
    app.loader.import_default_modules()
    assert {"billing.expire_holds", "billing.expire_lots"} <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_a_wallet_that_somebody_holds_on_to_keeps_no_other_waiting(reserve, filled, other_tenant, began, monkeypatch):
    monkeypatch.setattr(sweeps, "PATIENCE", "50ms")
    with platform_context(tenant_id=other_tenant.pk):
        other = WalletFactory.create(user=None)
        ledger.topup(wallet=other, amount=HUNDRED, key="first", now=began)
    stuck, free = reserve(10, 1), reserve(10, 2, other)
    with held_by_another(filled):
        assert sweeps.expire_holds(now=began + 2 * MINUTE) == 1
    assert (status_of(stuck), status_of(free)) == ("held", "expired")
    assert sweeps.expire_holds(now=began + 2 * MINUTE) == 1
    assert status_of(stuck) == "expired"


@pytest.mark.django_db(transaction=True)
def test_sweeps_that_run_at_the_same_time_expire_each_hold_once(reserve, filled, began):
    for number in range(1, 9):
        reserve(number, 1)

    def sweep(_number):
        try:
            return sweeps.expire_holds(now=began + MINUTE)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(4))) == 8
    assert (as_now(filled).available_balance, as_now(filled).reserved_balance) == (100, 0)


@contextmanager
def held_by_another(wallet: Wallet) -> Iterator[None]:
    """Somebody else's transaction has the wallet's row."""
    locked, done = Event(), Event()

    def hold_on() -> None:
        try:
            with platform_context():
                Wallet.objects.select_for_update().get(pk=wallet.pk)
                locked.set()
                done.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold_on)
        assert locked.wait(10)
        yield
        done.set()
        holding.result()
