"""Every waiting delivery runs once, whatever else fails."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from django.db.models import F
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.outbox import consumers, settlement
from lad.outbox.consumers import Batch, consumes
from lad.outbox.drain import drain
from lad.outbox.models import DeliveryState, DomainEvent, EventDelivery
from lad.outbox.settlement import MAX_ATTEMPTS, MAX_DELAY_SECONDS, delay_after
from lad.tenancy.context import current_tenant_id, platform_context
from tenants.accounts.models import UserIdentity
from tenants.features.models import FeatureKillSwitch
from tenants.teams.models import Tenant
from tests.lad.outbox.conftest import Emit, note, noted
from tests.support.concurrency import run_together


def _fail_on(poison: set[int]) -> Any:
    def handler(batch: Batch) -> None:
        note(batch)
        bad = {event.payload["number"] for event in batch} & poison
        if bad:
            raise ValueError(f"cannot digest {sorted(bad)}")

    return handler


def _make_due() -> None:
    """Make every waiting delivery due."""
    with platform_context():
        EventDelivery.objects.filter(next_attempt_at__isnull=False).update(
            next_attempt_at=timezone.now() - timedelta(seconds=1)
        )


def _drain_until_dead() -> None:
    for _ in range(MAX_ATTEMPTS):
        drain()
        _make_due()


def _deliveries(**conditions: Any) -> list[EventDelivery]:
    with platform_context():
        return list(EventDelivery.objects.filter(**conditions).order_by("pk"))


def test_every_event_takes_effect_once_and_its_delivery_is_deleted(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(note)
    emit_numbers(range(450))
    report = drain()
    assert (report.done, report.failed, report.finished) == (450, 0, True)
    assert noted() == list(range(450))
    assert _deliveries() == []
    assert drain().done == 0


def test_an_event_is_processed_when_its_last_consumer_has_finished(emit_numbers: Emit) -> None:
    consumes("probe.*", name="quick")(note)
    consumes("probe.*", name="slow")(lambda batch: None)
    [event_id] = emit_numbers([1])
    drain(only=["quick"])
    with platform_context():
        assert not DomainEvent.objects.get(pk=event_id).processed
    drain(only=["slow"])
    with platform_context():
        assert DomainEvent.objects.get(pk=event_id).processed_at is not None


@pytest.mark.django_db(transaction=True)
def test_an_event_is_processed_although_its_last_two_consumers_do_not_see_each_other_finish(
    emit_numbers: Emit, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["left", "right"]
    for name in names:
        consumes("probe.*", name=name)(lambda batch: None)
    [event_id] = emit_numbers([1])
    both_have_settled = threading.Barrier(2, timeout=20)
    settle = settlement.settle

    def settle_and_wait(*args: Any, **options: Any) -> set[UUID]:
        unmarked = settle(*args, **options)
        both_have_settled.wait()
        return unmarked

    monkeypatch.setattr(settlement, "settle", settle_and_wait)
    reports = run_together(*(lambda name=name: drain(only=[name]) for name in names))
    assert [report.done for report in reports] == [1, 1]
    with platform_context():
        assert DomainEvent.objects.get(pk=event_id).processed


def test_a_poison_event_does_not_block_the_rest_of_its_batch(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_fail_on({77}))
    events = emit_numbers(range(200))
    report = drain()
    assert (report.done, report.failed) == (199, 1)
    assert noted() == [number for number in range(200) if number != 77]
    [poison] = _deliveries()
    assert (poison.event_id, poison.state, poison.attempts) == (events[77], DeliveryState.WAITING, 1)
    assert poison.last_error == "ValueError: cannot digest [77]"
    with platform_context():
        assert DomainEvent.objects.get(pk=events[77]).retry_count == 1
        assert not DomainEvent.objects.get(pk=events[77]).processed


def test_a_failed_event_is_retried_when_it_is_due(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_fail_on({1}))
    emit_numbers([1])
    drain()
    assert drain().failed == 0
    _make_due()
    assert drain().failed == 1


@pytest.mark.parametrize("attempts", [0, 1, 5, 12, 40])
def test_back_off_grows_to_its_limit_with_full_jitter(attempts: int) -> None:
    longest = min(MAX_DELAY_SECONDS, 2.0 * 2**attempts)
    delays = [delay_after(attempts) for _ in range(400)]
    assert all(0 <= delay <= longest for delay in delays)
    assert min(delays) < longest * 0.2
    assert max(delays) > longest * 0.8


def test_an_event_that_keeps_failing_becomes_a_dead_letter_with_its_error(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_fail_on({1}))
    [event_id] = emit_numbers([1])
    _drain_until_dead()
    [dead] = _deliveries()
    assert (dead.state, dead.attempts, dead.next_attempt_at) == (DeliveryState.DEAD, MAX_ATTEMPTS, None)
    assert "cannot digest" in dead.last_error
    assert drain().failed == 0
    with platform_context():
        assert DomainEvent.objects.get(pk=event_id).retry_count == MAX_ATTEMPTS


def test_an_error_that_quotes_a_secret_is_stored_without_it(emit_numbers: Emit) -> None:
    def handler(batch: Batch) -> None:
        raise RuntimeError("refused: password=hunter2-hunter2")

    consumes("probe.*", name="probe")(handler)
    emit_numbers([1])
    drain()
    assert "hunter2" not in _deliveries()[0].last_error


def test_a_deferred_constraint_fails_only_the_event_that_violates_it(emit_numbers: Emit) -> None:
    def handler(batch: Batch) -> None:
        note(batch)
        for event in batch:
            if event.payload["number"] == 3:
                UserIdentity.objects.create(user_id=uuid7(), provider="google", provider_user_id="nobody")

    consumes("probe.*", name="probe")(handler)
    emit_numbers(range(6))
    report = drain()
    assert (report.done, report.failed) == (5, 1)
    assert "IntegrityError" in _deliveries()[0].last_error


def test_with_order_a_failed_event_blocks_its_own_aggregate_only(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe", order="aggregate")(_fail_on({2}))
    stuck, free = uuid7(), uuid7()
    emit_numbers([1, 2, 3, 4], aggregate=stuck)
    emit_numbers([10, 11, 12], aggregate=free)
    drain()
    assert sorted(noted()) == [1, 10, 11, 12]
    assert {delivery.aggregate_id for delivery in _deliveries()} == {stuck}
    assert len(_deliveries(state=DeliveryState.WAITING)) == 3


def test_with_order_blocked_events_run_once_the_failed_event_succeeds(emit_numbers: Emit) -> None:
    poison = {2}
    consumes("probe.*", name="probe", order="aggregate")(_fail_on(poison))
    emit_numbers([1, 2, 3])
    drain()
    emit_numbers([4])
    drain()
    poison.clear()
    _make_due()
    drain()
    assert noted() == [1, 2, 3, 4]
    assert _deliveries() == []


def test_without_order_a_failed_event_blocks_nothing(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_fail_on({2}))
    emit_numbers([1, 2, 3])
    drain()
    assert noted() == [1, 3]


def test_a_large_backlog_of_one_tenant_does_not_delay_another(
    emit_numbers: Emit, tenant: Tenant, other_tenant: Tenant
) -> None:
    served: list[list[UUID]] = []
    consumes("probe.*", name="probe", batch_size=20)(lambda batch: served.append([event.tenant_id for event in batch]))
    emit_numbers(range(300), owner=tenant)
    emit_numbers(range(5), owner=other_tenant)
    drain()
    assert served[0].count(other_tenant.pk) == 5
    assert sum(len(batch) for batch in served) == 305


def test_every_tenant_has_its_turn_when_there_are_more_tenants_than_places_in_a_batch(
    emit_numbers: Emit, db: None
) -> None:
    served: list[UUID] = []
    consumes("probe.*", name="probe", batch_size=3)(lambda batch: served.extend(event.tenant_id for event in batch))
    with platform_context():
        tenants = [Tenant.objects.create(name=f"Crowd {number}", slug=f"crowd-{number}") for number in range(8)]
    for one in tenants:
        emit_numbers(range(6), owner=one)
    drain()
    first_round = served[: len(tenants) + 1]
    assert {one.pk for one in tenants} <= set(first_round)


def test_a_consumer_with_tenant_scope_runs_inside_each_tenant(
    emit_numbers: Emit, tenant: Tenant, other_tenant: Tenant
) -> None:
    seen: list[tuple[UUID, set[UUID]]] = []
    consumes("probe.*", name="probe", scope="tenant")(
        lambda batch: seen.append((current_tenant_id(), set(batch.tenant_ids)))
    )
    emit_numbers([1, 2], owner=tenant)
    emit_numbers([3], owner=other_tenant)
    drain()
    assert sorted(seen) == sorted([(tenant.pk, {tenant.pk}), (other_tenant.pk, {other_tenant.pk})])


def test_a_drain_that_runs_out_of_time_reports_it_and_leaves_the_rest(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe", batch_size=10)(note)
    emit_numbers(range(30))
    assert not drain(seconds=0).finished
    assert noted() == list(range(10))


@pytest.mark.django_db(transaction=True)
def test_concurrent_drains_keep_the_order_of_every_aggregate_and_repeat_nothing(emit_numbers: Emit) -> None:
    failed_once: set[UUID] = set()

    def handler(batch: Batch) -> None:
        # Every seventh event fails the first time, so that retries and parked events mix in.
        for event in batch:
            if event.payload["number"] % 7 == 3 and event.id not in failed_once:
                failed_once.add(event.id)
                raise ValueError("not yet")
        note(batch)

    consumes("probe.*", name="probe", order="aggregate", batch_size=25)(handler)
    keys = [uuid7() for _ in range(12)]
    event_key = {event: key for key in keys for event in emit_numbers(range(30), aggregate=key)}
    for _ in range(40):
        _drain_in_threads(4)
        _make_due()
        if not _deliveries():
            break
    with platform_context():
        effects = [(UUID(row.feature_key), int(row.reason)) for row in FeatureKillSwitch.objects.order_by("pk")]
    assert len(effects) == len(event_key)
    for key in keys:
        assert [number for event, number in effects if event_key[event] == key] == list(range(30))


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_run_the_same_aggregate_at_once(emit_numbers: Emit) -> None:
    running, other_is_done = threading.Event(), threading.Event()

    def handler(batch: Batch) -> None:
        note(batch)
        if batch.events[0].payload["number"] == 1:
            running.set()
            other_is_done.wait(10)

    consumes("probe.*", name="probe", order="aggregate")(handler)
    emit_numbers([1])
    first = threading.Thread(target=_drain_and_close)
    first.start()
    assert running.wait(10)
    emit_numbers([2])
    assert drain().done == 0
    assert noted() == []
    other_is_done.set()
    first.join()
    drain()
    assert noted() == [1, 2]


def _drain_and_close() -> None:
    try:
        drain()
    finally:
        connections.close_all()


def _drain_in_threads(count: int) -> None:
    threads = [threading.Thread(target=_drain_and_close) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_deliveries_of_an_unregistered_consumer_stay(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(note)
    emit_numbers([1])
    consumers.unregister("probe")
    drain()
    assert len(_deliveries(consumer="probe")) == 1


def test_a_long_queue_behind_a_dead_letter_leaves_the_index_of_ready_deliveries(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe", order="aggregate")(_fail_on({0}))
    emit_numbers(range(100))
    drain()
    drain()
    assert _deliveries(state=DeliveryState.READY) == []
    with platform_context():
        assert (
            EventDelivery.objects.filter(
                next_attempt_at=None, state=DeliveryState.WAITING, attempts=F("attempts")
            ).count()
            == 99
        )


def test_an_idle_drain_claims_nothing(registry: None, db: None) -> None:
    consumes("probe.*", name="probe")(note)
    with connection.execute_wrapper(_refuse_updates):
        assert drain().done == 0


def _refuse_updates(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert "UPDATE event_deliveries" not in sql
    return execute(sql, params, many, context)


def test_a_batch_is_finished_without_looking_for_each_event_again(emit_numbers: Emit) -> None:
    """A plan of nested loops, which outdated statistics suggest, must not run the locking subquery per event."""
    consumes("probe.*", name="probe")(note)
    events = emit_numbers(range(60))
    deliveries = [row.pk for row in _deliveries()]
    assert len(deliveries) == 60
    with platform_context(), connection.cursor() as cursor:
        for option in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            cursor.execute(f"SET LOCAL enable_{option} = off")
        values: dict[str, Any] = {"deliveries": deliveries, "events": events, "batch": uuid7()}
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {settlement.FINISH}", values)
        [[plan]] = cursor.fetchone()
    loops = [node["Actual Loops"] for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "event_deliveries"]
    assert loops
    assert max(loops) <= 60


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]
