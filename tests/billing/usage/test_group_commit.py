"""Group commit: callers share commits, each gets its own result, and only committed work is acknowledged."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta
from decimal import Decimal
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from billing.ledger.models import LedgerTransaction, Wallet
from billing.ledger.services import ledger, wallets
from billing.ledger.services.ledger import Operation, Posting, PostingOutcome
from billing.usage.models import UsageEvent
from billing.usage.services import charging
from billing.usage.services.group_commit import (
    MAX_BATCHES_PER_TENANT,
    GroupCommit,
    GroupCommitBusy,
    GroupCommitClosed,
    Unanswered,
)
from lad.tenancy.context import current_tenant_id, platform_context, tenant_context
from tenants.features.models import TenantFeature
from tests.factories.billing import PriceFactory
from tests.support.concurrency import run_together
from tests.support.database import superuser_connection

pytestmark = pytest.mark.django_db(transaction=True)

TIMEOUT = 20
# Longer than a loaded machine pauses between two submits, so that a batch is only as small as it has to be.
LONG_WAIT = timedelta(milliseconds=500)
USES = "/api/v1/billing-usage-events/"
CALL = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute"}


@pytest.fixture
def group() -> Iterator[Callable[[Callable[..., Any]], GroupCommit[Any, Any]]]:
    """Return ``group(apply)``, which makes a group commit that closes when the test ends."""
    groups: list[GroupCommit[Any, Any]] = []

    def make(apply: Callable[[Sequence[Any]], Sequence[Any]]) -> GroupCommit[Any, Any]:
        groups.append(GroupCommit("trial", apply))
        return groups[-1]

    yield make
    for each in groups:
        each.close()


class Held:
    """Apply batches, but block the first one until ``go_on`` is set."""

    def __init__(self) -> None:
        self.batches: list[tuple[UUID, list[Any]]] = []
        self.started, self.go_on = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[Any]) -> list[Any]:
        self.batches.append((current_tenant_id(), list(items)))
        self.started.set()
        assert self.go_on.wait(TIMEOUT)
        return [f"done {item}" for item in items]

    def wait_for(self, batches: int) -> None:
        """Wait until that many batches have started."""
        ends = monotonic() + TIMEOUT
        while len(self.batches) < batches:
            assert monotonic() < ends, f"{len(self.batches)} batches have started"
            sleep(0.002)

    def sizes(self) -> list[int]:
        return [len(items) for _tenant, items in self.batches]


def results(futures: Sequence[Future[Any]]) -> list[Any]:
    wait(futures, timeout=TIMEOUT)
    return [future.exception(timeout=0) or future.result(timeout=0) for future in futures]


def test_items_submitted_while_a_batch_is_written_share_the_next_one(group, tenant, settings):
    settings.BILLING_GROUP_COMMIT_WAIT = LONG_WAIT
    held = Held()
    trial = group(held)
    first = trial.submit(0, tenant_id=tenant.pk)
    assert held.started.wait(TIMEOUT)
    others = [trial.submit(number, tenant_id=tenant.pk) for number in range(1, 30)]
    held.go_on.set()
    assert results([first, *others]) == [f"done {number}" for number in range(30)]
    assert held.sizes() == [1, 29]


def test_a_batch_is_no_larger_than_the_setting_says(group, tenant, settings):
    settings.BILLING_GROUP_COMMIT_BATCH, settings.BILLING_GROUP_COMMIT_WAIT = 10, LONG_WAIT
    held = Held()
    trial = group(held)
    futures = [trial.submit(0, tenant_id=tenant.pk)]
    assert held.started.wait(TIMEOUT)
    futures += [trial.submit(number, tenant_id=tenant.pk) for number in range(25)]
    held.go_on.set()
    results(futures)
    assert sorted(held.sizes()) == [1, 5, 10, 10]


def test_each_tenant_has_its_own_batches(group, tenant, other_tenant):
    held = Held()
    trial = group(held)
    futures = [trial.submit(number, tenant_id=each.pk) for number in range(3) for each in (tenant, other_tenant)]
    held.go_on.set()
    results(futures)
    items_of: dict[UUID, list[int]] = {each.pk: [] for each in (tenant, other_tenant)}
    for owner, items in held.batches:
        items_of[owner] += items
    # Two batches of a tenant may run at once, so which of them starts first is not promised.
    assert {owner: sorted(items) for owner, items in items_of.items()} == {
        tenant.pk: [0, 1, 2],
        other_tenant.pk: [0, 1, 2],
    }


def test_a_slow_batch_of_one_tenant_does_not_block_another_tenant(group, tenant, other_tenant):
    held = Held()

    def apply(items: Sequence[Any]) -> list[Any]:
        return held(items) if current_tenant_id() == tenant.pk else list(items)

    trial = group(apply)
    slow = trial.submit("slow", tenant_id=tenant.pk)
    assert held.started.wait(TIMEOUT)
    assert trial.submit("quick", tenant_id=other_tenant.pk).result(TIMEOUT) == "quick"
    assert not slow.done()
    held.go_on.set()
    assert slow.result(TIMEOUT) == "done slow"


def write(items: Sequence[str]) -> list[str]:
    TenantFeature.objects.bulk_create([TenantFeature(feature_key=item) for item in items])
    return list(items)


def written() -> set[str]:
    with platform_context():
        return set(TenantFeature.objects.values_list("feature_key", flat=True))


def test_a_result_is_returned_after_the_commit(group, tenant):
    seen: list[set[str]] = []
    notified = threading.Event()

    def look(_future: Future[str]) -> None:
        seen.append(written())
        notified.set()

    group(write).submit("first", tenant_id=tenant.pk).add_done_callback(look)
    assert notified.wait(TIMEOUT)
    assert seen == [{"first"}]


def test_one_failing_item_does_not_block_the_rest_of_its_batch(group, tenant):
    held = Held()

    def apply(items: Sequence[str]) -> list[str]:
        held(items)
        write(items)
        if "bad" in items:
            raise ValueError("bad")
        return list(items)

    trial = group(apply)
    futures = [trial.submit("zero", tenant_id=tenant.pk)]
    assert held.started.wait(TIMEOUT)
    futures += [trial.submit(item, tenant_id=tenant.pk) for item in ("one", "two", "bad", "three")]
    held.go_on.set()
    *_, bad, three = results(futures)
    assert (type(bad), three) == (ValueError, "three")
    assert written() == {"zero", "one", "two", "three"}


@pytest.mark.parametrize("times", [1, 2])
def test_a_batch_whose_transaction_fails_is_retried_once(group, tenant, times):
    failures = iter([OperationalError("deadlock detected")] * times)

    def apply(items: Sequence[str]) -> list[str]:
        write(items)
        for failure in failures:
            raise failure
        return list(items)

    [answer] = results([group(apply).submit("first", tenant_id=tenant.pk)])
    if times == 1:
        assert (answer, written()) == ("first", {"first"})
    else:
        assert (type(answer), written()) == (Unanswered, set())
        assert isinstance(answer.__cause__, OperationalError)


def test_a_lost_connection_is_reopened(group, tenant):
    cut: list[list[str]] = []

    def apply(items: Sequence[str]) -> list[str]:
        if list(items) not in cut:
            cut.append(list(items))
            with connection.cursor() as cursor, superuser_connection() as superuser:
                cursor.execute("SELECT pg_backend_pid()")
                superuser.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
        return write(items)

    trial = group(apply)
    assert [trial.submit(item, tenant_id=tenant.pk).result(TIMEOUT) for item in ("one", "two")] == ["one", "two"]
    assert (cut, written()) == ([["one"], ["two"]], {"one", "two"})


def test_a_full_queue_refuses_further_items(group, tenant, settings):
    settings.BILLING_GROUP_COMMIT_QUEUE = 3
    held = Held()
    trial = group(held)
    futures = [trial.submit(number, tenant_id=tenant.pk) for number in range(3)]
    with pytest.raises(GroupCommitBusy) as refused:
        trial.submit(3, tenant_id=tenant.pk)
    assert (refused.value.status, refused.value.code) == (503, "lane_busy")
    held.go_on.set()
    results(futures)
    assert trial.submit(4, tenant_id=tenant.pk).result(TIMEOUT) == "done 4"


def test_closing_runs_the_queued_items_and_refuses_new_ones(group, tenant):
    held = Held()
    trial = group(held)
    futures = [trial.submit(number, tenant_id=tenant.pk) for number in range(5)]
    threading.Timer(0.05, held.go_on.set).start()
    trial.close()
    assert [future.done() for future in futures] == [True] * 5
    with pytest.raises(GroupCommitClosed):
        trial.submit(6, tenant_id=tenant.pk)


def test_an_item_whose_caller_timed_out_while_it_was_queued_does_not_run(group, tenant, monkeypatch):
    monkeypatch.setattr("billing.usage.services.group_commit.TIMEOUT_SECONDS", 0.05)
    held = Held()
    trial = group(held)
    under_way = []
    for batches in range(1, MAX_BATCHES_PER_TENANT + 1):
        under_way.append(trial.submit("taken", tenant_id=tenant.pk))
        held.wait_for(batches)
    with pytest.raises(Unanswered):
        trial.run("given up", tenant_id=tenant.pk)
    held.go_on.set()
    results(under_way)
    assert trial.submit("later", tenant_id=tenant.pk).result(TIMEOUT) == "done later"
    assert [item for _tenant, items in held.batches for item in items] == ["taken", "taken", "later"]


def test_a_second_batch_starts_while_the_first_is_written_but_no_third(group, tenant, settings):
    held = Held()
    trial = group(held)
    futures = [trial.submit("first", tenant_id=tenant.pk)]
    held.wait_for(1)
    futures.append(trial.submit("second", tenant_id=tenant.pk))
    held.wait_for(2)
    futures += [trial.submit("third", tenant_id=tenant.pk) for _ in range(3)]
    sleep(10 * settings.BILLING_GROUP_COMMIT_WAIT.total_seconds())
    assert held.sizes() == [1, 1]
    held.go_on.set()
    results(futures)
    assert held.sizes() == [1, 1, 3]


def test_a_forked_process_starts_with_an_empty_group_commit(group, tenant):
    held = Held()
    trial = group(held)
    waiting = [trial.submit(number, tenant_id=tenant.pk) for number in range(2)]
    assert held.started.wait(TIMEOUT)
    child = os.fork()
    if child == 0:
        held.go_on.set()
        try:
            os._exit(0 if trial.run("child", tenant_id=tenant.pk) == "done child" else 1)
        finally:
            os._exit(2)
    _pid, status = os.waitpid(child, 0)
    held.go_on.set()
    assert os.waitstatus_to_exitcode(status) == 0
    assert results(waiting) == ["done 0", "done 1"]


def test_concurrent_debits_of_one_wallet_stop_when_its_balance_is_spent(group, tenant, wallet):
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(25), key="all there is")
    trial = group(ledger.post_many)
    results_seen: list[Any] = []

    def spend(number: int) -> None:
        posting = Posting(Operation.DEBIT, wallet.pk, Decimal(1), f"debit-{number % 30}")
        results_seen.append(trial.run(posting, tenant_id=tenant.pk))

    threads = [threading.Thread(target=spend, args=[number]) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    posted = {result.posted.id for result in results_seen if result.outcome == PostingOutcome.POSTED}
    outcomes = [result.outcome for result in results_seen]
    assert (len(results_seen), len(posted), outcomes.count(PostingOutcome.POSTED)) == (40, 25, 25)
    assert all(v.posted.id in posted for v in results_seen if v.outcome == PostingOutcome.REPLAYED)
    assert set(outcomes) <= {PostingOutcome.POSTED, PostingOutcome.REPLAYED, PostingOutcome.INSUFFICIENT}
    with tenant_context(tenant.pk):
        assert Wallet.objects.get(pk=wallet.pk).available_balance == 0
        assert LedgerTransaction.objects.count() == 26


def test_simultaneous_charges_through_the_api_share_a_batch(api, meter, tenant, monkeypatch):
    """Each caller gets the result of its own event; the last one fails because the balance is spent."""
    with platform_context():
        PriceFactory.create(**CALL, unit_price=Decimal(1), effective_from=timezone.now() - timedelta(days=1))
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(5), key="five")
    held = Held()

    def gathered(event_ids: Sequence[UUID]) -> list[Any]:
        held(event_ids)
        return charging.charge_many(event_ids=event_ids)

    monkeypatch.setattr("billing.usage.services.group_commit.charge_many", lambda *, event_ids: gathered(event_ids))

    def use(number: int) -> Any:
        body = {"feature_key": "voice-agent", "items": [{**CALL, "quantity": "1"}], "charge": True}
        return api(meter).post(USES, body, format="json", HTTP_IDEMPOTENCY_KEY=f"call-{number}").status_code

    calls = [lambda number=number: use(number) for number in range(6)]
    threading.Timer(1.0, held.go_on.set).start()
    assert sorted(run_together(*calls)) == [201, 201, 201, 201, 201, 402]
    assert 0 < len(held.batches) < 6
    with tenant_context(tenant.pk):
        assert Counter(UsageEvent.objects.values_list("status", flat=True)) == {"charged": 5, "failed": 1}
        assert Wallet.objects.get().available_balance == 0
