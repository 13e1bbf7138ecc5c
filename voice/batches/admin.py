"""Batches and the people in them."""

from typing import Any

from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.forms import ReasonForm
from lad.admin.inlines import LadInline
from lad.admin.permissions import access_of, is_deleted
from voice import formatting as showing
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services import batches
from voice.statuses import BATCH_OPEN, BatchStatus


def _waits(batch: Any) -> bool:
    """Whether the batch may still be changed; unfold passes ids where Django passes rows."""
    return not isinstance(batch, CallBatch) or batch.status == BatchStatus.QUEUED


class EntriesInline(LadInline):
    model = CallBatchEntry
    area = "calls"
    fields = ["to_phone", "lead", "status", "retry_count", "call_log", "error_message"]
    readonly_fields = ["status", "retry_count", "call_log", "error_message"]
    verbose_name_plural = "entries"
    can_add = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _waits(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _waits(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _waits(obj) and super().has_delete_permission(request, obj)


@register(CallBatch)
class CallBatchAdmin(TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "dynamic_form", 10
    list_display = ["agent", "state", "progress", "initiated_by_user", "scheduled_at", "created_at"]
    list_filter = ["status", "agent", "scheduled_at", "created_at"]
    list_select_related = ["agent"]
    search_fields = ["job_id__startswith"]
    search_help_text = "A job id or an id"
    add_fieldsets = [(None, {"fields": ["agent", "voice", "from_number", "scheduled_at", "metadata"]})]
    fieldsets = [
        (None, {"fields": ["status", "progress", "agent", "voice", "from_number", "scheduled_at"]}),
        (
            "So far",
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
    actions_detail = ["cancel", "stop"]

    class Media:
        css = showing.STYLE

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _waits(obj) and super().has_change_permission(request, obj)

    def has_call_off_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "update")

    @display(description="Status", label=showing.BATCHES, ordering="status")
    def state(self, obj: Any) -> Any:
        return obj.status, obj.get_status_display()

    @display(description="Progress")
    def progress(self, obj: Any) -> Any:
        return showing.progress(obj.completed_calls, obj.failed_calls, obj.total_calls)

    @row_action(
        "Cancel",
        explanation="Whoever has not been dialled will not be. Calls that ring or are spoken on end by themselves.",
        form=ReasonForm,
        permission="call_off",
        when=lambda row: not is_deleted(row) and row.status in BATCH_OPEN,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        batches.cancel_batch(batch=row, reason=values["reason"], actor=access_of(request).user)
        return "The batch is cancelled."

    @row_action(
        "Stop",
        explanation="Nobody new is dialled. Every call that was begun takes its course.",
        form=ReasonForm,
        permission="call_off",
        when=lambda row: not is_deleted(row) and row.status == BatchStatus.RUNNING,
        icon="stop_circle",
        danger=True,
    )
    def stop(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        batches.stop_batch(batch=row, reason=values["reason"], actor=access_of(request).user)
        return "The batch is stopped."


@register(CallBatchEntry)
class CallBatchEntryAdmin(TenantModelAdmin):
    area = "calls"
    section, icon, rank = "Voice", "list_alt", 20
    list_display = ["to_phone", "lead", "state", "retry_count", "batch", "created_at"]
    list_filter = ["status", "batch", "created_at"]
    list_select_related = ["batch__agent"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["batch", "to_phone", "lead"]}),
        ("So far", {"fields": ["status", "retry_count", "call_log", "error_message"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    search_help_text = "The id of an entry"

    @display(description="Status", label=showing.ENTRIES, ordering="status")
    def state(self, obj: Any) -> Any:
        return obj.status, obj.get_status_display()
