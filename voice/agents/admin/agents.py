"""Admin pages of voice agents and voices."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from lad.admin.base import SharedModelAdmin, TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from voice import formatting
from voice.agents import field_lines
from voice.agents.models import Voice, VoiceAgent
from voice.numbers.models import VoiceNumber

INSTRUCTION_ROWS: Final = 16
OPENING_ROWS: Final = 5
FIELD_ROWS: Final = 6
OPENING_FIELDS: Final = ("outbound_starter_prompt", "inbound_starter_prompt")


class FieldLinesField(forms.CharField):
    """The fields of the analysis as lines of text."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": FIELD_ROWS})

    def prepare_value(self, value: Any) -> Any:
        return field_lines.to_lines(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        return field_lines.from_lines(value or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(field_lines.from_lines(data or "") != field_lines.from_lines(self.prepare_value(initial or {})))
        except ValidationError:
            return True


class AnsweredNumbersInline(ReadOnlyInline):
    model = VoiceNumber
    area = "voice"
    fields = ["number", "status", "provider"]
    verbose_name_plural = "numbers it answers"

    @display(description="Number")
    def number(self, obj: VoiceNumber) -> str:
        return str(obj.phone.international)

    def get_readonly_fields(self, request: HttpRequest, obj: VoiceAgent | None = None) -> list[str]:
        return list(self.fields)


@register(VoiceAgent)
class VoiceAgentAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "support_agent", 30
    empty_hint = "A voice agent talks to leads on the phone. Give it a voice and its instructions."
    global_search = True
    list_display = ["name", "language", "gender", "voice", "created_at"]
    list_filter = ["gender", "voice", "created_at"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "language", "gender", "voice", "sample"]}),
        ("Instructions", {"fields": ["agent_instructions", "system_instructions"]}),
        ("Opening of a call", {"fields": ["outbound_starter_prompt", "inbound_starter_prompt"]}),
        ("Analysis of its calls", {"fields": ["analysis_fields"]}),
    ]
    readonly_fields = ["sample"]
    inlines = [AnsweredNumbersInline]

    class Media:
        css = formatting.MEDIA_CSS

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "analysis_fields":
            label = str(db_field.verbose_name).capitalize()
            return FieldLinesField(required=False, label=label, help_text=field_lines.HELP)
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, models.TextField) and formfield is not None:
            formfield.widget.attrs["rows"] = OPENING_ROWS if db_field.name in OPENING_FIELDS else INSTRUCTION_ROWS
        return formfield

    @display(description="Voice sample")
    def sample(self, obj: VoiceAgent) -> SafeString:
        return formatting.audio_player(obj.voice.voice_sample_url) if obj.voice else formatting.EMPTY


@register(Voice)
class VoiceAdmin(SharedModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "record_voice_over", 50
    list_display = ["__str__", "provider", "language", "gender", "accent", "created_at"]
    list_filter = ["provider", "gender", "created_at"]
    search_fields = ["description", "provider_voice_id"]
    fieldsets = [
        (None, {"fields": ["description", "provider", "provider_voice_id", "language", "gender", "accent"]}),
        ("Sample", {"fields": ["sample", "voice_sample_url"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["sample"]

    class Media:
        css = formatting.MEDIA_CSS

    @display(description="Voice sample")
    def sample(self, obj: Voice) -> SafeString:
        return formatting.audio_player(obj.voice_sample_url)
