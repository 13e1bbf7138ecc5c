"""The batch lane: shared commits, an answer each, nothing acknowledged that is not committed."""

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
from billing.ledger.services.ledger import Operation, Outcome, Posting
from billing.usage.models import UsageEvent
from billing.usage.services import charging
from billing.usage.services.group_commit import MOST_OF_A_TENANT, Lane, LaneBusy, LaneClosed, Unanswered
from lad.tenancy.context import current_tenant_id, platform_context, tenant_context
from tenants.features.models import TenantFeature
from tests.conftest import superuser_connection
from tests.factories.billing import PriceFactory
from tests.tenants.helpers import together

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20
USES = "/api/v1/billing-usage-events/"
CALL = {"category": "telephony", "provider": "twilio", "model": "voice", "unit": "minute"}


@pytest.fixture
def lane() -> Iterator[Callable[[Callable[..., Any]], Lane[Any, Any]]]:
    """``lane(apply)`` is a lane that is closed when the test ends."""
    lanes: list[Lane[Any, Any]] = []

    def make(apply: Callable[[Sequence[Any]], Sequence[Any]]) -> Lane[Any, Any]:
        lanes.append(Lane("trial", apply))
        return lanes[-1]

    yield make
    for each in lanes:
        each.close()


class Held:
    """Does batches of a lane, the first of which waits to be let go."""

    def __init__(self) -> None:
        self.batches: list[tuple[UUID, list[Any]]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[Any]) -> list[Any]:
        self.batches.append((current_tenant_id(), list(items)))
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        return [f"done {item}" for item in items]

    def wait_for(self, batches: int) -> None:
        """Wait until so many batches have begun."""
        ends = monotonic() + PATIENCE
        while len(self.batches) < batches:
            assert monotonic() < ends, f"{len(self.batches)} batches have begun"
            sleep(0.002)

    def sizes(self) -> list[int]:
        return [len(items) for _tenant, items in self.batches]


def results(futures: Sequence[Future[Any]]) -> list[Any]:
    wait(futures, timeout=PATIENCE)
    return [future.exception(timeout=0) or future.result(timeout=0) for future in futures]


def test_who_comes_while_a_batch_is_written_shares_the_next_one(lane, tenant):
    held = Held()
    trial = lane(held)
    first = trial.submit(0, tenant_id=tenant.pk)
    assert held.begun.wait(PATIENCE)
    others = [trial.submit(number, tenant_id=tenant.pk) for number in range(1, 30)]
    held.go_on.set()
    assert results([first, *others]) == [f"done {number}" for number in range(30)]
    assert held.sizes() == [1, 29]


def test_a_batch_is_no_larger_than_the_setting_says(lane, tenant, settings):
    settings.BILLING_LANE_BATCH = 10
    held = Held()
    trial = lane(held)
    futures = [trial.submit(0, tenant_id=tenant.pk)]
    assert held.begun.wait(PATIENCE)
    futures += [trial.submit(number, tenant_id=tenant.pk) for number in range(25)]
    held.go_on.set()
    results(futures)
    assert sorted(held.sizes()) == [1, 5, 10, 10]


def test_each_tenant_has_batches_of_its_own(lane, tenant, other_tenant):
    held = Held()
    trial = lane(held)
    futures = [trial.submit(number, tenant_id=each.pk) for number in range(3) for each in (tenant, other_tenant)]
    held.go_on.set()
    results(futures)
    mine = [item for owner, items in held.batches if owner == tenant.pk for item in items]
    assert mine == [0, 1, 2]


def test_one_tenants_long_batch_does_not_hold_up_anothers(lane, tenant, other_tenant):
    held = Held()

    def apply(items: Sequence[Any]) -> list[Any]:
        return held(items) if current_tenant_id() == tenant.pk else list(items)

    trial = lane(apply)
    slow = trial.submit("slow", tenant_id=tenant.pk)
    assert held.begun.wait(PATIENCE)
    assert trial.submit("quick", tenant_id=other_tenant.pk).result(PATIENCE) == "quick"
    assert not slow.done()
    held.go_on.set()
    assert slow.result(PATIENCE) == "done slow"


def write(items: Sequence[str]) -> list[str]:
    TenantFeature.objects.bulk_create([TenantFeature(feature_key=item) for item in items])
    return list(items)


def written() -> set[str]:
    with platform_context():
        return set(TenantFeature.objects.values_list("feature_key", flat=True))


def test_an_answer_comes_after_the_commit(lane, tenant):
    seen: list[set[str]] = []
    told = threading.Event()

    def look(_future: Future[str]) -> None:
        seen.append(written())
        told.set()

    lane(write).submit("first", tenant_id=tenant.pk).add_done_callback(look)
    assert told.wait(PATIENCE)
    assert seen == [{"first"}]


def test_one_item_that_breaks_keeps_no_other_from_being_done(lane, tenant):
    held = Held()

    def apply(items: Sequence[str]) -> list[str]:
        held(items)
        write(items)
        if "bad" in items:
            raise ValueError("bad")
        return list(items)

    trial = lane(apply)
    futures = [trial.submit("zero", tenant_id=tenant.pk)]
    assert held.begun.wait(PATIENCE)
    futures += [trial.submit(item, tenant_id=tenant.pk) for item in ("one", "two", "bad", "three")]
    held.go_on.set()
    *_, bad, three = results(futures)
    assert (type(bad), three) == (ValueError, "three")
    assert written() == {"zero", "one", "two", "three"}


@pytest.mark.parametrize("times", [1, 2])
def test_a_batch_whose_transaction_fails_is_done_once_more(lane, tenant, times):
    failures = iter([OperationalError("deadlock detected")] * times)

    def apply(items: Sequence[str]) -> list[str]:
        write(items)
        for failure in failures:
            raise failure
        return list(items)

    [answer] = results([lane(apply).submit("first", tenant_id=tenant.pk)])
    if times == 1:
        assert (answer, written()) == ("first", {"first"})
    else:
        assert (type(answer), written()) == (Unanswered, set())
        assert isinstance(answer.__cause__, OperationalError)


def test_a_connection_that_was_cut_is_opened_anew(lane, tenant):
    cut: list[list[str]] = []

    def apply(items: Sequence[str]) -> list[str]:
        if list(items) not in cut:
            cut.append(list(items))
            with connection.cursor() as cursor, superuser_connection() as superuser:
                cursor.execute("SELECT pg_backend_pid()")
                superuser.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
        return write(items)

    trial = lane(apply)
    assert [trial.submit(item, tenant_id=tenant.pk).result(PATIENCE) for item in ("one", "two")] == ["one", "two"]
    assert (cut, written()) == ([["one"], ["two"]], {"one", "two"})


def test_beyond_its_queue_the_lane_refuses(lane, tenant, settings):
    settings.BILLING_LANE_QUEUE = 3
    held = Held()
    trial = lane(held)
    futures = [trial.submit(number, tenant_id=tenant.pk) for number in range(3)]
    with pytest.raises(LaneBusy) as refused:
        trial.submit(3, tenant_id=tenant.pk)
    assert (refused.value.status, refused.value.code) == (503, "lane_busy")
    held.go_on.set()
    results(futures)
    assert trial.submit(4, tenant_id=tenant.pk).result(PATIENCE) == "done 4"


def test_closing_does_what_waits_and_takes_nothing_more(lane, tenant):
    held = Held()
    trial = lane(held)
    futures = [trial.submit(number, tenant_id=tenant.pk) for number in range(5)]
    threading.Timer(0.05, held.go_on.set).start()
    trial.close()
    assert [future.done() for future in futures] == [True] * 5
    with pytest.raises(LaneClosed):
        trial.submit(6, tenant_id=tenant.pk)


def test_who_gave_up_before_a_batch_took_the_item_finds_it_not_done(lane, tenant, monkeypatch):
    monkeypatch.setattr("billing.usage.services.group_commit.PATIENCE_SECONDS", 0.05)
    held = Held()
    trial = lane(held)
    under_way = []
    for batches in range(1, MOST_OF_A_TENANT + 1):
        under_way.append(trial.submit("taken", tenant_id=tenant.pk))
        held.wait_for(batches)
    with pytest.raises(Unanswered):
        trial.run("given up", tenant_id=tenant.pk)
    held.go_on.set()
    results(under_way)
    assert trial.submit("later", tenant_id=tenant.pk).result(PATIENCE) == "done later"
    assert [item for _tenant, items in held.batches for item in items] == ["taken", "taken", "later"]


def test_the_next_batch_is_made_ready_while_one_is_written_and_no_third(lane, tenant, settings):
    held = Held()
    trial = lane(held)
    futures = [trial.submit("first", tenant_id=tenant.pk)]
    held.wait_for(1)
    futures.append(trial.submit("second", tenant_id=tenant.pk))
    held.wait_for(2)
    futures += [trial.submit("third", tenant_id=tenant.pk) for _ in range(3)]
    sleep(10 * settings.BILLING_LANE_WAIT.total_seconds())
    assert held.sizes() == [1, 1]
    held.go_on.set()
    results(futures)
    assert held.sizes() == [1, 1, 3]


def test_a_forked_process_has_a_lane_of_its_own(lane, tenant):
    held = Held()
    trial = lane(held)
    waiting = [trial.submit(number, tenant_id=tenant.pk) for number in range(2)]
    assert held.begun.wait(PATIENCE)
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


def test_a_hot_wallet_is_debited_for_each_who_can_pay_and_for_nobody_else(lane, tenant, wallet):
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallet, amount=Decimal(25), key="all there is")
    trial = lane(ledger.post_many)
    verdicts: list[Any] = []

    def spend(number: int) -> None:
        posting = Posting(Operation.DEBIT, wallet.pk, Decimal(1), f"debit-{number % 30}")
        verdicts.append(trial.run(posting, tenant_id=tenant.pk))

    threads = [threading.Thread(target=spend, args=[number]) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    posted = {verdict.posted.id for verdict in verdicts if verdict.outcome == Outcome.POSTED}
    outcomes = [verdict.outcome for verdict in verdicts]
    assert (len(verdicts), len(posted), outcomes.count(Outcome.POSTED)) == (40, 25, 25)
    assert all(v.posted.id in posted for v in verdicts if v.outcome == Outcome.REPLAYED)
    assert set(outcomes) <= {Outcome.POSTED, Outcome.REPLAYED, Outcome.INSUFFICIENT}
    with tenant_context(tenant.pk):
        assert Wallet.objects.get(pk=wallet.pk).available_balance == 0
        assert LedgerTransaction.objects.count() == 26


def test_uses_posted_at_the_same_moment_are_charged_together(api, owner, tenant, monkeypatch):
    """The endpoint's charges meet in the lane; each caller is answered for its own use, the last for want of money."""
    with platform_context():
        PriceFactory.create(**CALL, unit_price=Decimal(1), effective_from=timezone.now() - timedelta(days=1))
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(5), key="five")
    held = Held()

    def gathered(event_ids: Sequence[UUID]) -> list[Any]:
        held(event_ids)
        return charging.charge_many(event_ids=event_ids)

    monkeypatch.setattr("billing.usage.services.charging.charge_many", lambda *, event_ids: gathered(event_ids))

    def use(number: int) -> Any:
        body = {"feature_key": "voice-agent", "items": [{**CALL, "quantity": "1"}], "charge": True}
        return api(owner).post(USES, body, format="json", HTTP_IDEMPOTENCY_KEY=f"call-{number}").status_code

    calls = [lambda number=number: use(number) for number in range(6)]
    threading.Timer(1.0, held.go_on.set).start()
    assert sorted(together(*calls)) == [201, 201, 201, 201, 201, 402]
    assert len(held.batches) < 6
    with tenant_context(tenant.pk):
        assert Counter(UsageEvent.objects.values_list("status", flat=True)) == {"charged": 5, "failed": 1}
        assert Wallet.objects.get().available_balance == 0
