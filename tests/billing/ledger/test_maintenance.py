"""Maintenance expires holds and credit once, whatever happens at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from threading import Event

import pytest
from django.db import connection
from django.utils import timezone

from billing.ledger.models import Hold, LedgerTransaction, Wallet, WalletStatus
from billing.ledger.services import ledger, maintenance, wallets
from lad.celery import app
from lad.schedule import regular_tasks
from lad.tenancy.context import platform_context
from tests.factories.billing import WalletFactory
from tests.support.database import stored

HUNDRED = Decimal(100)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def began():
    """Return the time at which everything is posted."""
    return timezone.now() - timedelta(days=1)


@pytest.fixture
def filled(tenant, wallet, began):
    """Return the tenant's wallet with a balance of 100."""
    with platform_context(tenant_id=tenant.pk):
        ledger.topup(wallet=wallet, amount=HUNDRED, key="first", now=began)
    return wallet


@pytest.fixture
def reserve(filled, began):
    """Return ``reserve(amount, minutes)``, which creates a hold and returns its id."""

    def hold(amount, minutes, wallet=filled):
        key = f"hold-{wallet.pk}-{amount}-{minutes}"
        with platform_context(tenant_id=wallet.tenant_id):
            posted = ledger.reserve(
                wallet=wallet, amount=Decimal(amount), key=key, ttl=timedelta(minutes=minutes), now=began
            )
        return posted.hold_id

    return hold


def status_of(hold):
    with platform_context():
        return Hold.objects.get(pk=hold).status


def test_a_hold_is_released_when_it_expires_and_not_before(reserve, filled, began):
    short, long = reserve(10, 1), reserve(20, 60)
    assert maintenance.expire_holds(now=began + MINUTE - timedelta(microseconds=1)) == 0
    assert maintenance.expire_holds(now=began + MINUTE) == 1
    assert (status_of(short), status_of(long)) == ("expired", "held")
    assert (stored(filled).available_balance, stored(filled).reserved_balance) == (80, 20)
    assert maintenance.expire_holds(now=began + MINUTE) == 0
    with platform_context():
        assert LedgerTransaction.objects.filter(hold=short, transaction_type="release").count() == 1


def test_a_hold_that_was_captured_in_time_stays_captured(reserve, filled, began):
    hold = reserve(10, 1)
    with platform_context(tenant_id=filled.tenant_id):
        ledger.capture(hold=hold, amount=Decimal(4), key="captured", now=began)
    assert maintenance.expire_holds(now=began + 5 * MINUTE) == 0
    assert (status_of(hold), stored(filled).current_balance) == ("captured", 96)


def test_a_suspended_wallets_holds_expire_too(reserve, tenant, filled, began):
    hold = reserve(10, 1)
    with platform_context(tenant_id=tenant.pk):
        wallets.change_status(wallet=filled, status=WalletStatus.SUSPENDED)
    assert maintenance.expire_holds(now=began + MINUTE) == 1
    assert status_of(hold) == "expired"


def test_holds_of_every_tenant_expire(reserve, other_tenant, began):
    with platform_context(tenant_id=other_tenant.pk):
        other = WalletFactory.create(user=None)
        ledger.topup(wallet=other, amount=HUNDRED, key="first", now=began)
    holds = [reserve(10, 1), reserve(10, 1, other)]
    assert maintenance.expire_holds(now=began + MINUTE) == 2
    assert [status_of(hold) for hold in holds] == ["expired", "expired"]


def test_more_holds_of_one_wallet_than_a_batch_expire_in_one_run(reserve, began, monkeypatch):
    monkeypatch.setattr(maintenance, "BATCH", 3)
    holds = [reserve(number, 1) for number in range(1, 9)]
    assert maintenance.expire_holds(now=began + MINUTE) == 8
    assert {status_of(hold) for hold in holds} == {"expired"}


def test_a_hold_that_fails_to_expire_does_not_block_the_others(reserve, began, monkeypatch):
    broken, *others = [reserve(number, 1) for number in (1, 2, 3)]
    expire = ledger.expire

    def failing_for_one(*, hold, now):
        if hold.pk == broken:
            raise RuntimeError("broken")
        return expire(hold=hold, now=now)

    monkeypatch.setattr(ledger, "expire", failing_for_one)
    assert maintenance.expire_holds(now=began + MINUTE) == 2
    assert (status_of(broken), *map(status_of, others)) == ("held", "expired", "expired")


def test_expired_credit_is_removed_and_the_rest_stays(tenant, filled, began):
    with platform_context(tenant_id=tenant.pk):
        for days in (1, 2):
            expires_at = began + timedelta(days=days)
            ledger.credit(wallet=filled, amount=Decimal(10), key=f"g{days}", expires_at=expires_at, now=began)
    assert maintenance.expire_lots(now=began + timedelta(days=1) - timedelta(microseconds=1)) == 0
    assert maintenance.expire_lots(now=began + timedelta(days=1)) == 1
    assert stored(filled).available_balance == 110
    assert maintenance.expire_lots(now=began + timedelta(days=1)) == 0
    assert maintenance.expire_lots(now=began + timedelta(days=2)) == 1
    assert stored(filled).available_balance == 100
    with platform_context():
        rows = LedgerTransaction.objects.filter(reference_type="credit_lot").order_by("wallet_version")
        assert [row.amount for row in rows] == [-10, -10]


def test_holds_are_released_within_a_minute_of_their_expiry():
    app.loader.import_default_modules()
    scheduled = {task.name: task.every.total_seconds() for task in regular_tasks()}
    assert scheduled["billing.expire_holds"] + maintenance.MAX_RUN_SECONDS < 60
    assert scheduled["billing.expire_lots"] <= 300
    assert scheduled["billing.expire_holds"] > maintenance.MAX_RUN_SECONDS
    assert {"billing.expire_holds", "billing.expire_lots"} <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_a_locked_wallet_does_not_block_the_others(reserve, filled, other_tenant, began, monkeypatch):
    monkeypatch.setattr(maintenance, "LOCK_TIMEOUT", "50ms")
    with platform_context(tenant_id=other_tenant.pk):
        other = WalletFactory.create(user=None)
        ledger.topup(wallet=other, amount=HUNDRED, key="first", now=began)
    stuck, free = reserve(10, 1), reserve(10, 2, other)
    with locked_by_another(filled):
        assert maintenance.expire_holds(now=began + 2 * MINUTE) == 1
    assert (status_of(stuck), status_of(free)) == ("held", "expired")
    assert maintenance.expire_holds(now=began + 2 * MINUTE) == 1
    assert status_of(stuck) == "expired"


@pytest.mark.django_db(transaction=True)
def test_concurrent_runs_expire_each_hold_once(reserve, filled, began):
    for number in range(1, 9):
        reserve(number, 1)

    def run(_number):
        try:
            return maintenance.expire_holds(now=began + MINUTE)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 8
    assert (stored(filled).available_balance, stored(filled).reserved_balance) == (100, 0)


@contextmanager
def locked_by_another(wallet: Wallet) -> Iterator[None]:
    """Lock the wallet's row in another transaction."""
    locked, done = Event(), Event()

    def keep_lock() -> None:
        try:
            with platform_context():
                Wallet.objects.select_for_update().get(pk=wallet.pk)
                locked.set()
                done.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        lock_keeper = pool.submit(keep_lock)
        assert locked.wait(10)
        yield
        done.set()
        lock_keeper.result()
