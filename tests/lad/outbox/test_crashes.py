"""A killed worker leaves no partial effects, and an event that kills workers becomes a dead letter."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from lad.outbox.consumers import Batch, consumes
from lad.outbox.crashes import KILLED, recover
from lad.outbox.drain import drain
from lad.outbox.models import DeliveryState, EventBatch, EventDelivery
from lad.outbox.settlement import MAX_ATTEMPTS
from lad.tenancy.context import platform_context
from tests.lad.outbox.conftest import Emit, note, noted
from tests.support.forks import in_child

pytestmark = pytest.mark.django_db(transaction=True)


def _kill_on(numbers: set[int]) -> Callable[[Batch], None]:
    def handler(batch: Batch) -> None:
        note(batch)
        if {event.payload["number"] for event in batch} & numbers:
            os.kill(os.getpid(), signal.SIGKILL)

    return handler


def test_effects_of_a_killed_worker_roll_back_and_the_next_worker_repeats_them(emit_numbers: Emit) -> None:
    killers = {5}
    consumes("probe.*", name="probe")(_kill_on(killers))
    emit_numbers(range(10))
    assert in_child(drain) == signal.SIGKILL
    assert noted() == []
    killers.clear()
    drain()
    assert sorted(noted()) == list(range(10))


def test_a_killed_batch_runs_again_in_smaller_batches_without_a_failed_attempt(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_kill_on({5}))
    emit_numbers(range(80))
    assert in_child(drain) == signal.SIGKILL
    assert recover() == 1
    with platform_context():
        assert set(EventDelivery.objects.values_list("batch_limit", "attempts")) == {(10, 0)}
        assert not EventBatch.objects.exists()


def test_an_event_that_keeps_killing_workers_becomes_a_dead_letter_alone(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_kill_on({13}))
    poison = emit_numbers(range(40))[13]
    kills = 0
    for _ in range(40):
        kills += in_child(drain) == signal.SIGKILL
        recover()
        with platform_context():
            past = timezone.now() - timedelta(seconds=1)
            EventDelivery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=past)
            if not EventDelivery.objects.exclude(state=DeliveryState.DEAD).exists():
                break
    with platform_context():
        dead = EventDelivery.objects.get()
    assert (dead.event_id, dead.state, dead.attempts) == (poison, DeliveryState.DEAD, MAX_ATTEMPTS)
    assert dead.last_error == KILLED
    assert sorted(noted()) == [number for number in range(40) if number != 13]
    assert kills <= MAX_ATTEMPTS + 3


def test_a_running_batch_is_not_recovered(emit_numbers: Emit) -> None:
    looks: list[int] = []

    def handler(batch: Batch) -> None:
        looks.append(_in_other_thread(recover))

    consumes("probe.*", name="probe")(handler)
    emit_numbers([1])
    drain()
    assert looks == [0]


def _in_other_thread(work: Callable[[], int]) -> int:
    def run() -> int:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
