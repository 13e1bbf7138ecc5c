"""What somebody does after a call, on its page: a note, a booking, another stage, never again, or once more."""

from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from lad import moments, writes
from lad.admin.actions import row_action
from lad.labels import in_words
from lad.tenancy.access import access_of
from leads.bookings.admin.forms import book_form
from leads.bookings.models import BookingType, LeadBooking
from leads.channels import Channel
from leads.contactability.models import SuppressionReason
from leads.contactability.services import suppress
from leads.contacts.models import Lead, LeadNote
from leads.pipeline.admin.choices import chosen_member, member_choices, stage_form
from voice.agents.models import VoiceAgent
from voice.analysis.models import CallAnalysis
from voice.calls.models import CallLog
from voice.dialer.services import cancel_calls, start_call
from voice.statuses import Direction

MAX_NOTE: Final = 20_000
MAX_CONTEXT: Final = 20_000


class NoteForm(forms.Form):
    content = forms.CharField(label="Note", max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 4}))


def booking_form(call: CallLog) -> type[forms.Form]:
    """Return a form for a booking with the lead of the call. It suggests the time that was agreed on."""
    form = book_form(member_choices(call.tenant_id), _lead(call))
    agreed = CallAnalysis.objects.filter(call_log=call.pk, follow_up_at__gt=timezone.now())
    at = agreed.values_list("follow_up_at", flat=True).first()
    if at is None:
        return form
    time = forms.DateTimeField(label="Time", initial=at, validators=[moments.validate])
    what = forms.ChoiceField(label="Type", choices=BookingType.choices, initial=BookingType.CALLBACK_REQUESTED)
    return type("CallBookingForm", (form,), {"scheduled_at": time, "booking_type": what})


def call_again_form(call: CallLog) -> type[forms.Form]:
    """Return a form that asks which agent calls, when, and what it should know."""
    agents = [(str(each.pk), str(each)) for each in VoiceAgent.objects.filter(tenant=call.tenant_id).order_by("name")]
    fields = {
        "agent": forms.ChoiceField(choices=agents, initial=str(call.agent_id or "")),
        "due_at": forms.DateTimeField(
            label="When", required=False, validators=[moments.validate], help_text="Empty means as soon as it may be."
        ),
        "context": forms.CharField(
            label="What the agent should know",
            required=False,
            max_length=MAX_CONTEXT,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text="For this call only.",
        ),
    }
    return type("CallAgainForm", (forms.Form,), fields)


def _lead(call: CallLog) -> Lead:
    assert call.lead is not None  # the actions that need one are hidden without
    return call.lead


def _has_lead(call: CallLog) -> bool:
    return call.lead_id is not None


class CallActions:
    """The actions of a call's page, for its admin class."""

    after_call = ["call_again", "book", "add_note", "move_lead", "hang_up", "never_call"]

    def has_note_permission(self, request: HttpRequest, obj: CallLog | None = None) -> bool:
        """Return whether the caller may change the leads that calls are about."""
        return access_of(request).allows("leads.update")

    def has_book_permission(self, request: HttpRequest, obj: CallLog | None = None) -> bool:
        access = access_of(request)
        return access.allows("leads.update") and access.allows("bookings.create")

    def has_call_permission(self, request: HttpRequest, obj: CallLog | None = None) -> bool:
        return access_of(request).allows("calls.create")

    def has_hang_up_permission(self, request: HttpRequest, obj: CallLog | None = None) -> bool:
        return access_of(request).allows("calls.update")

    def has_never_call_permission(self, request: HttpRequest, obj: CallLog | None = None) -> bool:
        return access_of(request).allows("contactability.create")

    @row_action(
        "Call again",
        explanation="Whether the person may be called is asked again. If not now, the call waits and says why.",
        form=call_again_form,
        permission="call",
        when=lambda call: call.is_finished and (call.phone.is_known or _has_lead(call)),
        icon="call",
    )
    def call_again(self, request: HttpRequest, row: CallLog, values: dict[str, Any]) -> str:
        start_call(
            lead=row.lead,
            to_phone=row.phone.e164,
            agent=VoiceAgent.objects.get(pk=values["agent"]),
            context=values["context"],
            actor=access_of(request).user,
            due_at=values["due_at"],
        )
        return "The call waits for its turn. It is on the page of live calls as soon as it begins."

    @row_action("Book", form=booking_form, permission="book", when=_has_lead, icon="event")
    def book(self, request: HttpRequest, row: CallLog, values: dict[str, Any]) -> str:
        values = {**values, "lead": row.lead, "assigned_user": chosen_member(values["assigned_user"])}
        booking = writes.create(LeadBooking, values, actor=access_of(request).user)
        return f"Booked: {booking}."

    @row_action("Note", form=NoteForm, permission="note", when=_has_lead, icon="sticky_note_2", button="Write note")
    def add_note(self, request: HttpRequest, row: CallLog, values: dict[str, Any]) -> str:
        writes.create(LeadNote, {"lead": row.lead, "content": values["content"]}, actor=access_of(request).user)
        return f"The note is on the page of {row.lead}."

    @row_action(
        "Move to stage",
        form=lambda row: stage_form(row.tenant_id),
        permission="note",
        when=_has_lead,
        icon="move_up",
        seldom=True,
    )
    def move_lead(self, request: HttpRequest, row: CallLog, values: dict[str, Any]) -> str:
        writes.update(_lead(row), {"stage": values["stage"]}, actor=access_of(request).user)
        return f"{row.lead} was moved to “{in_words(values['stage'])}”."

    @row_action(
        "Hang up",
        explanation="The call is ended at once, or cancelled if it waits for its turn.",
        permission="hang_up",
        when=lambda call: not call.is_finished and call.direction == Direction.OUTBOUND,
        icon="call_end",
        danger=True,
    )
    def hang_up(self, request: HttpRequest, row: CallLog, values: dict[str, Any]) -> str:
        ended = cancel_calls([row], forced=True, actor=access_of(request).user)
        return "The call is being ended." if ended else "The call was over already."

    @row_action(
        "Do not call",
        explanation="Puts the number on the do-not-contact list: no agent and no campaign calls it any more.",
        permission="never_call",
        when=lambda call: call.phone.is_known or _has_lead(call),
        icon="do_not_disturb_on",
        danger=True,
        seldom=True,
    )
    def never_call(self, request: HttpRequest, row: CallLog, values: dict[str, Any]) -> str:
        entry = suppress(
            lead=row.lead,
            address="" if row.lead_id else row.phone.e164,
            channel=Channel.VOICE,
            reason=SuppressionReason.MANUAL,
            source="A call",
            evidence={"call": str(row.pk)},
            actor=access_of(request).user,
        )
        return f"{entry.address} is not called any more."
