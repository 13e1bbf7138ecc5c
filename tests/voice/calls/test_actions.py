"""What somebody does after a call, on its page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context
from leads.bookings.models import LeadBooking
from leads.channels import Channel
from leads.contactability.models import Suppression
from leads.contacts.models import Lead, LeadNote
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory, LeadStageFactory
from tests.factories.voice import CallAnalysisFactory, CallLogFactory, VoiceAgentFactory
from tests.voice.helpers import create
from voice.calls.models import CallLog
from voice.dialer.models import CallPlacement, PlacementState
from voice.statuses import CallStatus

Act = Callable[..., str]


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    lead: Lead = create(tenant, LeadFactory, first_name="Ada", last_name="Talks", phone="+442079460123")
    return lead


@pytest.fixture
def call(tenant: Tenant, lead: Lead) -> CallLog:
    agent = create(tenant, VoiceAgentFactory, name="Amelia")
    ended = {"status": CallStatus.ENDED, "ended_at": timezone.now()}
    phone = {"to_country_code": "+44", "to_base_number": 2079460123}
    call: CallLog = create(tenant, CallLogFactory, lead=lead, agent=agent, **phone, **ended)
    return call


@pytest.fixture
def act(admin_of: Callable[..., Client], owner: User, call: CallLog) -> Act:
    """``act("note", content="…")`` sends the form of an action and returns the page that follows."""
    browser = admin_of(owner)

    def send(action: str, **values: Any) -> str:
        address = f"/admin/voice/calllog/{call.pk}/{action}/"
        response = browser.post(address, values, follow=True)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    return send


def rows(tenant: Tenant, model: Any, **conditions: Any) -> list[Any]:
    with platform_context(tenant_id=tenant.pk):
        return list(model.objects.filter(**conditions))


def test_a_note_is_written_on_the_lead(tenant: Tenant, owner: User, lead: Lead, act: Act) -> None:
    assert "The note is on the page of Ada Talks" in act("add_note", content="Wants figures first.")
    [note] = rows(tenant, LeadNote, lead=lead)
    assert (note.content, note.created_by_user_id) == ("Wants figures first.", owner.pk)


def test_the_lead_is_moved(tenant: Tenant, lead: Lead, act: Act) -> None:
    create(tenant, LeadStageFactory, key="won-over", label="Won over", display_order=90)
    act("move_lead", stage="won-over")
    assert rows(tenant, Lead, pk=lead.pk)[0].stage == "won-over"


def test_a_booking_is_suggested_at_the_agreed_time(
    tenant: Tenant, owner: User, call: CallLog, act: Act, admin_of: Callable[..., Client]
) -> None:
    agreed = datetime(2031, 3, 4, 15, 0, tzinfo=UTC)
    create(tenant, CallAnalysisFactory, call_log=call, follow_up_at=agreed, follow_up_zone="Europe/London")
    form = admin_of(owner).get(f"/admin/voice/calllog/{call.pk}/book/").content.decode()
    assert "2031-03-04" in form
    values = {"booking_type": "callback_requested", "scheduled_at": "2031-03-04 15:00", "minutes": "15"}
    assert "Booked:" in act("book", **values, assigned_user=str(owner.pk), notes="")
    [booking] = rows(tenant, LeadBooking, lead=call.lead_id)
    assert (booking.scheduled_at, booking.assigned_user_id) == (agreed, owner.pk)


def test_a_number_is_never_called_again(tenant: Tenant, act: Act) -> None:
    act("never_call")
    [entry] = rows(tenant, Suppression)
    assert (entry.address, entry.channel, entry.source) == ("+442079460123", Channel.VOICE, "A call")


def test_the_person_is_called_again(tenant: Tenant, lead: Lead, call: CallLog, act: Act) -> None:
    due = timezone.now().replace(microsecond=0) + timedelta(days=1)
    values = {"due_at": f"{due:%Y-%m-%d %H:%M:%S}", "context": "They were in a train."}
    page = act("call_again", agent=str(call.agent_id), **values)
    assert "The call waits for its turn." in page
    [placement] = rows(tenant, CallPlacement)
    assert (placement.state, placement.due_at, placement.to_phone) == (PlacementState.QUEUED, due, "+442079460123")
    [again] = rows(tenant, CallLog, pk=placement.call_log_id)
    assert (again.lead_id, again.agent_id, again.status) == (lead.pk, call.agent_id, CallStatus.PENDING)


def test_a_waiting_call_is_cancelled(
    tenant: Tenant, owner: User, call: CallLog, act: Act, admin_of: Callable[..., Client]
) -> None:
    act("call_again", agent=str(call.agent_id), due_at="", context="")
    [placement] = rows(tenant, CallPlacement)
    browser = admin_of(owner)
    waiting = f"/admin/voice/calllog/{placement.call_log_id}"
    assert "waits for its turn" in browser.get(f"{waiting}/change/").content.decode()
    browser.post(f"{waiting}/hang_up/", {})
    [cancelled] = rows(tenant, CallLog, pk=placement.call_log_id)
    assert cancelled.status == CallStatus.CANCELLED


@pytest.mark.parametrize("action", ["add_note", "book", "move_lead", "never_call", "call_again"])
def test_a_viewer_only_looks(admin_of: Callable[..., Client], viewer: User, call: CallLog, action: str) -> None:
    browser = admin_of(viewer)
    assert browser.get(f"/admin/voice/calllog/{call.pk}/change/").status_code == 200
    assert browser.get(f"/admin/voice/calllog/{call.pk}/{action}/").status_code == 403
