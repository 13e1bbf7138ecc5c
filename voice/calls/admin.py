"""Admin pages of calls."""

from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.permissions import can_view
from lad.db.identifiers import uuid_or_none
from lad.figures import Figure
from lad.jobs.bulk import bulk_action
from lad.phones import UNKNOWN_NUMBER
from lad.tenancy.access import access_of
from leads.contacts.models import Lead
from voice import formatting
from voice.analysis import services as analysing
from voice.analysis.formatting import SENTIMENT_COLOURS
from voice.analysis.jobs import ANALYSE, RIGHT
from voice.analysis.models import CallAnalysis, Sentiment
from voice.calls.actions import CallActions
from voice.calls.models import CallLog
from voice.calls.page import call_context
from voice.calls.selectors import find_calls
from voice.statuses import Direction

ARROWS: Final = {Direction.OUTBOUND: "→ out", Direction.INBOUND: "← in"}


@register(CallLog)
class CallLogAdmin(CallActions, TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "call", 5
    empty_hint = "Calls of your voice agents appear here, with recording, transcript and cost."
    search_fields = ["id__exact"]
    search_help_text = "Telephone number, name or company of the lead, or an id"
    # Only LAD's own staff may correct what carriers and workers reported.
    platform_writes = True
    list_display = [
        "phone_number",
        "direction_arrow",
        "lead",
        "agent",
        "status_label",
        "duration",
        "sentiment_label",
        "cost_label",
        "created_at",
    ]
    list_filter = ["status", "direction", "agent", "lead", "campaign", "created_at"]
    fieldsets = [
        (
            None,
            {"fields": ["status", "direction", "lead", "agent", "from_number", "initiated_by_user"]},
        ),
        ("The other person's number", {"fields": ["to_country_code", "to_base_number", "to_leading_zeros"]}),
        ("Time", {"fields": ["started_at", "ended_at", "duration_seconds"]}),
        ("Campaign", {"fields": ["campaign", "campaign_lead", "campaign_step"]}),
        ("Data", {"fields": ["recording_url", "cost", "currency", "transcripts", "cost_breakdown", "metadata"]}),
    ]
    # What the page above the form does not say.
    rest_fieldsets = [("Data", {"fields": ["initiated_by_user", "metadata"]})]
    campaign_fieldsets = [("Campaign", {"fields": ["campaign", "campaign_lead", "campaign_step"]})]
    notes = ["voice/call.html"]
    actions = ["analyse_all"]
    actions_detail = [*CallActions.after_call, "analyse_again"]

    analyse_all = bulk_action("Analyse again", kind=ANALYSE, permission="analyse")

    def get_fieldsets(self, request: HttpRequest, obj: CallLog | None = None) -> Any:
        """Return every field for those who may correct it. Others see on the page above the form what matters."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        rest = [*(self.campaign_fieldsets if obj.campaign_id else []), *self.rest_fieldsets]
        return [*self._laid_out(request, rest, obj), *self._record(obj)]

    def has_analyse_permission(self, request: HttpRequest, obj: CallLog | None = None) -> bool:
        """Members have calls analysed, even though only LAD's own staff correct them."""
        return access_of(request).allows(RIGHT)

    @row_action(
        "Analyse again",
        explanation="The transcript is read again. What the analysis says now is kept as an earlier version.",
        permission="analyse",
        when=lambda call: call.is_finished,
        asks=analysing.examine,
        icon="analytics",
        seldom=True,
    )
    def analyse_again(
        self, request: HttpRequest, row: CallLog, values: dict[str, Any], examined: analysing.Examination
    ) -> str:
        analysis = analysing.record(examined, actor=access_of(request).user)
        return f"The call was analysed: {analysis.get_outcome_display() or analysis.get_skipped_reason_display()}."

    class Media:
        css = formatting.MEDIA_CSS
        js = ["voice/player.js"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not search_term.strip() or uuid_or_none(search_term.strip()) is not None:
            return super().get_search_results(request, queryset, search_term)
        return find_calls(queryset, search_term), False

    def listed(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        analyses = CallAnalysis.objects.filter(tenant=OuterRef("tenant"), call_log=OuterRef("pk"))
        lean = super().listed(request, rows).defer("transcripts", "cost_breakdown", "metadata")
        return lean.annotate(sentiment=Subquery(analyses.values("sentiment")[:1]))

    @display(description="Number")
    def phone_number(self, obj: CallLog) -> str:
        return str(obj.phone.e164 or UNKNOWN_NUMBER)

    @display(description="Direction", ordering="direction")
    def direction_arrow(self, obj: CallLog) -> str:
        return ARROWS[Direction(obj.direction)]

    @display(description="Status", label=formatting.CALL_COLOURS, ordering="status")
    def status_label(self, obj: CallLog) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description="Duration")
    def duration(self, obj: CallLog) -> str | None:
        return formatting.format_duration(obj.duration_seconds) if obj.duration_seconds else None

    @display(description="Cost")
    def cost_label(self, obj: CallLog) -> str | None:
        return Figure(f"{obj.cost:.4f} {obj.currency}") if obj.cost else None

    @display(description="Sentiment", label=SENTIMENT_COLOURS)
    def sentiment_label(self, obj: CallLog) -> tuple[str, str] | None:
        sentiment = getattr(obj, "sentiment", None)
        return (sentiment, Sentiment(sentiment).label) if sentiment else None

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        call = context.get("original")
        extra = call_context(call, sees_leads=can_view(request, Lead)) if call else {}
        return super().render_change_form(request, {**context, **extra}, *args, **kwargs)
