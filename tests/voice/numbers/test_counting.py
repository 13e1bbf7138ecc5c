"""What calls add to the days of their numbers."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.voice import CallLogFactory, CallPlacementFactory, VoiceNumberFactory
from tests.voice.helpers import create
from voice.analysis.recording import record_analysis
from voice.carriers.outcomes import Outcome
from voice.dialer.hooks import CallOver, tell
from voice.dialer.models import CallPlacement
from voice.numbers.models import NumberDay, VoiceNumber
from voice.statuses import CallStatus

# In Dubai it is Tuesday already.
ASKED = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
OVER = datetime(2026, 3, 3, 21, 0, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    with platform_context():
        tenant.timezone = "Asia/Dubai"
        tenant.save(update_fields=["timezone"])
    return tenant


@pytest.fixture
def number(tenant: Tenant) -> VoiceNumber:
    found: VoiceNumber = create(tenant, VoiceNumberFactory)
    return found


@pytest.fixture
def placed(tenant: Tenant, number: VoiceNumber) -> Callable[..., CallPlacement]:
    """Return ``placed(seconds, …)``, which makes a call of the number that has ended."""

    def make(seconds: int = 0, **values: Any) -> CallPlacement:
        call = create(
            tenant,
            CallLogFactory,
            from_number=number,
            status=CallStatus.ENDED,
            ended_at=OVER,
            duration_seconds=seconds,
        )
        filled = {"call_log": call, "number": number, "asked_at": ASKED, **values}
        placement: CallPlacement = create(tenant, CallPlacementFactory, **filled)
        return placement

    return make


def days_of(number: VoiceNumber) -> dict[date, dict[str, int]]:
    """Return what is counted on each day, without what is 0."""
    with platform_context():
        rows = NumberDay.objects.filter(number=number)
        fields = ("placed", "answered", "short", "voicemails", "unanswered", "failed", "complaints", "talk_seconds")
        return {row.day: {name: value for name in fields if (value := getattr(row, name))} for row in rows}


def test_each_outcome_counts_once_on_the_day_on_which_the_call_was_made(
    tenant: Tenant, number: VoiceNumber, placed: Callable[..., CallPlacement]
) -> None:
    ended = [(Outcome.ANSWERED, 90), (Outcome.ANSWERED, 6), (Outcome.ANSWERED, 7), (Outcome.VOICEMAIL, 20)]
    others = [outcome for outcome in Outcome if outcome not in (Outcome.ANSWERED, Outcome.VOICEMAIL)]
    calls = [(placed(seconds), outcome) for outcome, seconds in [*ended, *((each, 0) for each in others)]]
    with tenant_context(tenant.pk):
        for placement, outcome in calls:
            tell(CallOver(placement.call_log, placement, outcome, OVER))
    assert days_of(number) == {
        # A cancelled call tells nothing.
        TUESDAY: {"answered": 3, "short": 1, "voicemails": 1, "unanswered": 3, "failed": 6, "talk_seconds": 103}
    }


def test_calls_without_a_number_and_those_that_came_in_are_not_counted(
    tenant: Tenant, number: VoiceNumber, placed: Callable[..., CallPlacement]
) -> None:
    never_asked, without = placed(asked_at=None), placed(number=None)
    with tenant_context(tenant.pk):
        for placement in (never_asked, without):
            tell(CallOver(placement.call_log, placement, Outcome.NO_ANSWER, OVER))
        tell(CallOver(never_asked.call_log, None, Outcome.ANSWERED, OVER))
    assert days_of(number) == {}


def test_somebody_who_asks_not_to_be_called_again_counts_once(
    tenant: Tenant, number: VoiceNumber, placed: Callable[..., CallPlacement]
) -> None:
    asked, later, never = placed(30), placed(30), placed(30)
    said = [(asked, True), (later, False), (never, False), (asked, True), (later, True), (asked, False), (asked, True)]
    for place, (placement, do_not_call) in enumerate(said):
        with tenant_context(tenant.pk):
            record_analysis(call=placement.call_log, values={"do_not_call": do_not_call})
        if place in (2, 3):
            drain()
    drain()
    assert days_of(number) == {TUESDAY: {"complaints": 2}}
