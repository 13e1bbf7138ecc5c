"""Admin pages of members' voice profiles and permissions."""

from lad.admin.base import TenantModelAdmin, register
from voice.agents.models import VoicePermission, VoiceProfile


@register(VoiceProfile)
class VoiceProfileAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "manage_accounts", 70
    list_display = ["user", "default_agent", "default_number", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["user__email"]


@register(VoicePermission)
class VoicePermissionAdmin(TenantModelAdmin):
    area = "voice"
    section, icon, rank = "Voice", "lock_person", 60
    list_display = ["user", "number", "voice", "is_active", "created_at"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["user__email"]
