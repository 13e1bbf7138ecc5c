"""Admin pages of recordings: listen, and erase."""

from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.tenancy.access import access_of
from voice.formatting import format_duration
from voice.recordings import services
from voice.recordings.models import CallRecording, RecordingState

COLOURS: Final = {
    RecordingState.QUEUED: "info",
    RecordingState.FETCHING: "info",
    RecordingState.STORED: "success",
    RecordingState.MISSING: "warning",
    RecordingState.ERASED: "default",
}
EXPLANATION: Final = "The recording is erased for good. Its length, its hash and your reason stay. Nobody can undo it."


class EraseForm(forms.Form):
    """Ask why."""

    reason = forms.CharField(max_length=200, required=False, help_text="Kept with what is left of the recording.")


@register(CallRecording)
class CallRecordingAdmin(ReadOnlyAdmin):
    area = "calls"
    section, icon, rank = "Voice", "graphic_eq", 17
    empty_hint = "Recordings appear here once calls that were answered are over. The rules of dialling say how long."
    list_display = ["call_log", "state_label", "length", "file_size", "stored_at", "erase_at"]
    list_filter = ["state", "created_at"]
    fieldsets = [
        (None, {"fields": ["call_log", "state_label", "listen", "error"]}),
        ("Content", {"fields": ["media_type", "length", "file_size", "checksum"]}),
        ("Kept", {"fields": ["stored_at", "erase_at", "erased_at", "erased_by_user", "erased_reason"]}),
    ]
    readonly_fields = ["state_label", "listen", "length", "file_size"]
    actions_detail = ["erase"]

    @display(description="State", label=COLOURS, ordering="state")
    def state_label(self, obj: CallRecording) -> tuple[str, str]:
        return obj.state, str(obj.get_state_display())

    @display(description="Length")
    def length(self, obj: CallRecording) -> str | None:
        return format_duration(obj.duration_seconds) or None

    @display(description="Size", ordering="size")
    def file_size(self, obj: CallRecording) -> str | None:
        return filesizeformat(obj.size) if obj.size else None

    @display(description="Recording")
    def listen(self, obj: CallRecording) -> SafeString | str:
        if not obj.is_stored:
            return "–"
        link = services.link_to(obj, now=timezone.now())
        return format_html('<audio class="voice-player" controls preload="none" src="{}"></audio>', link.path)

    def has_erase_permission(self, request: HttpRequest, obj: CallRecording | None = None) -> bool:
        return access_of(request).allows("calls.update")

    @row_action(
        "Erase",
        explanation=EXPLANATION,
        form=EraseForm,
        permission="erase",
        when=lambda row: row.state != RecordingState.ERASED,
        icon="delete_forever",
        danger=True,
    )
    def erase(self, request: HttpRequest, row: CallRecording, values: dict[str, Any]) -> str:
        services.erase(recording=row, reason=values["reason"], actor=access_of(request).user)
        return "The recording was erased."
