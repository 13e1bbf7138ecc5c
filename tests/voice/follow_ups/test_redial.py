"""Calling the unreached of a batch again, and bookings that call by themselves, through the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from lad.tenancy.context import platform_context, tenant_context
from leads.bookings.models import LeadBooking, TaskStatus
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.factories.voice import (
    CallBatchEntryFactory,
    CallBatchFactory,
    CallLogFactory,
    VoiceAgentFactory,
    VoiceNumberFactory,
    VoiceProfileFactory,
)
from tests.support.concurrency import run_together
from tests.support.events import payloads
from tests.voice.follow_ups.conftest import soon
from tests.voice.helpers import create
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services.redial import BatchNotOver, NobodyUnreached, redial
from voice.carriers.outcomes import Outcome
from voice.follow_ups.automatic import AutomaticCall
from voice.statuses import BatchStatus, EntryStatus

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ALL_ENDS = [
    # Status of the entry, its outcome, whether it had a call, whether it is called again.
    (EntryStatus.COMPLETED, Outcome.ANSWERED, True, False),
    (EntryStatus.COMPLETED, Outcome.VOICEMAIL, True, True),
    (EntryStatus.DECLINED, Outcome.BUSY, True, True),
    (EntryStatus.DECLINED, Outcome.NO_ANSWER, True, True),
    (EntryStatus.DECLINED, Outcome.DECLINED, True, False),
    (EntryStatus.FAILED, Outcome.CARRIER_FAILED, True, True),
    (EntryStatus.FAILED, Outcome.OVER_LIMIT, True, True),
    (EntryStatus.FAILED, Outcome.AGENT_FAILED, True, True),
    (EntryStatus.FAILED, Outcome.WRONG_NUMBER, True, False),
    (EntryStatus.FAILED, Outcome.REFUSED, True, False),
    (EntryStatus.FAILED, Outcome.UNKNOWN, True, False),
    # Refused before it was dialled.
    (EntryStatus.FAILED, "", False, False),
    # Cancelled before its turn.
    (EntryStatus.CANCELLED, "", False, True),
    (EntryStatus.CANCELLED, Outcome.CANCELLED, True, True),
]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def batch(tenant: Tenant) -> CallBatch:
    """A batch that is over, with an entry for each way to end."""
    over = {"status": BatchStatus.COMPLETED, "started_at": NOW, "finished_at": NOW}
    row: CallBatch = create(
        tenant, CallBatchFactory, name="Spring", purpose="service", retry_delays={"busy": [7]}, **over
    )
    for number, (status, outcome, called, _again) in enumerate(ALL_ENDS):
        call = create(tenant, CallLogFactory) if called else None
        values = {"to_phone": f"+97150000{number:04}", "call_log": call, "status": status, "outcome": outcome}
        create(tenant, CallBatchEntryFactory, batch=row, metadata={"context": f"Number {number}"}, **values)
    return row


def again(batch: CallBatch, **values: Any) -> CallBatch:
    with tenant_context(batch.tenant_id):
        return redial(batch=batch, **values)


def entries(batch: CallBatch) -> list[CallBatchEntry]:
    with platform_context():
        return list(CallBatchEntry.objects.filter(batch=batch.pk).order_by("to_phone"))


def test_those_who_were_not_reached_are_called_again(batch: CallBatch) -> None:
    assert {outcome for _status, outcome, _called, _again in ALL_ENDS} - {""} == set(Outcome)
    child = again(batch)
    expected = [f"+97150000{number:04}" for number, row in enumerate(ALL_ENDS) if row[3]]
    made = entries(child)
    assert [row.to_phone for row in made] == expected
    assert {(row.status, row.retry_count, row.outcome) for row in made} == {("queued", 0, "")}
    assert made[0].metadata == {"context": "Number 1"}
    assert (child.status, child.total_calls, child.parent_batch_id) == ("queued", len(expected), batch.pk)
    assert (child.name, child.agent_id, child.purpose) == ("Spring: again", batch.agent_id, "service")
    assert child.retry_delays == {"busy": [7]}
    assert payloads("voice.call_batch.created", child.pk)[0]["total_calls"] == len(expected)


def test_nobody_is_in_two_redials_at_once(batch: CallBatch) -> None:
    first = again(batch)
    with pytest.raises(NobodyUnreached):
        again(batch)
    with platform_context():
        assert CallBatch.objects.filter(parent_batch=batch.pk).count() == 1
        rows = CallBatchEntry.objects.filter(batch=first.pk)
        _reached, missed, *_others = rows.order_by("to_phone")
        rows.update(status=EntryStatus.COMPLETED, outcome=Outcome.ANSWERED)
        rows.filter(pk=missed.pk).update(status=EntryStatus.DECLINED, outcome=Outcome.BUSY)
    assert [row.to_phone for row in entries(again(batch))] == [missed.to_phone]


def test_two_people_who_press_it_together_make_one(batch: CallBatch) -> None:
    results = run_together(*[partial(again, batch)] * 2)
    assert sorted(type(each).__name__ for each in results) == ["CallBatch", "NobodyUnreached"]


def test_a_batch_that_still_calls_is_not_called_again(tenant: Tenant) -> None:
    running = create(tenant, CallBatchFactory, status=BatchStatus.RUNNING, started_at=NOW)
    with pytest.raises(BatchNotOver):
        again(running)


def test_a_redial_is_asked_for_through_the_api(api: Any, owner: User, batch: CallBatch) -> None:
    url = f"/api/v1/voice-call-batches/{batch.pk}/redial/"
    answer = api(owner).post(url, {"name": "Once more"}, format="json", HTTP_IDEMPOTENCY_KEY=str(uuid4()))
    assert answer.status_code == 201, answer.content
    assert (answer.json()["name"], answer.json()["parent_batch"]) == ("Once more", str(batch.pk))
    assert api(owner).post(url, {}, format="json").json()["code"] == "nobody_unreached"


def test_the_page_of_a_batch_offers_it(admin_of: Any, owner: User, viewer: User, batch: CallBatch) -> None:
    page = f"/admin/voice/callbatch/{batch.pk}/"
    browser = admin_of(owner)
    assert "Call the unreached again" in browser.get(f"{page}change/").content.decode()
    assert browser.post(f"{page}redial/", {"name": "Second round"}).status_code == 302
    with platform_context():
        assert CallBatch.objects.get(parent_batch=batch.pk).name == "Second round"
    assert "/redial/" not in admin_of(viewer).get(f"{page}change/").content.decode()


@pytest.fixture
def booking(tenant: Tenant, lead: Lead) -> LeadBooking:
    at = soon()
    until = at + timedelta(minutes=15)
    row: LeadBooking = create(tenant, LeadBookingFactory, lead=lead, scheduled_at=at, buffer_until=until)
    return row


def ask(api: Callable[..., Any], user: User, booking: LeadBooking, method: str = "post", **body: Any) -> Any:
    return getattr(api(user), method)(f"/api/v1/lead-bookings/{booking.pk}/automatic-call/", body, format="json")


def test_a_booking_is_told_to_call_by_itself(tenant: Tenant, api: Any, owner: User, booking: LeadBooking) -> None:
    agent = create(tenant, VoiceAgentFactory)
    assert ask(api, owner, booking).json()["errors"]["agent"] == ["Choose an agent. Your voice profile has none."]
    answer = ask(api, owner, booking, agent=agent.pk, context="About the offer.")
    assert (answer.status_code, answer.json()["task_status"]) == (200, "scheduled")
    with platform_context():
        row = LeadBooking.objects.get(pk=booking.pk)
    assert (row.task_status, row.task_scheduled_at) == (TaskStatus.SCHEDULED, row.scheduled_at)
    assert AutomaticCall.of(row) == AutomaticCall(agent.pk, purpose="outreach", context="About the offer.")
    assert ask(api, owner, booking, "delete").json()["task_status"] == "cancelled"


def test_the_users_voice_profile_is_the_default(tenant: Tenant, api: Any, owner: User, booking: LeadBooking) -> None:
    agent, number = create(tenant, VoiceAgentFactory), create(tenant, VoiceNumberFactory)
    create(tenant, VoiceProfileFactory, user=owner, default_agent=agent, default_number=number)
    assert ask(api, owner, booking).status_code == 200
    with platform_context():
        stored = AutomaticCall.of(LeadBooking.objects.get(pk=booking.pk))
    assert stored is not None and (stored.agent_id, stored.number_id) == (agent.pk, str(number.pk))


def test_a_booking_of_another_tenant_is_not_found(
    other_tenant: Tenant, api: Any, owner: User, booking: LeadBooking
) -> None:
    foreign = create(other_tenant, LeadBookingFactory)
    assert ask(api, owner, foreign, agent=1).status_code == 404
    assert ask(api, owner, booking, agent=1).json()["errors"]["agent"] == ["There is no such row here."]


def test_the_page_of_a_booking_lets_an_agent_call_or_nobody(
    tenant: Tenant, admin_of: Any, owner: User, booking: LeadBooking
) -> None:
    agent = create(tenant, VoiceAgentFactory, name="Friendly Fiona")
    page, browser = f"/admin/leads/leadbooking/{booking.pk}/", admin_of(owner)
    assert "Friendly Fiona" in browser.get(f"{page}let_agent_call/").content.decode()
    chosen = {"agent": agent.pk, "purpose": "service", "context": "They asked for it."}
    assert browser.post(f"{page}let_agent_call/", chosen).status_code == 302
    with platform_context():
        row = LeadBooking.objects.get(pk=booking.pk)
    assert AutomaticCall.of(row) == AutomaticCall(agent.pk, purpose="service", context="They asked for it.")
    assert browser.post(f"{page}let_nobody_call/", {}).status_code == 302
    with platform_context():
        assert LeadBooking.objects.get(pk=booking.pk).task_status == TaskStatus.CANCELLED
