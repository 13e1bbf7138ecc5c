"""Calls on the lead's page, and how to start one."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lad.admin.actions import Preview, row_action
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.phones import shown
from lad.tenancy.access import access_of
from lad.tenancy.context import current_scope
from leads.contacts.extensions import (
    Known,
    TimelineEntry,
    TimelineKind,
    add_action,
    add_inline,
    add_timeline_source,
)
from leads.contacts.models import Lead
from tenants.accounts.models import User
from voice.batches.forms import CHOOSE_NUMBER, CallingForm, agent_of, calling_form, number_of
from voice.calls.models import CallLog
from voice.calls.starting import Wish, call_lead, decision_for
from voice.features import VOICE_AGENT
from voice.formatting import format_duration
from voice.statuses import CallStatus, Direction


class LeadCallsInline(ReadOnlyInline):
    """The calls with a lead."""

    model = CallLog
    fk_name = "lead"
    area = "calls"
    fields = ["direction", "agent", "status", "started_at", "duration_seconds"]
    per_page = 10
    verbose_name_plural = "calls"


def calls_of(lead: Lead) -> QuerySet[CallLog]:
    """Return the calls with the lead."""
    calls = CallLog.objects.filter(tenant=lead.tenant_id, lead=lead.pk)
    return calls.only("created_at", "direction", "status", "duration_seconds", "initiated_by_user_id")


def call_entry(call: CallLog, known: Known) -> TimelineEntry:
    inbound = call.direction == Direction.INBOUND
    return TimelineEntry(
        icon="phone_callback" if inbound else "call",
        text=f"{known.lead} called" if inbound else f"{known.user(call.initiated_by_user_id)} called {known.lead}",
        marks=tuple(filter(None, (call.get_status_display(), format_duration(call.duration_seconds or None)))),
        user_id=None if inbound else call.initiated_by_user_id,
        url=reverse("admin:voice_calllog_change", args=(call.pk,)),
        warns=call.status == CallStatus.FAILED,
    )


add_inline(LeadCallsInline, rank=70, feature=VOICE_AGENT)
add_timeline_source(
    "calls",
    calls_of,
    call_entry,
    kind=TimelineKind.CALL,
    right="calls.view",
    feature=VOICE_AGENT,
    user="initiated_by_user",
    users=lambda call: (call.initiated_by_user_id,),
)


def call_form(lead: Lead) -> type[forms.Form]:
    """Return the form that asks how a lead is called. It names the number, which can be another one for this call."""
    scope = current_scope()
    actor = User.objects.filter(pk=scope.user_id).first() if scope is not None and scope.user_id else None
    form = calling_form(CallingForm, lead.tenant_id, actor)
    phone = forms.CharField(label="Telephone number", initial=shown(lead.phone) if lead.phone else "", max_length=50)
    return type("CallForm", (form,), {"phone": phone, "field_order": ["phone", *CallingForm.base_fields]})


def call_preview(lead: Lead, values: dict[str, Any]) -> Preview:
    """Return when the lead may be called, or raise the reason why it may not."""
    now = timezone.now()
    at = max(now, values.get("scheduled_at") or now)
    decision = decision_for(lead.pk, purpose=values["purpose"], at=at)
    facts = [("Number", values["phone"]), ("Agent", str(agent_of(values)))]
    facts.append(("From", str(number_of(values) or CHOOSE_NUMBER[1])))
    warnings = [] if decision.allowed else [decision.sentence()]
    return Preview(facts, warnings=warnings)


@row_action(
    "Call",
    explanation="The agent calls as soon as there is room and the hours allow it.",
    form=call_form,
    permission="call",
    when=lambda row: not is_deleted(row) and not row.is_archived,
    preview=call_preview,
    icon="call",
)
def call(lead_admin: object, request: HttpRequest, row: Lead, values: dict[str, Any]) -> str:
    number = number_of(values)
    wish = Wish(
        agent=agent_of(values),
        number=number,
        chooses_number=number is None,
        context=values["context"],
        purpose=values["purpose"],
        due_at=values["scheduled_at"],
    )
    started = call_lead(lead=row, wish=wish, phone=values["phone"], actor=access_of(request).user)
    return started.waits or f"{row} is called as soon as there is room."


add_action(call, rank=20, rights=("leads.view", "calls.create"), feature=VOICE_AGENT)
