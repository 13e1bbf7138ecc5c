"""Admin pages of voice agents and voices."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from lad.admin.actions import row_action
from lad.admin.base import SharedModelAdmin, TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.tenancy.access import actor_of
from lad.types import Values
from voice import formatting
from voice.agents import field_lines, filling, prompt_lines
from voice.agents.admin.trying import talk_page
from voice.agents.models import KnowledgeText, Voice, VoiceAgent, VoiceAgentVersion
from voice.agents.services import versions
from voice.agents.tools import TOOLS
from voice.numbers.models import VoiceNumber

INSTRUCTION_ROWS: Final = 16
OPENING_ROWS: Final = 5
FIELD_ROWS: Final = 6
NONE: Final = "None: each has a value for everybody, or a fallback."
OPENING_FIELDS: Final = ("outbound_starter_prompt", "inbound_starter_prompt")


class LinesField(forms.CharField):
    """JSON as lines of text: ``to_lines`` writes them and ``read`` reads them."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": FIELD_ROWS})

    def __init__(self, *, to_lines: Callable[[Any], str], read: Callable[[str], Any], **options: Any) -> None:
        self.to_lines, self.read = to_lines, read
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        return self.to_lines(value) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        return self.read(value or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.read(data or "") != self.read(self.prepare_value(initial or {})))
        except ValidationError:
            return True


# Column → how it is written and read as lines, and what its form says of it.
LINES: Final[dict[str, tuple[Callable[[Any], str], Callable[[str], Any], str]]] = {
    "analysis_fields": (field_lines.to_lines, field_lines.from_lines, field_lines.HELP),
    "fallbacks": (prompt_lines.fallback_lines, prompt_lines.read_fallbacks, prompt_lines.FALLBACKS_HELP),
    "openings": (prompt_lines.opening_lines, prompt_lines.read_openings, prompt_lines.OPENINGS_HELP),
}
CONTENT_FIELDSETS: Final = [
    ("Instructions", {"fields": ["agent_instructions", "system_instructions"]}),
    ("Opening of a call", {"fields": [*OPENING_FIELDS, "openings", "fallbacks"]}),
    ("During a call", {"fields": ["tools", "transfer_to"]}),
    ("Analysis of its calls", {"fields": ["analysis_fields"]}),
]


def content_field(model_admin: Any, db_field: models.Field, formfield: Any) -> Any:
    """Return the form's field for something that an agent says or does."""
    label = str(db_field.verbose_name).capitalize()
    if db_field.name in LINES:
        to_lines, read, help_text = LINES[db_field.name]
        return LinesField(to_lines=to_lines, read=read, required=False, label=label, help_text=help_text)
    if db_field.name == "tools":
        return forms.MultipleChoiceField(
            required=False,
            label=label,
            help_text=str(db_field.help_text),
            choices=[(tool.name, tool.label) for tool in TOOLS],
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
        )
    if isinstance(db_field, models.TextField) and formfield is not None:
        formfield.widget.attrs["rows"] = OPENING_ROWS if db_field.name in OPENING_FIELDS else INSTRUCTION_ROWS
    return formfield


class VersionsInline(ReadOnlyInline):
    model = VoiceAgentVersion
    area = "voice"
    fields = ["number", "state", "note", "published_at", "published_by_user"]
    ordering = ["-created_at"]
    verbose_name_plural = "versions"


class KnowledgeInline(ReadOnlyInline):
    model = KnowledgeText
    area = "voice"
    fields = ["name", "priority", "is_active"]
    ordering = ["priority", "name"]
    verbose_name_plural = "what only it knows"


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
        (None, {"fields": ["name", "language", "gender", "voice", "sample", "max_concurrent"]}),
        *CONTENT_FIELDSETS,
        ("State", {"fields": ["unfilled"]}),
    ]
    add_fieldsets = [(None, {"fields": ["name", "language", "gender", "voice", "max_concurrent"]}), *CONTENT_FIELDSETS]
    readonly_fields = ["sample", "unfilled"]
    inlines = [VersionsInline, KnowledgeInline, AnsweredNumbersInline]
    actions_detail = ["try_it", "begin_draft"]

    class Media:
        css = formatting.MEDIA_CSS

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        return content_field(self, db_field, formfield)

    @action(description="Try it", icon="forum", permissions=["change"])
    def try_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Talk in writing with what is published."""
        return talk_page(self, request, self.get_row_or_404(request, object_id), None)

    @row_action(
        "Edit a draft",
        explanation="A draft is a copy that calls do not use. Try it, then publish it.",
        when=lambda row: row.deleted_at is None,
        icon="edit_note",
    )
    def begin_draft(self, request: HttpRequest, row: VoiceAgent, values: Values) -> str:
        draft = versions.begin_draft(row, actor=actor_of(request))
        page = reverse("admin:voice_voiceagentversion_change", args=[draft.pk])
        return format_html('The draft is ready. <a class="lad-link" href="{}">Edit it</a>', page)

    @display(description="Variables without a fallback")
    def unfilled(self, obj: VoiceAgent) -> str:
        return ", ".join(filling.unguarded(obj)) or NONE

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
