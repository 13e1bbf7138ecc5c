"""Admin pages of call batches and their entries."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from lad import moments
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.inlines import LadInline
from lad.admin.json_parts import JsonPartsAdmin, JsonPartsForm, Part
from lad.admin.json_view import json_view
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from lad.times import written
from leads.contacts.admin.by_lead import SearchedByLead
from tenants.activity.exports import begin_export, may_export
from voice import formatting
from voice.agents import prompt_lines
from voice.agents.admin.agents import LinesField
from voice.agents.services.defaults import with_defaults
from voice.batches import reports
from voice.batches.file_page import file_page
from voice.batches.models import CallBatch, CallBatchEntry, CallBatchLine
from voice.batches.page import batch_context
from voice.batches.redial_page import RedialAction
from voice.batches.services import lifecycle
from voice.batches.services.pausing import FILLING
from voice.dialer.delays_form import DelaysField, in_words
from voice.json_schemas import MAX_CONTEXT
from voice.statuses import BATCH_OPEN, BatchStatus

OVERVIEW: Final = "voice_callbatch_overview"
CONTEXT_ROWS: Final = 4
MAX_NAME: Final = 200


def _is_queued(batch: CallBatch | str | None) -> bool:
    """Return whether the batch may still change. Unfold passes an id where Django passes the row."""
    return not isinstance(batch, CallBatch) or batch.status == BatchStatus.QUEUED


class EntriesInline(LadInline):
    model = CallBatchEntry
    area = "calls"
    fields = ["to_phone", "lead", "status", "retry_count", "call_log", "error_message"]
    readonly_fields = ["status", "retry_count", "call_log", "error_message"]
    verbose_name_plural = "entries"
    can_add = True

    def has_add_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return _is_queued(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return _is_queued(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return _is_queued(obj) and super().has_delete_permission(request, obj)


def _context_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Context",
        required=False,
        max_length=MAX_CONTEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": CONTEXT_ROWS}),
        help_text=help_text,
    )


class CallBatchForm(JsonPartsForm):
    """Asks how a batch calls, and what its agent should know."""

    base_context = _context_field("What the agent should know or mention in every call.")
    parts: ClassVar[dict[str, Part]] = {"base_context": Part("metadata", ("base_context",))}


class EntryForm(JsonPartsForm):
    """Asks for a person to call, and what the agent should know of them."""

    lead_name = forms.CharField(label="Name", required=False, max_length=MAX_NAME, widget=UnfoldAdminTextInputWidget)
    context = _context_field("What the agent should know or mention when it calls this person.")
    variables = LinesField(
        to_lines=prompt_lines.variable_lines,
        read=prompt_lines.read_variables,
        required=False,
        help_text=prompt_lines.VARIABLES_HELP,
    )
    parts: ClassVar[dict[str, Part]] = {
        "lead_name": Part("metadata", ("lead_name",)),
        "context": Part("metadata", ("context",)),
        "variables": Part("metadata", ("variables",), in_words=json_view),
    }


class CancelForm(ReasonForm):
    """Ask why, and whether calls that go on are hung up."""

    forced = forms.BooleanField(
        label="Hang up", required=False, help_text="Also hang up the calls that ring or go on right now."
    )


class ScheduleForm(forms.Form):
    """Ask when to begin."""

    scheduled_at = forms.DateTimeField(
        label="Start", required=False, validators=[moments.validate], help_text="Empty: now."
    )


def _is_open(row: CallBatch) -> bool:
    return not is_deleted(row) and row.status in BATCH_OPEN


@display(description="Another attempt")
def _delays(obj: CallBatch) -> str:
    return in_words(obj.retry_delays)


@register(CallBatch)
class CallBatchAdmin(RedialAction, JsonPartsAdmin):
    area = "calls"
    section, icon, rank = "Voice", "dynamic_form", 10
    list_display = [
        "title",
        "agent",
        "status_label",
        "progress",
        "initiated_by_user",
        "scheduled_at",
        "created_at",
    ]
    list_filter = ["status", "agent", "scheduled_at", "created_at"]
    list_select_related = ["agent"]
    search_fields = ["job_id__startswith"]
    search_help_text = "Search by job id or id"
    add_fieldsets = [
        (None, {"fields": ["name", "agent", "voice", "from_number", "scheduled_at"]}),
        ("Rules", {"fields": ["purpose", "max_concurrent", "retry_delays", "base_context"]}),
    ]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "status",
                    "pause",
                    "progress",
                    "agent",
                    "voice",
                    "from_number",
                    "scheduled_at",
                ]
            },
        ),
        ("Rules", {"fields": ["purpose", "max_concurrent", "retry_delays", "base_context"]}),
        (
            "Progress",
            {
                "fields": [
                    "total_calls",
                    "completed_calls",
                    "failed_calls",
                    "started_at",
                    "finished_at",
                    "initiated_by_user",
                    "parent_batch",
                    "job_id",
                ]
            },
        ),
        ("Data", {"fields": ["other_data"]}),
    ]
    form = CallBatchForm
    readonly_fields = ["progress", "pause"]
    inlines = [EntriesInline]
    actions_list = ["from_file"]
    actions_detail = ["resume_calls", "pause_calls", "schedule", "report", "redial", "stop", "cancel"]

    notes = ["voice/batch.html"]

    class Media:
        css = formatting.MEDIA_CSS
        js = ["lad/admin/live.js"]

    def __init__(self, model: type[CallBatch], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        # For those who may only see it.
        self.retry_delays_json = _delays

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "retry_delays":
            return DelaysField(optional=True)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        overview = self.admin_site.admin_view(self.overview_part)
        return [path("<uuid:object_id>/overview/", overview, name=OVERVIEW), *super().get_urls()]

    def overview_part(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Return how far the batch is, which its page shows anew while calls are made."""
        batch = self.get_row_or_404(request, str(object_id))
        return TemplateResponse(request, "voice/batch_overview.html", self._overview(batch))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        batch = context.get("original")
        extra = self._overview(batch) if batch is not None else {}
        return super().render_change_form(request, {**context, **extra}, *args, **kwargs)

    def _overview(self, batch: CallBatch) -> dict[str, Any]:
        return {**batch_context(batch), "overview_url": reverse(f"admin:{OVERVIEW}", args=(batch.pk,))}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the add form shows at first: the agent and the number of the caller's voice profile."""
        defaults = with_defaults({}, access_of(request).user)
        shown = {name: row.pk for name, row in defaults.items()}
        return {**shown, **super().get_changeform_initial_data(request)}

    def has_change_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return _is_queued(obj) and super().has_change_permission(request, obj)

    def has_cancel_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return self.allows(request, "update")

    def has_export_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return self.has_view_permission(request) and may_export(request)

    @display(description="Batch", ordering="name")
    def title(self, obj: CallBatch) -> str:
        return obj.name or written(obj.created_at)

    @display(description="Status", label=formatting.BATCH_COLOURS, ordering="status")
    def status_label(self, obj: CallBatch) -> tuple[str, str]:
        return obj.status, f"{obj.get_status_display()}, paused" if obj.paused_at else obj.get_status_display()

    @display(description="Progress")
    def progress(self, obj: CallBatch) -> SafeString:
        return formatting.progress_bar(obj.completed_calls, obj.failed_calls, obj.total_calls)

    @display(description="Paused")
    def pause(self, obj: CallBatch) -> str | None:
        if obj.paused_at is None:
            return obj.pause_reason or None
        since = f"{obj.pause_reason} Since {written(obj.paused_at)}."
        job_id = lifecycle.filling_job(obj) if obj.pause_reason == FILLING else None
        if job_id is None:
            return since
        address = reverse("admin:jobs_job_change", args=(job_id,))
        return format_html('{} <a class="lad-link" href="{}">See the job</a>', since, address)

    @action(description="Call from a file", url_path="from-file", icon="upload_file", permissions=["add"])
    def from_file(self, request: HttpRequest) -> HttpResponse:
        return file_page(self, request)

    @action(description="Report (CSV)", url_path="report-file", icon="download", permissions=["export"])
    def report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = self.get_row_or_404(request, str(object_id))
        again = begin_export(request, kind=reports.KIND, row_count=batch.total_calls)
        return again or reports.batch_csv(batch, access_of(request))  # type: ignore[return-value]  # as for leads

    @row_action(
        "Resume",
        explanation="The dialer goes on with the people who were not called yet.",
        permission="cancel",
        when=lambda row: _is_open(row) and row.paused_at is not None,
        icon="play_circle",
    )
    def resume_calls(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        lifecycle.resume_batch(batch=row, actor=access_of(request).user)
        return "The batch goes on."

    @row_action(
        "Pause",
        explanation="Nobody else is dialled until somebody resumes the batch. Calls that have begun continue.",
        form=ReasonForm,
        permission="cancel",
        when=lambda row: _is_open(row) and row.paused_at is None,
        icon="pause_circle",
    )
    def pause_calls(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        lifecycle.pause_batch(batch=row, reason=values["reason"], actor=access_of(request).user)
        return "The batch is paused."

    @row_action(
        "Schedule",
        form=ScheduleForm,
        permission="cancel",
        when=lambda row: not is_deleted(row) and row.status == BatchStatus.QUEUED,
        icon="schedule",
    )
    def schedule(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        batch = lifecycle.schedule_batch(batch=row, at=values["scheduled_at"], actor=access_of(request).user)
        return f"Calling starts {written(batch.scheduled_at)}." if batch.scheduled_at else "Calling starts now."

    @row_action(
        "Cancel",
        explanation="Nobody else will be dialled. Calls that already ring or are ongoing continue, unless you hang up.",
        form=CancelForm,
        permission="cancel",
        when=_is_open,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        lifecycle.cancel_batch(
            batch=row, reason=values["reason"], forced=values["forced"], actor=access_of(request).user
        )
        return "The batch was cancelled."

    @row_action(
        "Stop",
        explanation="Nobody else will be dialled. Every call that has started continues.",
        form=ReasonForm,
        permission="cancel",
        when=lambda row: not is_deleted(row) and row.status == BatchStatus.RUNNING,
        icon="stop_circle",
        danger=True,
        seldom=True,
    )
    def stop(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        lifecycle.stop_batch(batch=row, reason=values["reason"], actor=access_of(request).user)
        return "The batch was stopped."


@register(CallBatchEntry)
class CallBatchEntryAdmin(SearchedByLead, JsonPartsAdmin):
    area = "calls"
    section, icon, rank = "Voice", "list_alt", 20
    list_display = ["to_phone", "lead", "status_label", "retry_count", "batch", "created_at"]
    list_filter = ["status", "batch", "created_at"]
    list_select_related = ["batch__agent"]
    form = EntryForm
    add_fieldsets = [
        (None, {"fields": ["batch", "to_phone", "lead"]}),
        ("For the agent", {"fields": ["lead_name", "context", "variables"]}),
    ]
    fieldsets = [
        (None, {"fields": ["batch", "to_phone", "lead"]}),
        ("For the agent", {"fields": ["lead_name", "context", "variables"]}),
        (
            "Progress",
            {
                "fields": [
                    "status",
                    "outcome",
                    "retry_count",
                    "next_attempt_at",
                    "call_log",
                    "error_message",
                    "decision",
                ]
            },
        ),
        ("Data", {"fields": ["other_data"]}),
    ]

    @display(description="Status", label=formatting.ENTRY_COLOURS, ordering="status")
    def status_label(self, obj: CallBatchEntry) -> tuple[str, str]:
        return obj.status, obj.get_status_display()


@register(CallBatchLine)
class CallBatchLineAdmin(ReadOnlyAdmin):
    """The people whom jobs put into batches, for LAD's staff."""

    area = "jobs"
    platform_only = True
    section, icon, rank = "Operations", "playlist_add", 6
    list_display = ["job", "batch", "number", "problem", "created_at"]
