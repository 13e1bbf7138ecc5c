"""Workers are notified of new work, and no event depends on it."""

import threading
from typing import Any

import pytest
from celery import Celery

from lad.outbox import emission, notifier
from lad.outbox.consumers import consumes
from lad.outbox.emission import emit
from lad.outbox.models import DomainEvent
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.lad.outbox.conftest import MOVED

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


class Broker:
    """Records what is sent to it, and holds the sender until a test lets it go on."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.arrived = threading.Event()
        self.go_on = threading.Event()

    def send_task(self, name: str, **options: Any) -> None:
        self.sent.append(name)
        self.arrived.set()
        self.go_on.wait(10)


def test_notifications_during_a_send_are_combined_into_one(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    monkeypatch.setattr(notifier, "app", broker)
    workers = notifier.WorkerNotifier("tenants.drain_events")
    workers.notify()
    assert broker.arrived.wait(10)
    broker.arrived.clear()
    for _ in range(500):
        workers.notify()
    broker.go_on.set()
    assert broker.arrived.wait(10)
    assert broker.sent == ["tenants.drain_events"] * 2


@pytest.mark.django_db(transaction=True)
def test_no_event_is_lost_while_the_broker_is_down(
    tenant: Tenant, registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumes("probe.*", name="probe")(lambda batch: None)
    failed = threading.Event()
    monkeypatch.setattr(notifier, "app", Celery("nowhere", broker=NOBODY_LISTENS, set_as_current=False))
    monkeypatch.setattr(notifier.log, "warning", lambda *args, **kwargs: failed.set())
    monkeypatch.setattr(emission, "drain_notifier", notifier.WorkerNotifier("tenants.drain_events"))
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
    monkeypatch.setattr(notifier.drain_notifier, "notify", lambda: notified.append(True))
    with pytest.raises(ZeroDivisionError), tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        raise ZeroDivisionError
    assert notified == []
    with tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        assert notified == []
    assert notified == [True]
