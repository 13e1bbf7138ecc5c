"""A domain of its own for the tests of the outbox, gone after each test."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import pytest

from lad.db.identifiers import uuid7
from lad.outbox import catalogue, consumers, settlement
from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch
from lad.outbox.emission import NewEvent, emit_many
from lad.tenancy.context import platform_context
from tenants.features.models import FeatureKillSwitch
from tenants.teams.models import Tenant

MOVED = "probe.counter.moved"
BROKEN = "broken"

Emit = Callable[..., list[UUID]]


@pytest.fixture(autouse=True)
def _long_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed stays away until the test says it is due; by chance its turn might come within one drain."""
    monkeypatch.setattr(settlement, "delay_after", lambda attempts: 60.0)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue and the consumers as they are, plus what the test adds."""
    catalogue.event_types()
    monkeypatch.setattr(catalogue, "_types", dict(catalogue._types))
    monkeypatch.setattr(consumers, "_consumers", dict(consumers._consumers))
    consumers.subscribers.cache_clear()
    define(MOVED, "{subject} moved", fields=["number"], told=False)
    yield
    consumers.subscribers.cache_clear()


@pytest.fixture
def emit_numbers(tenant: Tenant, registry: None) -> Emit:
    """``emit_numbers([1, 2, 3])`` commits one event per number, all of one aggregate unless told otherwise."""
    usual = uuid7()

    def emit_all(numbers: Sequence[int], *, aggregate: UUID | None = None, owner: Tenant | None = None) -> list[UUID]:
        with platform_context():
            return emit_many(
                NewEvent(
                    MOVED,
                    payload={"number": number},
                    tenant_id=(owner or tenant).pk,
                    aggregate_type="counter",
                    aggregate_id=aggregate or usual,
                )
                for number in numbers
            )

    return emit_all


def note(batch: Batch) -> None:
    """An effect in the database for every event, in order; an event applied twice breaks the unique key."""
    FeatureKillSwitch.objects.bulk_create(
        FeatureKillSwitch(feature_key=str(event.id), reason=str(event.payload["number"])) for event in batch
    )


def noted() -> list[int]:
    """The numbers of the events that took effect, in the order they did."""
    with platform_context():
        return [int(row.reason) for row in FeatureKillSwitch.objects.order_by("pk")]
