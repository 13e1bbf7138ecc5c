"""Admin pages of call analyses."""

from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from leads.contacts.admin.by_lead import SearchedByLead
from voice.analysis.formatting import CATEGORY_COLOURS, OUTCOME_COLOURS, SENTIMENT_COLOURS
from voice.analysis.models import CallAnalysis, CallAnalysisRequest, CallAnalysisVersion


@register(CallAnalysis)
class CallAnalysisAdmin(SearchedByLead, TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "analytics", 15
    platform_writes = True
    list_display = [
        "call_log",
        "lead",
        "outcome_label",
        "sentiment_label",
        "category_label",
        "follow_up_at",
        "do_not_call",
        "created_at",
    ]
    list_filter = [
        "outcome",
        "do_not_call",
        "sentiment",
        "lead_category",
        "disposition",
        "answered_by",
        "engagement_level",
        "lead",
        "created_at",
    ]
    fieldsets = [
        (None, {"fields": ["call_log", "lead", "summary", "recommended_action"]}),
        (
            "Assessment",
            {
                "fields": [
                    ("outcome", "answered_by"),
                    ("sentiment", "lead_category"),
                    ("disposition", "engagement_level"),
                    ("follow_up_at", "follow_up_zone"),
                    "do_not_call",
                ]
            },
        ),
        (
            "Points",
            {"fields": ["key_points", "prospect_questions", "prospect_concerns", "objections", "stages_reached"]},
        ),
        ("Data", {"fields": ["lead_extraction", "evidence", "cost", "raw_analysis", "metadata"]}),
        (
            "Made by",
            {"fields": [("version", "analyser_version"), ("model", "prompt_version"), "reason", "skipped_reason"]},
        ),
    ]

    @display(description="Outcome", label=OUTCOME_COLOURS, ordering="outcome")
    def outcome_label(self, obj: CallAnalysis) -> tuple[str, str] | None:
        return (obj.outcome, str(obj.get_outcome_display())) if obj.outcome else None

    @display(description="Sentiment", label=SENTIMENT_COLOURS, ordering="sentiment")
    def sentiment_label(self, obj: CallAnalysis) -> tuple[str, str] | None:
        return (obj.sentiment, str(obj.get_sentiment_display())) if obj.sentiment else None

    @display(description="Lead category", label=CATEGORY_COLOURS, ordering="lead_category")
    def category_label(self, obj: CallAnalysis) -> tuple[str, str] | None:
        return (obj.lead_category, str(obj.get_lead_category_display())) if obj.lead_category else None

    def get_readonly_fields(self, request: HttpRequest, obj: CallAnalysis | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "call_log" in readonly else [*readonly, "call_log"]


@register(CallAnalysisVersion)
class CallAnalysisVersionAdmin(ReadOnlyAdmin):
    area = "calls"
    section, icon, rank = "Voice", "history", 16
    list_display = ["analysis", "number", "analyser_version", "model", "replaced_by_user", "created_at"]
    list_filter = ["created_at"]


@register(CallAnalysisRequest)
class CallAnalysisRequestAdmin(ReadOnlyAdmin):
    area = "calls"
    platform_only = True
    section, icon, rank = "Operations", "pending", 7
    list_display = ["call_log", "state", "attempts", "next_attempt_at", "error", "created_at"]
    list_filter = ["state", "created_at"]
