"""Calls on the lead's page."""

from django.db.models import QuerySet
from django.urls import reverse

from lad.admin.inlines import ReadOnlyInline
from leads.contacts.extensions import TimelineEntry, add_inline, add_timeline_source
from leads.contacts.models import Lead
from voice.calls.models import CallLog
from voice.features import VOICE_AGENT
from voice.formatting import format_duration


class LeadCallsInline(ReadOnlyInline):
    """The calls with a lead."""

    model = CallLog
    fk_name = "lead"
    area = "calls"
    fields = ["direction", "agent", "status", "started_at", "duration_seconds"]
    per_page = 10
    verbose_name_plural = "calls"


def calls_of(lead: Lead) -> QuerySet[CallLog]:
    """Return the calls with the lead, newest first."""
    calls = CallLog.objects.filter(tenant=lead.tenant_id, lead=lead.pk).order_by("-created_at")
    return calls.only("created_at", "direction", "status", "duration_seconds", "initiated_by_user_id")


def call_entry(call: CallLog) -> TimelineEntry:
    return TimelineEntry(
        at=call.created_at,
        icon="call",
        text=f"{call.get_direction_display()} call",
        detail=_detail(call),
        user_id=call.initiated_by_user_id,
        url=reverse("admin:voice_calllog_change", args=(call.pk,)),
    )


def _detail(call: CallLog) -> str:
    return " · ".join(filter(None, (call.get_status_display(), format_duration(call.duration_seconds or None))))


add_inline(LeadCallsInline, rank=70, feature=VOICE_AGENT)
add_timeline_source("calls", calls_of, call_entry, right="calls.view", feature=VOICE_AGENT)
