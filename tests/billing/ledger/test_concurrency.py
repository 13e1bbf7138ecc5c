"""Many at once on few wallets: real connections, real locks, every key one effect."""

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

from billing.ledger.models import Hold, LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import ledger
from billing.ledger.services.ledger import (
    HoldResolved,
    IdempotencyConflict,
    InsufficientBalance,
    Operation,
    Outcome,
    Posted,
    Posting,
)
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.billing import WalletFactory
from tests.factories.tenants import MemberFactory
from tests.tenants.helpers import together

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 16
EACH = 25
PATIENCE = 60


@pytest.fixture
def purses(tenant: Any) -> list[UUID]:
    """Four wallets of the tenant with 1000 each."""
    with platform_context(tenant_id=tenant.pk):
        made = [WalletFactory.create(user=MemberFactory.create()).pk for _ in range(4)]
    with tenant_context(tenant.pk):
        for wallet in made:
            ledger.topup(wallet=wallet, amount=Decimal(1000), key=f"start-{wallet}")
    return made


@pytest.fixture
def at_once(tenant: Any) -> Callable[..., list[Any]]:
    """``at_once(calls)`` makes the calls at the same moment, each in a transaction of the tenant; results or errors."""

    def run(calls: Sequence[Callable[[], Any]]) -> list[Any]:
        def scoped(call: Callable[[], Any]) -> Callable[[], Any]:
            def enter() -> Any:
                with tenant_context(tenant.pk):
                    return call()

            return enter

        return together(*map(scoped, calls))

    return run


def available(tenant: Any) -> dict[UUID, Decimal]:
    with tenant_context(tenant.pk):
        return {wallet.pk: wallet.available_balance for wallet in Wallet.objects.all()}


def test_of_simultaneous_duplicates_one_is_posted_and_the_others_replay_it(at_once, purses):
    def debit() -> Posted:
        return ledger.debit(wallet=purses[0], amount=Decimal(7), key="call-1")

    answers = at_once([debit] * 8)
    assert len({answer.id for answer in answers}) == 1
    assert answers == [answers[0]] * 8
    assert Counter(answer.replayed for answer in answers) == {False: 1, True: 7}


def test_of_simultaneous_requests_that_differ_under_one_key_one_wins(at_once, purses, tenant):
    calls = [
        lambda amount=amount: ledger.debit(wallet=purses[0], amount=Decimal(amount), key="call-1")
        for amount in range(1, 9)
    ]
    answers = at_once(calls)
    [posted] = [answer for answer in answers if isinstance(answer, Posted)]
    refused = [answer for answer in answers if isinstance(answer, IdempotencyConflict)]
    assert [error.extra["field"] for error in refused] == ["amount"] * 7
    assert available(tenant)[purses[0]] == 1000 + posted.amount


def test_one_key_used_for_two_wallets_at_once_pays_from_one(at_once, purses, tenant):
    calls = [lambda wallet=wallet: ledger.debit(wallet=wallet, amount=Decimal(5), key="call-1") for wallet in purses]
    answers = at_once(calls * 2)
    refused = [answer for answer in answers if not isinstance(answer, Posted)]
    assert [(type(error), error.extra["field"]) for error in refused] == [(IdempotencyConflict, "wallet")] * 6
    assert sum(available(tenant).values()) == 3995


def test_of_those_who_each_want_all_there_is_one_gets_it(at_once, purses, tenant):
    calls = [
        lambda number=number: ledger.debit(wallet=purses[0], amount=Decimal(1000), key=f"all-{number}")
        for number in range(6)
    ]
    answers = at_once(calls)
    assert Counter(type(answer) for answer in answers) == {Posted: 1, InsufficientBalance: 5}
    assert available(tenant)[purses[0]] == 0


def test_a_hold_is_resolved_once_however_many_try(at_once, purses, tenant):
    def ends(hold: UUID, number: int) -> list[Callable[[], Any]]:
        return [
            lambda: ledger.capture(hold=hold, amount=Decimal(3), key=f"capture-{number}"),
            lambda: ledger.release(hold=hold, key=f"release-{number}"),
            lambda: ledger.extend(hold=hold, until=held.created_at + timedelta(days=2), key=f"extend-{number}"),
        ]

    for _ in range(5):
        with tenant_context(tenant.pk):
            held = ledger.reserve(wallet=purses[0], amount=Decimal(10), key=f"hold-{_}", ttl=timedelta(hours=1))
            assert held.hold_id is not None
        answers = at_once([each for number in range(3) for each in ends(held.hold_id, f"{_}-{number}")])  # type: ignore[arg-type]
        resolved = [answer for answer in answers if isinstance(answer, Posted)]
        assert len(resolved) == 1
        assert all(answer is None or isinstance(answer, HoldResolved) for answer in answers if answer not in resolved)
    with tenant_context(tenant.pk):
        captured = Hold.objects.filter(status="captured").count()
        assert Wallet.objects.get(pk=purses[0]).reserved_balance == 0
    assert available(tenant)[purses[0]] == 1000 - 3 * captured


def test_many_workers_with_repeated_and_conflicting_keys_leave_one_effect_a_key(tenant, purses):
    """Each key asks the same of everybody, but in one of twenty cases for something else."""
    acknowledged: list[Posted] = []
    unexpected: list[BaseException] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(EACH):
                _one_of_many(tenant, purses, chance, acknowledged)
        except BaseException as error:
            unexpected.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=[seed]) for seed in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert unexpected == []
    with tenant_context(tenant.pk):
        rows = {row.idempotency_key: row for row in LedgerTransaction.objects.all()}
        assert len(rows) == LedgerTransaction.objects.count()
    for posted in acknowledged:
        assert (rows[posted.idempotency_key].pk, rows[posted.idempotency_key].amount) == (posted.id, posted.amount)
    assert len({posted.idempotency_key for posted in acknowledged}) == len(rows) - len(purses)
    _holds_together(tenant)


def _one_of_many(tenant: Any, purses: list[UUID], chance: random.Random, acknowledged: list[Posted]) -> None:
    number = chance.randrange(WORKERS * EACH * 2 // 3)
    wallet, amount = purses[number % len(purses)], Decimal(number % 90 + 1)
    if chance.random() < 0.05:
        amount += Decimal("0.5")
    try:
        with tenant_context(tenant.pk):
            if number % 7 == 0:
                posting = Posting(Operation.DEBIT, wallet, amount, f"key-{number}")
                other = Posting(Operation.CREDIT, purses[(number + 1) % len(purses)], amount, f"other-{number}")
                verdicts = ledger.post_many([posting, other])
                done = [each.posted for each in verdicts if each.outcome in {Outcome.POSTED, Outcome.REPLAYED}]
            elif number % 3 == 0:
                done = [ledger.topup(wallet=wallet, amount=amount, key=f"key-{number}")]
            else:
                done = [ledger.debit(wallet=wallet, amount=amount, key=f"key-{number}")]
    except (IdempotencyConflict, InsufficientBalance):
        return
    acknowledged += [posted for posted in done if posted is not None]


def test_everything_reversed_twice_at_once_is_reversed_once(at_once, tenant, purses):
    with tenant_context(tenant.pk):
        for number in range(20):
            ledger.debit(wallet=purses[number % 2], amount=Decimal(number), key=f"debit-{number}")
    for kind in (TransactionType.DEBIT, TransactionType.TOPUP):
        with tenant_context(tenant.pk):
            rows = list(LedgerTransaction.objects.filter(transaction_type=kind))
        calls = [
            lambda row=row, time=time: ledger.reverse(transaction=row, key=f"{row.pk} {time}", reason="All wrong")
            for row in rows
            for time in (1, 2)
        ]
        random.Random(kind).shuffle(calls)
        answers = [answer for part in range(0, len(calls), 8) for answer in at_once(calls[part : part + 8])]
        assert Counter(type(answer).__name__ for answer in answers) == {
            "Posted": len(rows),
            "AlreadyReversed": len(rows),
        }
    assert set(available(tenant).values()) == {Decimal(0)}
    _holds_together(tenant)


def test_batches_that_name_the_same_wallets_in_opposite_orders_do_not_wait_for_each_other(at_once, tenant, purses):
    def batch(name: str, order: list[UUID]) -> Callable[[], Any]:
        postings = [Posting(Operation.DEBIT, wallet, Decimal(1), f"{name}-{wallet}") for wallet in order]
        return lambda: ledger.post_many(postings)

    for number in range(10):
        answers = at_once([batch(f"{number}-{each}", purses[:: 1 if each % 2 else -1]) for each in range(4)])
        assert [error for error in answers if isinstance(error, Exception)] == []
    assert set(available(tenant).values()) == {Decimal(960)}


def _holds_together(tenant: Any) -> None:
    """Each wallet is the fold of its ledger, whose rows follow each other without a gap."""
    with tenant_context(tenant.pk):
        for wallet in Wallet.objects.all():
            rows = list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))
            assert [row.wallet_version for row in rows] == list(range(1, wallet.ledger_version + 1))
            assert [row.balance_before for row in rows[1:]] == [row.balance_after for row in rows[:-1]]
            assert sum(row.amount for row in rows) == wallet.available_balance >= 0
            assert wallet.available_balance == sum(lot.remaining for lot in wallet.credit_lots.all())
