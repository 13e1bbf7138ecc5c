"""Admin pages of call analyses."""

from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from leads.contacts.admin.by_lead import SearchedByLead
from voice.analysis.formatting import CATEGORY_COLOURS, SENTIMENT_COLOURS
from voice.analysis.models import CallAnalysis


@register(CallAnalysis)
class CallAnalysisAdmin(SearchedByLead, TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "analytics", 15
    platform_writes = True
    list_display = [
        "call_log",
        "lead",
        "sentiment_label",
        "category_label",
        "disposition",
        "engagement_level",
        "created_at",
    ]
    list_filter = ["sentiment", "lead_category", "disposition", "engagement_level", "lead", "created_at"]
    fieldsets = [
        (None, {"fields": ["call_log", "lead", "summary", "recommended_action"]}),
        ("Assessment", {"fields": ["sentiment", "lead_category", "disposition", "engagement_level"]}),
        ("Points", {"fields": ["key_points", "prospect_questions", "prospect_concerns", "stages_reached"]}),
        ("Data", {"fields": ["lead_extraction", "cost", "raw_analysis", "metadata"]}),
    ]

    @display(description="Sentiment", label=SENTIMENT_COLOURS, ordering="sentiment")
    def sentiment_label(self, obj: CallAnalysis) -> tuple[str, str] | None:
        return (obj.sentiment, str(obj.get_sentiment_display())) if obj.sentiment else None

    @display(description="Lead category", label=CATEGORY_COLOURS, ordering="lead_category")
    def category_label(self, obj: CallAnalysis) -> tuple[str, str] | None:
        return (obj.lead_category, str(obj.get_lead_category_display())) if obj.lead_category else None

    def get_readonly_fields(self, request: HttpRequest, obj: CallAnalysis | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "call_log" in readonly else [*readonly, "call_log"]
