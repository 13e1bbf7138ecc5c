"""Agents, their voices and their numbers."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from unfold.decorators import display

from lad.admin.base import SharedModelAdmin, TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from voice import formatting as showing
from voice.agents.models import Voice, VoiceAgent
from voice.numbers.models import VoiceNumber

PROMPT_ROWS = 16


OPENING_ROWS = 5


OPENINGS = ("outbound_starter_prompt", "inbound_starter_prompt")


class AnsweredNumbersInline(ReadOnlyInline):
    model = VoiceNumber
    area = "voice"
    fields = ["number", "status", "provider"]
    verbose_name_plural = "numbers it answers"

    @display(description="Number")
    def number(self, obj: Any) -> str:
        return str(obj.phone.international)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields)


@register(VoiceAgent)
class VoiceAgentAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "support_agent", 30
    global_search = True
    list_display = ["name", "language", "gender", "voice", "created_at"]
    list_filter = ["gender", "voice", "created_at"]
    search_fields = ["name__istartswith"]
    fieldsets = [
        (None, {"fields": ["name", "language", "gender", "voice", "sample"]}),
        ("What it is told", {"fields": ["agent_instructions", "system_instructions"]}),
        ("How it begins", {"fields": ["outbound_starter_prompt", "inbound_starter_prompt"]}),
    ]
    readonly_fields = ["sample"]
    inlines = [AnsweredNumbersInline]

    class Media:
        css = showing.STYLE

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, models.TextField) and formfield is not None:
            formfield.widget.attrs["rows"] = OPENING_ROWS if db_field.name in OPENINGS else PROMPT_ROWS
        return formfield

    @display(description="Sounds like")
    def sample(self, obj: Any) -> Any:
        return showing.player(obj.voice.voice_sample_url) if obj.voice else showing.NOTHING


@register(Voice)
class VoiceAdmin(SharedModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "record_voice_over", 50
    list_display = ["__str__", "provider", "language", "gender", "accent", "created_at"]
    list_filter = ["provider", "gender", "created_at"]
    search_fields = ["description__istartswith", "provider_voice_id__startswith"]
    fieldsets = [
        (None, {"fields": ["description", "provider", "provider_voice_id", "language", "gender", "accent"]}),
        ("Sample", {"fields": ["sample", "voice_sample_url"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["sample"]

    class Media:
        css = showing.STYLE

    @display(description="Sounds like")
    def sample(self, obj: Any) -> Any:
        return showing.player(obj.voice_sample_url)
