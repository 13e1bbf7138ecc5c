"""Admin pages of telephone numbers."""

from unfold.decorators import display

from lad.admin.base import TenantModelAdmin, register
from voice.numbers.models import VoiceNumber
from voice.phone_search import PhoneSearchMixin


@register(VoiceNumber)
class VoiceNumberAdmin(PhoneSearchMixin, TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "dialpad", 40
    list_display = ["number", "status", "provider", "default_agent", "directions", "created_at"]
    list_filter = ["status", "provider", "default_agent", "created_at"]
    fieldsets = [
        (None, {"fields": ["number", "country_code", "base_number", "leading_zeros"]}),
        ("Usage", {"fields": ["status", "provider", "default_agent", "directions"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["number", "directions"]

    @display(description="Number", ordering="base_number")
    def number(self, obj: VoiceNumber) -> str:
        return str(obj.phone.international)

    @display(description="Calls")
    def directions(self, obj: VoiceNumber) -> str:
        rules = obj.metadata.get("rules", {})
        allowed = [direction for direction in ("inbound", "outbound") if rules.get(direction, True)]
        return " and ".join(allowed) or "none"
