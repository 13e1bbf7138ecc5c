"""Calls with what was said on them, and what they told."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from lad.adminsite.base import TenantModelAdmin, register
from voice.admin import showing
from voice.admin.searching import FoundByPhone
from voice.models import CallAnalysis, CallLog, Sentiment
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


@register(CallAnalysis)
class CallAnalysisAdmin(TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "analytics", 15
    platform_writes = True
    list_display = ["call_log", "lead", "mood", "nearness", "disposition", "engagement_level", "created_at"]
    list_filter = ["sentiment", "lead_category", "disposition", "engagement_level", "lead", "created_at"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["call_log", "lead", "summary", "recommended_action"]}),
        ("Judgement", {"fields": ["sentiment", "lead_category", "disposition", "engagement_level"]}),
        ("Points", {"fields": ["key_points", "prospect_questions", "prospect_concerns", "stages_reached"]}),
        ("Data", {"fields": ["lead_extraction", "cost", "raw_analysis", "metadata"]}),
    ]

    @display(description="Sentiment", label=showing.SENTIMENTS, ordering="sentiment")
    def mood(self, obj: Any) -> Any:
        return (obj.sentiment, obj.get_sentiment_display()) if obj.sentiment else None

    @display(description="Lead category", label=showing.CATEGORIES, ordering="lead_category")
    def nearness(self, obj: Any) -> Any:
        return (obj.lead_category, obj.get_lead_category_display()) if obj.lead_category else None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "call_log" in readonly else [*readonly, "call_log"]


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


def _facts(analysis: CallAnalysis | None) -> list[str]:
    if analysis is None:
        return []
    shown = (
        analysis.get_sentiment_display(),
        analysis.get_lead_category_display(),
        analysis.get_disposition_display(),
        analysis.engagement_level and f"{analysis.get_engagement_level_display()} engagement",
    )
    return [fact for fact in shown if fact]


def _lists(analysis: CallAnalysis | None) -> list[tuple[str, list[str]]]:
    if analysis is None:
        return []
    return [
        ("Key points", analysis.key_points),
        ("They asked", analysis.prospect_questions),
        ("They worry about", analysis.prospect_concerns),
    ]
