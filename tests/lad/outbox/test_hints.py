"""Hints wake the workers; nothing depends on them."""

import threading
from typing import Any

import pytest
from celery import Celery

from lad.outbox import notifier as hints
from lad.outbox.consumers import consumes
from lad.outbox.emission import emit
from lad.outbox.models import DomainEvent
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.lad.outbox.conftest import MOVED

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


class Broker:
    """Counts what it is sent and lets a test wait for it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.arrived = threading.Event()
        self.go_on = threading.Event()

    def send_task(self, name: str, **options: Any) -> None:
        self.sent.append(name)
        self.arrived.set()
        self.go_on.wait(10)


def test_many_rings_while_a_hint_is_on_its_way_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    monkeypatch.setattr(hints, "app", broker)
    bell = hints.Doorbell("tenants.drain_events")
    bell.ring()
    assert broker.arrived.wait(10)
    broker.arrived.clear()
    for _ in range(500):
        bell.ring()
    broker.go_on.set()
    assert broker.arrived.wait(10)
    assert broker.sent == ["tenants.drain_events"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_costs_no_event(tenant: Tenant, registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    consumes("probe.*", name="probe")(lambda batch: None)
    failed = threading.Event()
    monkeypatch.setattr(hints, "app", Celery("nowhere", broker=NOBODY_LISTENS, set_as_current=False))
    monkeypatch.setattr(hints.log, "warning", lambda *args, **kwargs: failed.set())
    monkeypatch.setattr(hints, "_doorbell", hints.Doorbell("tenants.drain_events"))
    with tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
    assert failed.wait(20)
    with tenant_context(tenant.pk):
        assert DomainEvent.objects.filter(event_type=MOVED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_hint_is_given_after_the_commit_and_not_for_a_rollback(
    tenant: Tenant, registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(hints, "ring", lambda: rung.append("ring"))
    with pytest.raises(ZeroDivisionError), tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        raise ZeroDivisionError
    assert rung == []
    with tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        assert rung == []
    assert rung == ["ring"]
