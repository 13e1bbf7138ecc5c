"""Calls with what was said on them, and what they told."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from voice import formatting as showing
from voice.analysis.admin import _facts, _lists
from voice.analysis.models import CallAnalysis, Sentiment
from voice.calls.models import CallLog
from voice.phone_search import FoundByPhone
from voice.statuses import Direction

ARROWS = {Direction.OUTBOUND: "→ out", Direction.INBOUND: "← in"}


@register(CallLog)
class CallLogAdmin(FoundByPhone, TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "call", 5
    phone_prefix = "to_"
    # What carriers and workers report is corrected by the platform's staff alone.
    platform_writes = True
    list_display = ["other_side", "way", "lead", "agent", "state", "duration", "mood", "price", "created_at"]
    list_filter = ["status", "direction", "agent", "lead", "campaign", "created_at"]
    fieldsets = [
        (
            None,
            {"fields": ["status", "direction", "lead", "agent", "from_number", "initiated_by_user"]},
        ),
        ("Number of the other side", {"fields": ["to_country_code", "to_base_number", "to_leading_zeros"]}),
        ("Time", {"fields": ["started_at", "ended_at", "duration_seconds"]}),
        ("Campaign", {"fields": ["campaign", "campaign_lead", "campaign_step"]}),
        ("Data", {"fields": ["recording_url", "cost", "currency", "transcripts", "cost_breakdown", "metadata"]}),
    ]
    notes = ["voice/call.html"]

    class Media:
        css = showing.STYLE

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        about = CallAnalysis.objects.filter(tenant=OuterRef("tenant"), call_log=OuterRef("pk"))
        lean = super().listed(request, rows).defer("transcripts", "cost_breakdown", "metadata")
        return lean.annotate(sentiment=Subquery(about.values("sentiment")[:1]))

    @display(description="Number")
    def other_side(self, obj: Any) -> str:
        return str(obj.phone.e164)

    @display(description="Direction", ordering="direction")
    def way(self, obj: Any) -> str:
        return ARROWS[Direction(obj.direction)]

    @display(description="Status", label=showing.CALLS, ordering="status")
    def state(self, obj: Any) -> Any:
        return obj.status, obj.get_status_display()

    @display(description="Duration")
    def duration(self, obj: Any) -> str | None:
        return showing.clock(obj.duration_seconds) if obj.duration_seconds else None

    @display(description="Cost")
    def price(self, obj: Any) -> str | None:
        return f"{obj.cost:.4f} {obj.currency}" if obj.cost else None

    @display(description="Sentiment", label=showing.SENTIMENTS)
    def mood(self, obj: Any) -> Any:
        return (obj.sentiment, Sentiment(obj.sentiment).label) if obj.sentiment else None

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        call = context.get("original")
        return super().render_change_form(request, {**context, **(_told(call) if call else {})}, *args, **kwargs)


def _told(call: CallLog) -> dict[str, Any]:
    """What the top of a call's page shows: the conversation, and beside it what was recorded, found and paid."""
    analysis = CallAnalysis.objects.filter(call_log=call).first()
    return {
        "conversation": showing.conversation(call.transcripts),
        "player": showing.player(call.recording_url),
        "cost": showing.cost_table(call.cost_breakdown, call.cost, call.currency),
        "analysis": analysis,
        "facts": _facts(analysis),
        "lists": _lists(analysis),
        "analysis_url": analysis and reverse("admin:voice_callanalysis_change", args=(analysis.pk,)),
    }
