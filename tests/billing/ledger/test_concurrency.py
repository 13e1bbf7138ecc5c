"""Concurrent postings on a few wallets, with real connections and locks."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from billing.ledger.errors import HoldResolved, IdempotencyConflict, InsufficientBalance
from billing.ledger.models import Hold, LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import ledger
from billing.ledger.services.ledger import Operation, PostedTransaction, Posting, PostingOutcome
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import WalletFactory
from tests.factories.tenants import MemberFactory
from tests.support.concurrency import run_together

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 16
CALLS_PER_WORKER = 25
JOIN_TIMEOUT = 60


@pytest.fixture
def funded(tenant: Any) -> list[UUID]:
    """Return four wallets of the tenant with 1000 each."""
    with platform_context(tenant_id=tenant.pk):
        made = [WalletFactory.create(user=MemberFactory.create()).pk for _ in range(4)]
    with tenant_context(tenant.pk):
        for wallet in made:
            ledger.topup(wallet=wallet, amount=Decimal(1000), key=f"start-{wallet}")
    return made


@pytest.fixture
def at_once(tenant: Any) -> Callable[..., list[Any]]:
    """Return ``at_once(calls)``, which runs the calls concurrently and returns their results or errors."""

    def run(calls: Sequence[Callable[[], Any]]) -> list[Any]:
        def scoped(call: Callable[[], Any]) -> Callable[[], Any]:
            def enter() -> Any:
                with tenant_context(tenant.pk):
                    return call()

            return enter

        return run_together(*map(scoped, calls))

    return run


def available(tenant: Any) -> dict[UUID, Decimal]:
    with tenant_context(tenant.pk):
        return {wallet.pk: wallet.available_balance for wallet in Wallet.objects.all()}


def test_concurrent_duplicates_post_once_and_the_others_replay_it(at_once, funded):
    def debit() -> PostedTransaction:
        return ledger.debit(wallet=funded[0], amount=Decimal(7), key="call-1")

    results = at_once([debit] * 8)
    assert len({result.id for result in results}) == 1
    assert results == [results[0]] * 8
    assert Counter(result.replayed for result in results) == {False: 1, True: 7}


def test_concurrent_requests_that_differ_under_one_key_post_once(at_once, funded, tenant):
    calls = [
        lambda amount=amount: ledger.debit(wallet=funded[0], amount=Decimal(amount), key="call-1")
        for amount in range(1, 9)
    ]
    results = at_once(calls)
    [posted] = [result for result in results if isinstance(result, PostedTransaction)]
    refused = [result for result in results if isinstance(result, IdempotencyConflict)]
    assert [error.extra["field"] for error in refused] == ["amount"] * 7
    assert available(tenant)[funded[0]] == 1000 + posted.amount


def test_one_key_used_for_several_wallets_at_once_charges_one(at_once, funded, tenant):
    calls = [lambda wallet=wallet: ledger.debit(wallet=wallet, amount=Decimal(5), key="call-1") for wallet in funded]
    results = at_once(calls * 2)
    refused = [result for result in results if not isinstance(result, PostedTransaction)]
    assert [(type(error), error.extra["field"]) for error in refused] == [(IdempotencyConflict, "wallet")] * 6
    assert sum(available(tenant).values()) == 3995


def test_only_one_of_several_concurrent_debits_gets_the_whole_balance(at_once, funded, tenant):
    calls = [
        lambda number=number: ledger.debit(wallet=funded[0], amount=Decimal(1000), key=f"all-{number}")
        for number in range(6)
    ]
    results = at_once(calls)
    assert Counter(type(result) for result in results) == {PostedTransaction: 1, InsufficientBalance: 5}
    assert available(tenant)[funded[0]] == 0


def test_a_hold_is_resolved_once_by_concurrent_calls(at_once, funded, tenant):
    def ends(hold: UUID, number: int) -> list[Callable[[], Any]]:
        return [
            lambda: ledger.capture(hold=hold, amount=Decimal(3), key=f"capture-{number}"),
            lambda: ledger.release(hold=hold, key=f"release-{number}"),
            lambda: ledger.extend(hold=hold, until=held.created_at + timedelta(days=2), key=f"extend-{number}"),
        ]

    for _ in range(5):
        with tenant_context(tenant.pk):
            held = ledger.reserve(wallet=funded[0], amount=Decimal(10), key=f"hold-{_}", ttl=timedelta(hours=1))
            assert held.hold_id is not None
        results = at_once([each for number in range(3) for each in ends(held.hold_id, f"{_}-{number}")])  # type: ignore[arg-type]
        resolved = [result for result in results if isinstance(result, PostedTransaction)]
        assert len(resolved) == 1
        assert all(result is None or isinstance(result, HoldResolved) for result in results if result not in resolved)
    with tenant_context(tenant.pk):
        captured = Hold.objects.filter(status="captured").count()
        assert Wallet.objects.get(pk=funded[0]).reserved_balance == 0
    assert available(tenant)[funded[0]] == 1000 - 3 * captured


def test_many_workers_with_repeated_and_conflicting_keys_leave_one_effect_per_key(tenant, funded):
    """Workers share keys and requests. One call in twenty changes the amount."""
    acknowledged: list[PostedTransaction] = []
    unexpected: list[BaseException] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(CALLS_PER_WORKER):
                _post_one(tenant, funded, chance, acknowledged)
        except BaseException as error:
            unexpected.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=[seed]) for seed in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_TIMEOUT)
    assert unexpected == []
    with tenant_context(tenant.pk):
        rows = {row.idempotency_key: row for row in LedgerTransaction.objects.all()}
        assert len(rows) == LedgerTransaction.objects.count()
    assert acknowledged
    for posted in acknowledged:
        assert (rows[posted.idempotency_key].pk, rows[posted.idempotency_key].amount) == (posted.id, posted.amount)
    assert len({posted.idempotency_key for posted in acknowledged}) == len(rows) - len(funded)
    _assert_consistent(tenant)


def _post_one(tenant: Any, funded: list[UUID], chance: random.Random, acknowledged: list[PostedTransaction]) -> None:
    number = chance.randrange(WORKERS * CALLS_PER_WORKER * 2 // 3)
    wallet, amount = funded[number % len(funded)], Decimal(number % 90 + 1)
    if chance.random() < 0.05:
        amount += Decimal("0.5")
    try:
        with tenant_context(tenant.pk):
            if number % 7 == 0:
                posting = Posting(Operation.DEBIT, wallet, amount, f"key-{number}")
                other = Posting(Operation.CREDIT, funded[(number + 1) % len(funded)], amount, f"other-{number}")
                results = ledger.post_many([posting, other])
                done = [
                    each.posted for each in results if each.outcome in {PostingOutcome.POSTED, PostingOutcome.REPLAYED}
                ]
            elif number % 3 == 0:
                done = [ledger.topup(wallet=wallet, amount=amount, key=f"key-{number}")]
            else:
                done = [ledger.debit(wallet=wallet, amount=amount, key=f"key-{number}")]
    except (IdempotencyConflict, InsufficientBalance):
        return
    acknowledged += [posted for posted in done if posted is not None]


def test_concurrent_reversals_reverse_each_transaction_once(at_once, tenant, funded):
    with tenant_context(tenant.pk):
        for number in range(20):
            ledger.debit(wallet=funded[number % 2], amount=Decimal(number), key=f"debit-{number}")
    for kind in (TransactionType.DEBIT, TransactionType.TOPUP):
        with tenant_context(tenant.pk):
            rows = list(LedgerTransaction.objects.filter(transaction_type=kind))
        calls = [
            lambda row=row, time=time: ledger.reverse(transaction=row, key=f"{row.pk} {time}", reason="All wrong")
            for row in rows
            for time in (1, 2)
        ]
        random.Random(kind).shuffle(calls)
        results = [result for part in range(0, len(calls), 8) for result in at_once(calls[part : part + 8])]
        assert Counter(type(result).__name__ for result in results) == {
            "PostedTransaction": len(rows),
            "AlreadyReversed": len(rows),
        }
    assert set(available(tenant).values()) == {Decimal(0)}
    _assert_consistent(tenant)


def test_batches_that_name_the_same_wallets_in_opposite_orders_do_not_deadlock(at_once, tenant, funded):
    def batch(name: str, order: list[UUID]) -> Callable[[], Any]:
        postings = [Posting(Operation.DEBIT, wallet, Decimal(1), f"{name}-{wallet}") for wallet in order]
        return lambda: ledger.post_many(postings)

    for number in range(10):
        results = at_once([batch(f"{number}-{each}", funded[:: 1 if each % 2 else -1]) for each in range(4)])
        assert [error for error in results if isinstance(error, Exception)] == []
    assert set(available(tenant).values()) == {Decimal(960)}


def _assert_consistent(tenant: Any) -> None:
    """Assert that each wallet matches its ledger and that the ledger has no gaps."""
    with tenant_context(tenant.pk):
        found = list(Wallet.objects.all())
        assert found
        for wallet in found:
            rows = list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))
            assert [row.wallet_version for row in rows] == list(range(1, wallet.ledger_version + 1))
            assert [row.balance_before for row in rows[1:]] == [row.balance_after for row in rows[:-1]]
            assert sum(row.amount for row in rows) == wallet.available_balance >= 0
            assert wallet.available_balance == sum(lot.remaining for lot in wallet.credit_lots.all())
