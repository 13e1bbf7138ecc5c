"""The Celery application of the kill run: LAD's own, with two consumers whose effects can be counted."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")
django.setup()

from django.db import connection  # noqa: E402

from benchmarks.outbox_kill import KILLER_WAITS  # noqa: E402
from lad.celery import app  # noqa: E402
from lad.outbox.catalogue import define  # noqa: E402
from lad.outbox.consumers import Batch, Event, consumes  # noqa: E402

__all__ = ["EFFECTS", "EVENT_TYPE", "ORDERED", "PLAIN", "app", "register"]

EVENT_TYPE = "bench.counter.moved"
PLAIN = "bench-plain"
ORDERED = "bench-ordered"
LONGEST_HOLD_SECONDS = 1.0

# No key: an effect applied twice must show as two rows.
EFFECTS = """
CREATE TABLE outbox_kill_effects (
    id bigint GENERATED ALWAYS AS IDENTITY,
    consumer text NOT NULL, event_id uuid NOT NULL, aggregate_id uuid NOT NULL, number int NOT NULL
);
GRANT SELECT, INSERT ON outbox_kill_effects TO lad_platform;
"""


def register() -> None:
    """Add the event type and its consumers."""
    define(EVENT_TYPE, "{subject} moved", fields=["number"], told=False)
    for name, order in ((PLAIN, "none"), (ORDERED, "aggregate")):
        consumes(EVENT_TYPE, name=name, order=order)(_handler(name))  # type: ignore[arg-type]


def _handler(name: str) -> Callable[[Batch], None]:
    def apply(batch: Batch) -> None:
        """Writes one row per event, in two halves with a pause in which a kill may fall."""
        middle = len(batch) // 2
        with _busy() as killer_waits:
            _write(name, batch.events[:middle])
            time.sleep(random.uniform(0, 0.0003) * len(batch))
            deadline = time.monotonic() + LONGEST_HOLD_SECONDS
            while killer_waits.exists() and time.monotonic() < deadline:
                time.sleep(0.002)
            _write(name, batch.events[middle:])

    return apply


@contextmanager
def _busy() -> Iterator[Path]:
    """Tell whoever kills that this process is in the middle of a batch; the path is there while they want one to be."""
    directory = Path(os.environ["LAD_KILL_BUSY"])
    flag = directory / str(os.getpid())
    flag.touch()
    try:
        yield directory / KILLER_WAITS
    finally:
        flag.unlink(missing_ok=True)


def _write(name: str, events: tuple[Event, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_kill_effects (consumer, event_id, aggregate_id, number)"
            " SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[], %s::int[])",
            [
                name,
                [event.id for event in events],
                [event.aggregate_id for event in events],
                [event.payload["number"] for event in events],
            ],
        )


if os.environ.get("LAD_KILL_RUN"):
    register()
