"""Real Celery workers, killed again and again in the middle of their work."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from benchmarks.kill_worker import EFFECTS, register
from benchmarks.outbox_kill import Producer, Workers, kill_run, tally
from lad.celery import app
from tests.conftest import superuser_connection

KILLS = 6
EVENTS = 600


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """Two workers of two processes each on the test's database."""
    login, _, options = os.environ["DATABASE_URL"].partition("?")
    url = f"{login.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{options}"
    workers = Workers({"DATABASE_URL": url, "CELERY_SKIP_CHECKS": "1"}, tmp_path)
    yield workers
    workers.stop()


@pytest.mark.django_db(transaction=True)
def test_killed_workers_lose_nothing_repeat_nothing_and_keep_the_order(workers: Workers, registry: None) -> None:
    register()
    with superuser_connection() as database:
        database.execute(EFFECTS)
        try:
            kills = kill_run(
                workers,
                Producer(),
                database,
                events=EVENTS,
                kills=KILLS,
                poke=lambda: app.send_task("tenants.drain_events", expires=5, ignore_result=True),
            )
            result = tally(database)
        finally:
            workers.stop()
            database.execute("DROP TABLE outbox_kill_effects")
    assert kills == KILLS
    assert workers.lost_batches() > 0, "no kill fell into the middle of a batch"
    assert (result.events, result.lost, result.doubled, result.order_breaks, result.dead) == (EVENTS, 0, 0, 0, 0)
