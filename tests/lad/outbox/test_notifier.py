"""Workers are notified of new work by one message at a time, and nothing depends on it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from django.conf import settings
from kombu import Message
from kombu.transport.virtual import Channel

from lad import notifier
from lad.celery import app
from lad.notifier import WorkerNotifier
from lad.outbox.consumers import consumes
from lad.outbox.emission import emit
from lad.outbox.models import DomainEvent
from lad.outbox.notifier import drain_notifier
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.lad.outbox.conftest import MOVED

TASK = "tests.nothing"
NOBODY_LISTENS = "redis://127.0.0.1:1/0"

Received = Callable[[], list[Message]]


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(settings.CELERY_TASK_DEFAULT_QUEUE, f"lad:queued:{TASK}", f"lad:queued:{TASK}:help")
        yield client


@pytest.fixture
def received(valkey: redis.Redis) -> Iterator[Received]:
    """Take the queued messages of the task as a worker would, waiting up to a second for the first."""
    with app.connection_for_read() as connection:
        channel: Channel = connection.channel()

        def take() -> list[Message]:
            found: list[Message] = []
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline:
                message = channel.basic_get(settings.CELERY_TASK_DEFAULT_QUEUE, no_ack=True)
                if message is not None and message.headers["task"] == TASK:
                    found.append(message)
                elif message is None and found:
                    break
                elif message is None:
                    time.sleep(0.01)
            return found

        yield take


def test_many_notifications_queue_one_run_until_it_looks_for_work(received: Received) -> None:
    workers = WorkerNotifier(TASK)
    for _ in range(500):
        workers.notify()
    first = received()
    assert [message.headers["task"] for message in first] == [TASK]
    assert first[0].payload[:2] == [[], {}]
    workers.release()
    for _ in range(500):
        workers.notify()
    second = received()
    assert len(second) == 1
    assert second[0].headers["id"] != first[0].headers["id"]


def test_a_run_that_will_look_again_is_not_joined_by_another_unless_it_asks_for_help(received: Received) -> None:
    workers = WorkerNotifier(TASK)
    workers.hold(60)
    workers.notify()
    workers.ask_for_help()
    workers.ask_for_help()
    assert len(received()) == 1
    workers.release()
    workers.notify()
    assert len(received()) == 1


def test_a_notification_arrives_after_the_broker_closed_the_connection(valkey: redis.Redis, received: Received) -> None:
    workers = WorkerNotifier(TASK)
    workers.notify()
    assert len(received()) == 1
    valkey.client_kill_filter(_type="normal", skipme=True)
    time.sleep(notifier.IDLE_SECONDS)
    workers.release()
    workers.notify()
    assert len(received()) == 1


@pytest.mark.django_db(transaction=True)
def test_no_event_is_lost_while_the_broker_is_down(
    tenant: Tenant, registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumes("probe.*", name="probe")(lambda batch: None)
    failed = threading.Event()
    monkeypatch.setattr(settings, "REDIS_URL", NOBODY_LISTENS)
    monkeypatch.setattr(notifier, "_sender", notifier._Sender())
    monkeypatch.setattr(notifier.log, "warning", lambda *args, **kwargs: failed.set())
    with tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
    assert failed.wait(20)
    with tenant_context(tenant.pk):
        assert DomainEvent.objects.filter(event_type=MOVED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_workers_are_notified_after_a_commit_and_not_after_a_rollback(
    tenant: Tenant, registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    notified: list[bool] = []
    monkeypatch.setattr(WorkerNotifier, "notify", lambda workers: notified.append(workers is drain_notifier))
    with pytest.raises(ZeroDivisionError), tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        raise ZeroDivisionError
    assert notified == []
    with tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        assert notified == []
    assert notified == [True]
