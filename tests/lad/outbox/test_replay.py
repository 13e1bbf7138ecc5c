"""Delivering again, dead letters, and what staff are told about them."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from lad.db.identifiers import uuid7
from lad.outbox.consumers import Batch, consumes
from lad.outbox.drain import drain
from lad.outbox.maintenance import sweep
from lad.outbox.models import DeliveryState, DomainEvent, EventDelivery
from lad.outbox.monitoring import consumer_statuses, dead_groups, overview, timeline, why_waiting
from lad.outbox.replay import EventFilter, UnknownConsumer, discard_dead, replay, retry_dead
from lad.outbox.settlement import MAX_ATTEMPTS
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.lad.outbox.conftest import BROKEN, MOVED, Emit


class Handler:
    """Remembers what it was given, and refuses what it is told to."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.refuses: set[int] = set()

    def __call__(self, batch: Batch) -> None:
        """Counts."""
        numbers = [event.payload["number"] for event in batch]
        if self.refuses & set(numbers):
            raise ValueError(f"{BROKEN} by {numbers[0]}")
        self.seen += numbers


@pytest.fixture
def handler(registry: None) -> Handler:
    handler = Handler()
    consumes("probe.*", name="probe", order="aggregate")(handler)
    return handler


def _kill_off(handler: Handler, *numbers: int) -> list[int]:
    """Let these numbers become dead letters; returns their deliveries."""
    handler.refuses = set(numbers)
    for _ in range(MAX_ATTEMPTS):
        drain()
        with platform_context():
            EventDelivery.objects.filter(next_attempt_at__isnull=False).update(
                next_attempt_at=timezone.now() - timedelta(seconds=1)
            )
    with platform_context():
        return list(EventDelivery.objects.filter(state=DeliveryState.DEAD).values_list("pk", flat=True))


def _event(event_id: UUID) -> Any:
    with platform_context():
        return DomainEvent.objects.get(pk=event_id)


def test_a_finished_event_is_delivered_again(handler: Handler, emit_numbers: Emit) -> None:
    events = emit_numbers([1, 2])
    drain()
    assert replay([events[0]], consumer="probe") == 1
    assert not _event(events[0]).processed
    drain()
    assert handler.seen == [1, 2, 1]
    assert _event(events[0]).processed


def test_replaying_twice_before_the_drain_is_replaying_once(handler: Handler, emit_numbers: Emit) -> None:
    events = emit_numbers([1])
    drain()
    assert [replay(events), replay(events)] == [1, 0]
    drain()
    assert handler.seen == [1, 1]


def test_a_filter_replays_what_it_says_and_nothing_for_no_ids(
    handler: Handler, emit_numbers: Emit, tenant: Tenant, other_tenant: Tenant
) -> None:
    emit_numbers([1, 2], owner=tenant)
    emit_numbers([3], owner=other_tenant, aggregate=uuid7())
    drain()
    assert replay(EventFilter(tenant_id=other_tenant.pk, type_prefix="probe."), dry_run=True) == 1
    assert replay(EventFilter(since=timezone.now() + timedelta(hours=1))) == 0
    assert replay([]) == 0
    assert replay(EventFilter(tenant_id=other_tenant.pk), consumer="probe") == 1
    drain()
    assert sorted(handler.seen) == [1, 2, 3, 3]


def test_replay_names_a_consumer_that_does_not_exist(db: None) -> None:
    with pytest.raises(UnknownConsumer, match="activity-feed"):
        replay([uuid7()], consumer="nobody")


def test_a_dead_letter_that_is_retried_starts_afresh_and_lets_its_followers_go(
    handler: Handler, emit_numbers: Emit
) -> None:
    emit_numbers([1, 2, 3])
    dead = _kill_off(handler, 2)
    assert handler.seen == [1]
    handler.refuses = set()
    assert retry_dead(dead) == 1
    drain()
    assert handler.seen == [1, 2, 3]


def test_replay_revives_the_dead(handler: Handler, emit_numbers: Emit) -> None:
    events = emit_numbers([1])
    _kill_off(handler, 1)
    handler.refuses = set()
    assert replay(events) == 1
    drain()
    assert handler.seen == [1]


def test_a_discarded_dead_letter_lets_its_followers_go_and_ends_its_event(handler: Handler, emit_numbers: Emit) -> None:
    events = emit_numbers([1, 2, 3])
    dead = _kill_off(handler, 2)
    assert discard_dead(dead) == 1
    drain()
    assert handler.seen == [1, 3]
    assert _event(events[1]).processed
    assert discard_dead(dead) == 0


def test_only_dead_letters_can_be_retried_or_discarded(handler: Handler, emit_numbers: Emit) -> None:
    emit_numbers([1])
    with platform_context():
        alive = list(EventDelivery.objects.values_list("pk", flat=True))
    assert (retry_dead(alive), discard_dead(alive)) == (0, 0)


def test_dead_letters_of_one_cause_are_one_group(handler: Handler, emit_numbers: Emit) -> None:
    for number in (1, 2, 3):
        emit_numbers([number], aggregate=uuid7())
    dead = _kill_off(handler, 1, 2, 3)
    with platform_context():
        [group] = dead_groups()
    assert (group.consumer, group.error, group.count) == ("probe", f"ValueError: {BROKEN} by …", 3)
    assert list(group.delivery_ids) == sorted(dead)
    assert list(group.event_types) == [MOVED]


def test_staff_see_how_far_behind_each_consumer_is(handler: Handler, emit_numbers: Emit) -> None:
    emit_numbers([1, 2, 3])
    with platform_context():
        [before] = [status for status in consumer_statuses() if status.name == "probe"]
    _kill_off(handler, 2)
    with platform_context():
        [after] = [status for status in consumer_statuses() if status.name == "probe"]
        totals = overview()
    assert (before.ready, before.dead, before.ordered, before.registered) == (3, 0, True, True)
    assert before.lag is not None
    assert before.lag > timedelta(0)
    assert (after.ready, after.retrying, after.parked, after.dead, after.lag) == (0, 0, 1, 1, None)
    assert (totals.dead, totals.parked, totals.oldest_lag) == (1, 1, None)


def test_staff_are_told_why_an_event_waits(handler: Handler, emit_numbers: Emit) -> None:
    ready, follower = emit_numbers([1, 2])
    with platform_context():
        [status] = why_waiting(ready)
        assert status.reason.startswith("Ready")
        [status] = why_waiting(follower)
        assert status.blocked_by is not None
    handler.refuses = {1}
    drain()
    with platform_context():
        [status] = why_waiting(ready)
        assert status.reason.startswith(f"Attempt 1 failed (ValueError: {BROKEN} by 1); the next is due at")
    _kill_off(handler, 1)
    with platform_context():
        [status] = why_waiting(ready)
        assert status.reason.startswith(f"Given up after {MAX_ATTEMPTS} attempts")
        [status] = why_waiting(follower)
        assert "an earlier event of the same counter" in status.reason


def test_a_finished_event_waits_for_nobody(handler: Handler, emit_numbers: Emit) -> None:
    [event] = emit_numbers([1])
    drain()
    with platform_context():
        assert why_waiting(event) == []


def test_the_timeline_of_an_aggregate_is_newest_first(handler: Handler, emit_numbers: Emit) -> None:
    key = uuid7()
    events = emit_numbers([1, 2, 3], aggregate=key)
    with platform_context():
        assert [event.pk for event in timeline(key)] == events[::-1]


def test_a_tenant_sees_its_own_queue_only(
    handler: Handler, emit_numbers: Emit, tenant: Tenant, other_tenant: Tenant
) -> None:
    emit_numbers([1], owner=tenant)
    emit_numbers([2, 3], owner=other_tenant, aggregate=uuid7())
    with tenant_context(tenant.pk):
        [status] = [status for status in consumer_statuses() if status.name == "probe"]
        assert status.ready == 1
        assert overview().running == 0


def test_the_sweep_makes_processed_true_to_the_deliveries(handler: Handler, emit_numbers: Emit) -> None:
    done, open_ = emit_numbers([1, 2])
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM event_deliveries WHERE event_id = %s", [done])
        cursor.execute("UPDATE domain_events SET processed = true, processed_at = now() WHERE id = %s", [open_])
    report = sweep()
    assert (report.finished, report.unfinished) == (1, 1)
    assert _event(done).processed_at is not None
    assert _event(open_).processed_at is None
    assert sweep() == type(report)(0, 0, 0, 0)


def test_the_sweep_lets_go_what_is_parked_behind_nothing(handler: Handler, emit_numbers: Emit) -> None:
    emit_numbers([1, 2, 3])
    [dead] = _kill_off(handler, 1)
    with platform_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM event_deliveries WHERE id = %s", [dead])
    assert sweep().released == 2
    drain()
    assert handler.seen == [2, 3]


def test_the_command_replays_and_counts(handler: Handler, emit_numbers: Emit) -> None:
    [event] = emit_numbers([1])
    drain()
    out = StringIO()
    call_command("replay_events", event=[event], consumer="probe", stdout=out)
    assert out.getvalue() == "1 deliveries made again.\n"
    drain()
    assert handler.seen == [1, 1]


def test_the_command_asks_for_a_condition(db: None) -> None:
    with pytest.raises(CommandError, match="--all"):
        call_command("replay_events")


def test_the_document_of_events_is_up_to_date() -> None:
    call_command("event_catalogue", check=True)
