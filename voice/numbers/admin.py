"""Agents, their voices and their numbers."""

from typing import Any

from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from voice.numbers.models import VoiceNumber
from voice.phone_search import FoundByPhone


@register(VoiceNumber)
class VoiceNumberAdmin(FoundByPhone, TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "dialpad", 40
    list_display = ["number", "status", "provider", "default_agent", "directions", "created_at"]
    list_filter = ["status", "provider", "default_agent", "created_at"]
    fieldsets = [
        (None, {"fields": ["number", "country_code", "base_number", "leading_zeros"]}),
        ("Use", {"fields": ["status", "provider", "default_agent", "directions"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["number", "directions"]

    @display(description="Number", ordering="base_number")
    def number(self, obj: Any) -> str:
        return str(obj.phone.international)

    @display(description="Calls")
    def directions(self, obj: Any) -> str:
        rules = obj.metadata.get("rules", {})
        ways = [way for way in ("inbound", "outbound") if rules.get(way, True)]
        return " and ".join(ways) or "none"
