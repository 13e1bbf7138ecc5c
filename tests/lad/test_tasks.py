"""Tasks are regular or sent by code, and of all workers one queues a run that is due."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings

from lad.celery import app
from lad.schedule import KEY_PREFIX, TICK_SECONDS, RegularTask, queue_due, regular_tasks

APPS = ("lad", "tenants", "billing", "leads", "campaigns", "voice", "aiicp")


NAME = "tests.regular"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client
        for key in client.scan_iter(f"{KEY_PREFIX}{NAME}*"):
            client.delete(key)


def registered() -> dict[str, str]:
    """Return the name of each of LAD's tasks with the name of its function."""
    app.loader.import_default_modules()
    return {name: task.__name__ for name, task in app.tasks.items() if not name.startswith(("celery.", "tests."))}


def scheduled() -> set[str]:
    app.loader.import_default_modules()
    return {task.name for task in regular_tasks()}


def test_every_scheduled_task_is_registered() -> None:
    assert scheduled()
    assert scheduled() <= set(registered())


def test_every_registered_task_is_scheduled_or_sent_by_code() -> None:
    sources = [path.read_text() for name in APPS for path in (Path(settings.BASE_DIR) / name).rglob("*.py")]
    assert sources
    unscheduled = {name: function for name, function in registered().items() if name not in scheduled()}
    unused = [
        name
        for name, function in unscheduled.items()
        if not any(re.search(rf"\b{function}\.(delay|apply_async)\b", source) for source in sources)
    ]
    assert not unused


def test_one_worker_queues_a_run_and_the_next_follows_after_the_interval(valkey: redis.Redis) -> None:
    often = RegularTask(NAME, every=timedelta(seconds=TICK_SECONDS / 2 + 0.2))
    assert queue_due(valkey, [often], now=NOON) == [NAME]
    assert queue_due(valkey, [often], now=NOON) == []
    while valkey.exists(often.key(NOON)):
        pass
    assert queue_due(valkey, [often], now=NOON) == [NAME]


def test_a_daily_task_runs_once_a_day_after_its_time(valkey: redis.Redis) -> None:
    daily = RegularTask(NAME, daily_at=time(12))
    assert queue_due(valkey, [daily], now=NOON - timedelta(minutes=1)) == []
    assert queue_due(valkey, [daily], now=NOON) == [NAME]
    assert queue_due(valkey, [daily], now=NOON + timedelta(hours=11)) == []
    assert queue_due(valkey, [daily], now=NOON + timedelta(days=1)) == [NAME]
