"""Actions on the booking's page: let a voice agent call at its time, or nobody."""

from typing import Any

from django import forms
from django.http import HttpRequest

from lad.admin.actions import row_action
from lad.tenancy.access import access_of
from leads.bookings.extensions import add_action
from leads.bookings.models import BookingStatus, LeadBooking, TaskStatus
from leads.contactability.models import Purpose
from voice.agents.models import VoiceAgent
from voice.agents.services.permissions import require_use
from voice.features import VOICE_AGENT
from voice.follow_ups import automatic
from voice.follow_ups.automatic import AutomaticCall
from voice.numbers.models import VoiceNumber


def _calls(row: LeadBooking) -> bool:
    return row.task_status == TaskStatus.SCHEDULED and row.is_open


def _may_call(row: LeadBooking) -> bool:
    return row.status in (BookingStatus.SCHEDULED, BookingStatus.CONFIRMED) and not _calls(row)


def _call_form(row: LeadBooking) -> type[forms.Form]:
    """Return a form that asks who calls, and what they are told."""
    agents = VoiceAgent.objects.filter(tenant=row.tenant_id).order_by("name")
    numbers = VoiceNumber.objects.filter(tenant=row.tenant_id).order_by("pk")
    fields: dict[str, Any] = {
        "agent": forms.ModelChoiceField(agents),
        "number": forms.ModelChoiceField(numbers, required=False, help_text="Empty: the numbers take turns."),
        "purpose": forms.ChoiceField(
            choices=Purpose.choices,
            help_text="An answer or service needs no consent and keeps to no hours: the lead asked for the call.",
        ),
        "context": forms.CharField(
            label="What the agent is told", max_length=20_000, required=False, widget=forms.Textarea
        ),
    }
    return type("AutomaticCallForm", (forms.Form,), fields)


@row_action(
    "Let an agent call",
    explanation="A voice agent calls the lead at the booking's time.",
    form=_call_form,
    permission="let_agent_call",
    when=_may_call,
    icon="support_agent",
)
def let_agent_call(self: Any, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
    user, agent, number = access_of(request).user, values["agent"], values["number"]
    require_use(actor=user, number=number, voice=agent.voice if agent.voice_id else None)
    call = AutomaticCall(agent.pk, str(number.pk) if number else None, values["purpose"], values["context"])
    automatic.let_agent_call(booking=row, call=call, actor=user)
    return f"{agent} calls the lead at the booking's time."


@row_action(
    "No automatic call",
    explanation="The booking stays. Nobody calls by itself.",
    permission="let_nobody_call",
    when=_calls,
    icon="phone_disabled",
)
def let_nobody_call(self: Any, request: HttpRequest, row: LeadBooking, values: dict[str, Any]) -> str:
    automatic.let_nobody_call(booking=row, actor=access_of(request).user)
    return "Nobody calls by itself."


add_action(let_agent_call, rights=("calls.create", "bookings.view"), feature=VOICE_AGENT)
add_action(let_nobody_call, rights=("calls.update", "bookings.view"), feature=VOICE_AGENT)
