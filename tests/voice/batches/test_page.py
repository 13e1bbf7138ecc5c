"""The page of a batch: how far it is, how its calls ended, what they cost, and who was left out."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import CallBatchEntryFactory, CallBatchFactory, CallLogFactory, CallPlacementFactory
from tests.voice.helpers import create
from voice.batches.models import CallBatch
from voice.batches.page import batch_context
from voice.carriers.outcomes import Outcome
from voice.dialer.models import PlacementState
from voice.statuses import BatchStatus, CallStatus, EntryStatus

# Status and last outcome of the entries, and how many there are of each.
ENTRIES = (
    (EntryStatus.COMPLETED, Outcome.ANSWERED, 3),
    (EntryStatus.COMPLETED, Outcome.VOICEMAIL, 1),
    (EntryStatus.DECLINED, Outcome.BUSY, 2),
    (EntryStatus.DISPATCHED, "", 1),
    (EntryStatus.QUEUED, "", 3),
)


@pytest.fixture
def batch(tenant: Tenant) -> CallBatch:
    """A running batch of ten, with two calls that cost something."""
    counters = {"total_calls": 10, "completed_calls": 4, "failed_calls": 2, "started_at": timezone.now()}
    made: CallBatch = create(tenant, CallBatchFactory, name="Spring", status=BatchStatus.RUNNING, **counters)
    for status, outcome, number in ENTRIES:
        for _entry in range(number):
            last = {"call_log": create(tenant, CallLogFactory), "outcome": outcome} if outcome else {}
            create(tenant, CallBatchEntryFactory, batch=made, status=status, **last)
    for seconds, cost in ((40, "0.30"), (80, "0.10")):
        ended = timezone.now()
        times = {"started_at": ended - timedelta(seconds=100), "ended_at": ended, "duration_seconds": seconds}
        call = create(tenant, CallLogFactory, status=CallStatus.ENDED, cost=Decimal(cost), **times)
        create(tenant, CallPlacementFactory, call_log=call, batch=made, state=PlacementState.SETTLED)
    return made


def shown(tenant: Tenant, batch: CallBatch) -> dict[str, Any]:
    with platform_context(tenant_id=tenant.pk):
        return batch_context(CallBatch.objects.select_related("agent").get(pk=batch.pk))


def test_progress_outcomes_and_cost_are_those_of_its_entries_and_calls(tenant: Tenant, batch: CallBatch) -> None:
    found = shown(tenant, batch)
    parts = {part.label: (part.number, part.share) for part in found["parts"]}
    assert parts == {"reached": (4, 0.4), "not reached": (2, 0.2), "being called": (1, 0.1), "waiting": (3, 0.3)}
    assert [(part.label, part.number) for part in found["outcomes"]] == [("Answered", 3), ("Busy", 2), ("Voicemail", 1)]
    cards = {title: (value, detail) for title, value, detail in found["cards"]}
    assert cards["Reached"] == ("4", "of 10 people, 40%")
    assert cards["Talk time"] == ("2:00", "0:30 each reached")
    assert cards["Cost"] == ("0.40 USD", "0.100 USD each reached")


@pytest.mark.parametrize(
    ("changes", "text", "reason"),
    [
        ({}, "1 being called, 3 wait for their turn.", ""),
        ({"paused_at": timezone.now(), "pause_reason": "Credit ended."}, "Paused.", "Credit ended."),
        ({"status": BatchStatus.QUEUED, "started_at": None}, "Begins as soon as there is room.", ""),
    ],
)
def test_it_says_what_it_is_doing(tenant: Tenant, batch: CallBatch, changes: Any, text: str, reason: str) -> None:
    with platform_context(tenant_id=tenant.pk):
        CallBatch.objects.filter(pk=batch.pk).update(**changes)
    state = shown(tenant, batch)["state"]
    assert (state.text, state.reason, state.warns) == (text, reason, bool(reason))


def test_who_is_left_waits_until_a_time(tenant: Tenant, batch: CallBatch) -> None:
    later = timezone.now() + timedelta(hours=3)
    with platform_context(tenant_id=tenant.pk):
        batch.entries.filter(status=EntryStatus.DISPATCHED).delete()
        batch.entries.filter(status=EntryStatus.QUEUED).update(next_attempt_at=later)
    assert shown(tenant, batch)["state"].text.startswith("Everybody who is left waits. The next call is due")


def test_the_page_and_its_part_show_it(
    tenant: Tenant, batch: CallBatch, admin_of: Callable[..., Client], owner: User, other_owner: User
) -> None:
    address = f"/admin/voice/callbatch/{batch.pk}"
    browser = admin_of(owner)
    page, part = (browser.get(f"{address}/{name}/").content.decode() for name in ("change", "overview"))
    for text in ("1 being called, 3 wait for their turn.", "0.40 USD", "How calls ended"):
        assert text in page and text in part, text
    assert f'data-live="{address}/overview/"' in page
    assert "<html" not in part
    assert admin_of(other_owner).get(f"{address}/overview/").status_code in (403, 404)
