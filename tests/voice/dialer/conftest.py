"""A call that was placed, what its carrier tells of it, and what features are told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    CallPlacementFactory,
    CarrierAccountFactory,
)
from tests.voice.helpers import create
from voice.batches.models import CallBatchEntry
from voice.calls.models import CallLog
from voice.carriers.protocol import CarrierCall, Presence
from voice.dialer import hooks
from voice.dialer.hooks import CallOver, DetailsCame
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.reports import take_in
from voice.statuses import BatchStatus, EntryStatus

# A Monday at ten in London.
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class Told:
    """What features were told."""

    over: list[CallOver] = field(default_factory=list)
    more: list[DetailsCame] = field(default_factory=list)

    @property
    def learned(self) -> set[str]:
        return {name for each in self.more for name in each.learned}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    kept = Told()
    monkeypatch.setattr(hooks, "_functions", [kept.over.append])
    monkeypatch.setattr(hooks, "_functions_of_details", [kept.more.append])
    yield kept


@dataclass
class Placed:
    """A call of a batch that a carrier was asked to place, and ways to tell LAD of it."""

    tenant: Tenant
    id: Any

    def tell(self, at: datetime = NOW, *, now: datetime | None = None, **values: Any) -> CallLog:
        """Take in what the carrier tells at a moment."""
        whole = CarrierCall(**{"presence": Presence.PLACED, "reference": "a-room", **values})
        with tenant_context(self.tenant.pk):
            return take_in(CallLog.objects.get(pk=self.id), whole, at=at, now=now or at)

    @property
    def call(self) -> CallLog:
        with platform_context(tenant_id=self.tenant.pk):
            return CallLog.objects.get(pk=self.id)

    @property
    def placement(self) -> CallPlacement:
        with platform_context(tenant_id=self.tenant.pk):
            return CallPlacement.objects.get(call_log=self.id)

    @property
    def entry(self) -> CallBatchEntry:
        with platform_context(tenant_id=self.tenant.pk):
            return CallBatchEntry.objects.select_related("batch").get()

    def waits(self) -> timedelta | None:
        """Return how long after the beginning the carrier is asked next."""
        look_at = self.placement.look_at
        return None if look_at is None else look_at - NOW


@pytest.fixture
def place(tenant: Tenant) -> Any:
    def make(carrier: str = "livekit", *, agent: str = "lad-agent", **values: Any) -> Placed:
        account = create(tenant, CarrierAccountFactory, carrier=carrier, agent=agent, webhook_secret="a-long-secret")
        call = create(tenant, CallLogFactory)
        started = {"status": BatchStatus.RUNNING, "started_at": NOW, "total_calls": 1}
        batch = create(tenant, CallBatchFactory, **started)
        entry = create(
            tenant, CallBatchEntryFactory, batch=batch, call_log=call, lead=call.lead, status=EntryStatus.DISPATCHED
        )
        given = {"state": PlacementState.PLACED, "asked_at": NOW, "placed_at": NOW, "reference": "a-room", **values}
        create(tenant, CallPlacementFactory, call_log=call, batch=batch, entry=entry, carrier_account=account, **given)
        return Placed(tenant, call.pk)

    return make
