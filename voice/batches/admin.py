"""Admin pages of call batches and their entries."""

from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.inlines import LadInline
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of
from leads.contacts.admin.by_lead import SearchedByLead
from voice import formatting
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.redial_page import RedialAction
from voice.batches.services import batches
from voice.statuses import BATCH_OPEN, BatchStatus


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


@register(CallBatch)
class CallBatchAdmin(RedialAction, TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "dynamic_form", 10
    list_display = ["agent", "status_label", "progress", "initiated_by_user", "scheduled_at", "created_at"]
    list_filter = ["status", "agent", "scheduled_at", "created_at"]
    list_select_related = ["agent"]
    search_fields = ["job_id__startswith"]
    search_help_text = "Search by job id or id"
    add_fieldsets = [(None, {"fields": ["agent", "voice", "from_number", "scheduled_at", "metadata"]})]
    fieldsets = [
        (None, {"fields": ["status", "progress", "agent", "voice", "from_number", "scheduled_at"]}),
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
                    "job_id",
                ]
            },
        ),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["progress"]
    inlines = [EntriesInline]
    actions_detail = ["redial", "stop", "cancel"]

    class Media:
        css = formatting.MEDIA_CSS

    def has_change_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return _is_queued(obj) and super().has_change_permission(request, obj)

    def has_cancel_permission(self, request: HttpRequest, obj: CallBatch | None = None) -> bool:
        return self.allows(request, "update")

    @display(description="Status", label=formatting.BATCH_COLOURS, ordering="status")
    def status_label(self, obj: CallBatch) -> tuple[str, str]:
        return obj.status, obj.get_status_display()

    @display(description="Progress")
    def progress(self, obj: CallBatch) -> SafeString:
        return formatting.progress_bar(obj.completed_calls, obj.failed_calls, obj.total_calls)

    @row_action(
        "Cancel",
        explanation="Nobody else will be dialled. Calls that already ring or are ongoing continue.",
        form=ReasonForm,
        permission="cancel",
        when=lambda row: not is_deleted(row) and row.status in BATCH_OPEN,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        batches.cancel_batch(batch=row, reason=values["reason"], actor=access_of(request).user)
        return "The batch was cancelled."

    @row_action(
        "Stop",
        explanation="Nobody else will be dialled. Every call that has started continues.",
        form=ReasonForm,
        permission="cancel",
        when=lambda row: not is_deleted(row) and row.status == BatchStatus.RUNNING,
        icon="stop_circle",
        danger=True,
    )
    def stop(self, request: HttpRequest, row: CallBatch, values: dict[str, Any]) -> str:
        batches.stop_batch(batch=row, reason=values["reason"], actor=access_of(request).user)
        return "The batch was stopped."


@register(CallBatchEntry)
class CallBatchEntryAdmin(SearchedByLead, TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "list_alt", 20
    list_display = ["to_phone", "lead", "status_label", "retry_count", "batch", "created_at"]
    list_filter = ["status", "batch", "created_at"]
    list_select_related = ["batch__agent"]
    fieldsets = [
        (None, {"fields": ["batch", "to_phone", "lead"]}),
        ("Progress", {"fields": ["status", "retry_count", "call_log", "error_message"]}),
        ("Data", {"fields": ["metadata"]}),
    ]

    @display(description="Status", label=formatting.ENTRY_COLOURS, ordering="status")
    def status_label(self, obj: CallBatchEntry) -> tuple[str, str]:
        return obj.status, obj.get_status_display()
