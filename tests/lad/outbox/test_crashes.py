"""A worker that dies in the middle leaves nothing half done, and an event that kills workers dies out."""

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

pytestmark = pytest.mark.django_db(transaction=True)


def _in_child(work: Callable[[], object]) -> int:
    """Run it in a process of its own; returns the signal that ended it, or 0."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            connections.close_all()
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _kill_on(numbers: set[int]) -> Callable[[Batch], None]:
    def handler(batch: Batch) -> None:
        note(batch)
        if {event.payload["number"] for event in batch} & numbers:
            os.kill(os.getpid(), signal.SIGKILL)

    return handler


def test_effects_of_a_killed_worker_are_undone_and_made_by_the_next(emit_numbers: Emit) -> None:
    killers = {5}
    consumes("probe.*", name="probe")(_kill_on(killers))
    emit_numbers(range(10))
    assert _in_child(drain) == signal.SIGKILL
    assert noted() == []
    killers.clear()
    drain()
    assert sorted(noted()) == list(range(10))


def test_a_killed_batch_comes_back_smaller_and_nobody_is_blamed(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_kill_on({5}))
    emit_numbers(range(80))
    assert _in_child(drain) == signal.SIGKILL
    assert recover() == 1
    with platform_context():
        assert set(EventDelivery.objects.values_list("batch_limit", "attempts")) == {(10, 0)}
        assert not EventBatch.objects.exists()


def test_an_event_that_kills_its_worker_dies_out_alone(emit_numbers: Emit) -> None:
    consumes("probe.*", name="probe")(_kill_on({13}))
    poison = emit_numbers(range(40))[13]
    kills = 0
    for _ in range(40):
        kills += _in_child(drain) == signal.SIGKILL
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


def test_a_batch_that_is_still_running_is_not_taken_for_lost(emit_numbers: Emit) -> None:
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
