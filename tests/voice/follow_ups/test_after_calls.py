"""What follows from a call that was analysed: bookings, suppressions, the lead's stage and tags, notes and mails."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad import writes
from lad.mail.models import MailDelivery
from lad.outbox.consumers import Event
from lad.outbox.drain import drain
from lad.outbox.models import DomainEvent
from lad.tenancy.context import platform_context, tenant_context
from leads.bookings.models import BookingStatus, BookingType, LeadBooking, TaskStatus
from leads.bookings.services import cancel, reschedule
from leads.channels import Channel
from leads.contactability.models import Purpose, Suppression
from leads.contactability.services import decide
from leads.contacts.models import Lead, LeadNote
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory, LeadFactory
from tests.factories.voice import DialingPolicyFactory, VoiceProfileFactory
from tests.support.events import events
from tests.voice.follow_ups.conftest import call_with, soon
from tests.voice.helpers import create
from voice.analysis.models import CallOutcome, Disposition, LeadCategory
from voice.analysis.recording import record_analysis
from voice.calls.models import CallLog
from voice.follow_ups.after_call import follow_up

Analysed = Callable[..., Any]

pytestmark = pytest.mark.django_db

REFUSING = [CallOutcome.NOT_INTERESTED, CallOutcome.DO_NOT_CALL, CallOutcome.WRONG_PERSON]


def bookings(tenant: Tenant) -> list[LeadBooking]:
    with platform_context(tenant_id=tenant.pk):
        return list(LeadBooking.objects.filter(tenant=tenant.pk).order_by("created_at"))


def now_of(lead: Lead) -> Lead:
    with platform_context():
        return Lead.objects.get(pk=lead.pk)


def may_be_called(lead: Lead) -> bool:
    with tenant_context(lead.tenant_id):
        now = timezone.now()
        found = decide(lead_ids=[lead.pk], channel=Channel.VOICE, purpose=Purpose.SERVICE, at=now)
        return found[lead.pk].allowed


def test_the_agreed_time_is_booked_in_the_persons_zone_and_calls_by_itself(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    at = soon()
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=at)
    [booking] = bookings(tenant)
    assert (booking.booking_type, booking.scheduled_at, booking.timezone) == (
        BookingType.CALLBACK_REQUESTED,
        at,
        "Asia/Dubai",
    )
    assert (booking.status, booking.assigned_user_id) == (BookingStatus.SCHEDULED, lead.assigned_user_id)
    assert (booking.task_status, booking.task_scheduled_at) == (TaskStatus.SCHEDULED, at)
    assert booking.metadata["automatic_call"]["agent_id"] == call.agent_id


def test_a_meeting_is_a_persons_and_nobody_calls_by_itself(tenant: Tenant, call: CallLog, analysed: Analysed) -> None:
    analysed(call, outcome=CallOutcome.MEETING_BOOKED, follow_up_at=soon())
    [booking] = bookings(tenant)
    assert (booking.booking_type, booking.task_status) == (BookingType.AUTO_CONSULTATION, TaskStatus.PENDING)


NOTHING_BOOKED: list[dict[str, Any]] = [
    *({"outcome": outcome, "follow_up_at": "soon"} for outcome in REFUSING),
    {"outcome": CallOutcome.CALLBACK, "follow_up_at": "soon", "do_not_call": True},
    {"outcome": CallOutcome.VOICEMAIL, "follow_up_at": "soon"},
    {"outcome": CallOutcome.INTERESTED, "follow_up_at": None},
    {"outcome": CallOutcome.CALLBACK, "follow_up_at": "past"},
    {"outcome": None, "skipped_reason": "no_consent"},
]


@pytest.mark.parametrize("found", NOTHING_BOOKED)
def test_nothing_is_booked_after_a_refusal_nor_without_a_time(
    tenant: Tenant, call: CallLog, analysed: Analysed, found: dict[str, Any]
) -> None:
    times = {"soon": soon(), "past": soon(-48)}
    analysed(call, **{**found, "follow_up_at": times.get(found.get("follow_up_at") or "")})
    assert bookings(tenant) == []


def test_another_analysis_moves_the_booking_and_does_not_double_it(
    tenant: Tenant, call: CallLog, analysed: Analysed
) -> None:
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(48))
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(48))
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(72))
    [booking] = bookings(tenant)
    assert (booking.scheduled_at, booking.task_scheduled_at) == (soon(72), soon(72))
    analysed(call, outcome=CallOutcome.NOT_INTERESTED, follow_up_at=None)
    [booking] = bookings(tenant)
    assert (booking.status, booking.task_status) == (BookingStatus.CANCELLED, TaskStatus.CANCELLED)


@pytest.mark.parametrize("change", ["moved", "cancelled", "deleted"])
def test_what_a_person_did_with_the_booking_stays(
    tenant: Tenant, call: CallLog, analysed: Analysed, change: str
) -> None:
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(48))
    [booking] = bookings(tenant)
    with tenant_context(tenant.pk):
        if change == "moved":
            reschedule(booking=booking, scheduled_at=soon(60))
        elif change == "cancelled":
            cancel(booking=booking)
        else:
            writes.delete(booking)
    before = [(row.status, row.scheduled_at) for row in bookings(tenant)]
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(72))
    assert [(row.status, row.scheduled_at) for row in bookings(tenant)] == before


def test_a_taken_time_moves_the_booking_behind_it(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    at = soon()
    until = at + timedelta(minutes=30)
    create(tenant, LeadBookingFactory, lead=lead, scheduled_at=at, buffer_until=until)
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=at)
    booking = next(row for row in bookings(tenant) if row.booking_type == BookingType.CALLBACK_REQUESTED)
    assert booking.scheduled_at == until
    assert "That time was taken" in booking.notes


def test_a_lead_of_nobody_is_booked_with_the_tenants_owner(
    tenant: Tenant, owner: Any, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    with platform_context():
        Lead.objects.filter(pk=lead.pk).update(assigned_user=None)
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon())
    [booking] = bookings(tenant)
    assert booking.assigned_user_id == owner.pk
    assert now_of(lead).assigned_user_id is None


def test_who_asks_not_to_be_called_is_never_called_again(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon())
    assert may_be_called(lead)
    words = [{"name": "do_not_call", "value": True, "turn": 2, "words": "take me off the list", "confidence": 0.9}]
    later = call_with(tenant, lead, "+971509999999", status="ended")
    analysed(later, outcome=CallOutcome.DO_NOT_CALL, do_not_call=True, evidence=words)
    assert not may_be_called(lead)
    with platform_context(tenant_id=tenant.pk):
        found = Suppression.objects.filter(tenant=tenant.pk)
        assert {row.address for row in found} == {"+971501234567", "+971509999999"}
        assert {row.channel for row in found} == {"voice"}
        assert {row.evidence["words"] for row in found} == {"take me off the list"}
    [booking] = bookings(tenant)
    assert booking.status == BookingStatus.CANCELLED


def test_a_number_without_a_lead_is_not_called_again_either(tenant: Tenant, analysed: Analysed) -> None:
    call = call_with(tenant, None, "+971501112233", status="ended")
    analysed(call, outcome=CallOutcome.DO_NOT_CALL, do_not_call=True)
    with platform_context(tenant_id=tenant.pk):
        assert [row.address for row in Suppression.objects.filter(tenant=tenant.pk)] == ["+971501112233"]


STAGES = [
    # What came of the call, the stage before, the stage after.
    (CallOutcome.INTERESTED, "new", "qualified"),
    (CallOutcome.CALLBACK, "new", "contacted"),
    (CallOutcome.NOT_INTERESTED, "new", "contacted"),
    (CallOutcome.CALLBACK, "qualified", "qualified"),
    (CallOutcome.VOICEMAIL, "new", "new"),
    (CallOutcome.WRONG_PERSON, "new", "new"),
    (None, "new", "new"),
]


@pytest.mark.parametrize(("outcome", "before", "after"), STAGES)
def test_a_lead_moves_on_by_what_came_of_the_call(
    lead: Lead, call: CallLog, analysed: Analysed, outcome: Any, before: str, after: str
) -> None:
    with platform_context():
        Lead.objects.filter(pk=lead.pk).update(stage=before)
    analysed(call, outcome=outcome)
    assert now_of(lead).stage == after


RULES = [({"interested": "contacted"}, "contacted"), ({}, "new"), ({"interested": "gone"}, "new")]


@pytest.mark.parametrize(("rules", "stage"), RULES)
def test_a_tenant_has_rules_of_its_own(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed, rules: dict[str, str], stage: str
) -> None:
    with platform_context(tenant_id=tenant.pk):
        DialingPolicyFactory.create(tenant=tenant, stage_rules=rules)
    analysed(call, outcome=CallOutcome.INTERESTED)
    assert now_of(lead).stage == stage


def test_the_category_of_the_newest_call_is_the_leads_tag(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    analysed(call, outcome=CallOutcome.INTERESTED, lead_category=LeadCategory.WARM)
    assert now_of(lead).tags == ["VIP", "Warm Lead"]
    newer = call_with(tenant, lead, status="ended")
    analysed(newer, outcome=CallOutcome.MEETING_BOOKED, lead_category=LeadCategory.HOT)
    assert now_of(lead).tags == ["VIP", "Hot Lead"]
    # The older call is analysed again: what is newer counts.
    analysed(call, outcome=CallOutcome.NOT_INTERESTED, lead_category=LeadCategory.COLD)
    assert (now_of(lead).tags, now_of(lead).stage) == (["VIP", "Hot Lead"], "qualified")


def test_one_note_a_call_says_what_came_of_it(tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed) -> None:
    analysed(call, outcome=CallOutcome.INTERESTED, summary="They want a demo.")
    analysed(call, outcome=CallOutcome.UNDECIDED, summary="They will think about it.", recommended_action="Wait.")
    with platform_context(tenant_id=tenant.pk):
        [note] = LeadNote.objects.filter(lead=lead.pk)
    assert note.content.splitlines()[1:] == ["They will think about it.", "Next: Wait."]
    assert note.content.endswith("Next: Wait.") and "undecided" in note.content


@pytest.mark.parametrize("outcome", [CallOutcome.VOICEMAIL, CallOutcome.NO_CONVERSATION, None])
def test_silence_leaves_no_note(tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed, outcome: Any) -> None:
    analysed(call, outcome=outcome)
    with platform_context(tenant_id=tenant.pk):
        assert not LeadNote.objects.filter(lead=lead.pk).exists()


def mails(call: CallLog) -> list[MailDelivery]:
    with platform_context():
        return list(MailDelivery.objects.filter(subject_id=call.pk))


def test_the_owner_gets_one_mail_for_a_call_that_came_to_something(
    lead: Lead, call: CallLog, analysed: Analysed, mailbox: Any
) -> None:
    analysed(call, outcome=CallOutcome.UNDECIDED, disposition=Disposition.NURTURE, lead_category=LeadCategory.WARM)
    assert mails(call) == []
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon())
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(72))
    [mail] = mails(call)
    with platform_context():
        assert lead.assigned_user is not None and mail.to_address == lead.assigned_user.email


def test_a_hot_lead_is_told_of_unless_its_owner_does_not_want_to_know(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    create(tenant, VoiceProfileFactory, user=lead.assigned_user, preferences={"notify_on_follow_up": False})
    analysed(call, outcome=CallOutcome.INTERESTED, lead_category=LeadCategory.HOT)
    assert mails(call) == []
    other = call_with(tenant, create(tenant, LeadFactory), status="ended")
    analysed(other, outcome=CallOutcome.INTERESTED, lead_category=LeadCategory.HOT)
    assert len(mails(other)) == 1


def test_nobody_gets_a_mail_about_an_old_call_that_is_analysed_again(
    tenant: Tenant, lead: Lead, analysed: Analysed
) -> None:
    over = {"started_at": soon(-80), "ended_at": soon(-79)}
    old = call_with(tenant, lead, status="ended", **over)
    analysed(old, outcome=CallOutcome.INTERESTED, lead_category=LeadCategory.HOT)
    assert mails(old) == []


def test_an_analysis_that_was_replaced_before_it_was_read_is_left_out(
    tenant: Tenant, lead: Lead, call: CallLog
) -> None:
    with tenant_context(tenant.pk):
        record_analysis(call=call, values={"outcome": CallOutcome.INTERESTED, "lead_category": LeadCategory.HOT})
        record_analysis(call=call, values={"outcome": CallOutcome.VOICEMAIL})
    drain()
    assert (now_of(lead).stage, now_of(lead).tags, mails(call)) == ("new", ["VIP"], [])


def _as_consumed(row: DomainEvent) -> Event:
    about = (row.aggregate_type, row.aggregate_id, row.payload, row.metadata, row.created_at)
    return Event(row.pk, row.tenant_id, row.event_type, *about)


def test_an_event_that_comes_twice_changes_nothing_more(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=soon(), lead_category=LeadCategory.HOT)
    [event] = events("voice.call.analysed", tenant.pk)
    told = len(events("leads.booking.rescheduled", tenant.pk)) + len(events("leads.lead.updated", tenant.pk))
    with tenant_context(tenant.pk):
        follow_up(_as_consumed(event), now=timezone.now())
    assert (len(bookings(tenant)), len(mails(call))) == (1, 1)
    with platform_context(tenant_id=tenant.pk):
        assert LeadNote.objects.filter(lead=lead.pk).count() == 1
    again = len(events("leads.booking.rescheduled", tenant.pk)) + len(events("leads.lead.updated", tenant.pk))
    assert again == told


def test_a_full_calendar_does_not_keep_the_rest_from_being_done(
    tenant: Tenant, lead: Lead, call: CallLog, analysed: Analysed
) -> None:
    at = soon()
    for hour in range(9):
        start = at + timedelta(hours=hour)
        create(tenant, LeadBookingFactory, lead=lead, scheduled_at=start, buffer_until=start + timedelta(hours=1))
    analysed(call, outcome=CallOutcome.CALLBACK, follow_up_at=at)
    assert {row.booking_type for row in bookings(tenant)} == {BookingType.CONSULTATION}
    assert now_of(lead).stage == "contacted"
