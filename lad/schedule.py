"""Regular tasks: declared beside their code, and queued by whichever worker is first to see that one is due.

There is no scheduler process. Each worker looks every two seconds; keys in Valkey that expire after the task's
interval make sure that one of them queues the run.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import redis
import structlog
from celery import bootsteps, shared_task
from django.conf import settings

from lad.notifier import WorkerNotifier

TICK_SECONDS: Final = 2.0
TIMEOUT_SECONDS: Final = 2.0
KEY_PREFIX: Final = "lad:scheduled:"
DAY: Final = timedelta(days=1)

log = structlog.get_logger("lad.schedule")


@dataclass(frozen=True, slots=True)
class RegularTask:
    """A task that runs every so often, or once a day after a time in UTC.

    A task with ``has_work`` is queued only when that returns true.
    """

    name: str
    every: timedelta = DAY
    daily_at: time | None = None
    has_work: Callable[[], bool] | None = None

    def key(self, now: datetime) -> str:
        """Return the key that exists once the run due at this time has been queued."""
        return f"{KEY_PREFIX}{self.name}" + (f":{now:%Y-%m-%d}" if self.daily_at else "")

    def may_run(self, now: datetime) -> bool:
        """Return whether the time of day allows a run."""
        return self.daily_at is None or now.time() >= self.daily_at

    @property
    def key_milliseconds(self) -> int:
        """Return how long the key lives. It ends before the tick at which the next run is due."""
        length = 2 * DAY if self.daily_at else self.every - timedelta(seconds=TICK_SECONDS / 2)
        return int(length.total_seconds() * 1000)


_tasks: dict[str, RegularTask] = {}


def regular_task(
    name: str,
    *,
    every: timedelta = DAY,
    daily_at: time | None = None,
    has_work: Callable[[], bool] | None = None,
    **options: object,
) -> Callable[[Callable[[], None]], Any]:
    """Register the function as a Celery task that runs every so often, or daily after a time in UTC.

    ``has_work`` is asked in a platform scope, together with those of other tasks and by one process: a cheap
    query that returns whether a run would find anything. Its task needs a run only then. ``options`` are
    Celery's.
    """
    _tasks[name] = RegularTask(name, every, daily_at, has_work)
    return shared_task(name=name, **options)


def regular_tasks() -> list[RegularTask]:
    """Return every regular task, sorted by name."""
    return [_tasks[name] for name in sorted(_tasks)]


def queue_due(client: "redis.Redis", tasks: Iterable[RegularTask], *, now: datetime) -> list[str]:
    """Queue a run of each task that is due and that no other worker has queued. Return their names."""
    candidates = [task for task in tasks if task.may_run(now)]
    keys = [task.key(now) for task in candidates]
    queued = []
    for task, key, known in zip(candidates, keys, client.mget(keys) if keys else [], strict=True):
        if known is None and client.set(key, "", nx=True, px=task.key_milliseconds):
            WorkerNotifier(task.name).notify()
            queued.append(task.name)
    return queued


class ScheduleStep(bootsteps.StartStopStep):
    """The part of a worker that queues regular tasks. It runs in the worker's event loop."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None
        self._client: redis.Redis | None = None

    def start(self, consumer: Any) -> None:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._timer = consumer.timer.call_repeatedly(TICK_SECONDS, self._tick)

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._client is not None:
            self._client.close()

    def _tick(self) -> None:
        if self._client is None:
            return
        try:
            # Tasks with ``has_work`` are queued by the task ``lad.poll``.
            queue_due(self._client, [task for task in regular_tasks() if not task.has_work], now=datetime.now(UTC))
        except redis.RedisError as error:
            log.warning("regular tasks not queued", reason=f"{type(error).__name__}: {error}")
