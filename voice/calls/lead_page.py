"""Calls on the lead's page."""

from django.db.models import QuerySet
from django.urls import reverse

from lad.admin.inlines import ReadOnlyInline
from leads.contacts.extensions import Known, TimelineEntry, TimelineKind, add_inline, add_timeline_source
from leads.contacts.models import Lead
from voice.calls.models import CallLog
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
