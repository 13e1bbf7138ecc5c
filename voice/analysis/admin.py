"""Calls with what was said on them, and what they told."""

from typing import Any

from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from voice import formatting as showing
from voice.analysis.models import CallAnalysis


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
