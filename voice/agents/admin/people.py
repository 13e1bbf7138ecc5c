"""Admin pages of members' voice profiles and permissions."""

from typing import ClassVar

from django import forms
from unfold.widgets import UnfoldBooleanWidget

from lad.admin.base import register
from lad.admin.json_parts import JsonPartsAdmin, JsonPartsForm, Part, unless_off
from voice.agents.models import VoicePermission, VoiceProfile


class ProfileForm(JsonPartsForm):
    """Asks for a member's defaults, and which mails they want."""

    notify_on_follow_up = forms.BooleanField(
        label="Mails about their leads",
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
        help_text="A mail when a call with one of the member's leads came to something.",
    )
    parts: ClassVar[dict[str, Part]] = {
        "notify_on_follow_up": Part("preferences", ("notify_on_follow_up",), unless_off)
    }


@register(VoiceProfile)
class VoiceProfileAdmin(JsonPartsAdmin):
    area = "voice"
    section, icon, rank = "Voice", "manage_accounts", 70
    list_display = ["user", "default_agent", "default_number", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["user__email"]
    form = ProfileForm
    add_fieldsets = [(None, {"fields": ["user", "default_agent", "default_number", "notify_on_follow_up"]})]
    fieldsets = [*add_fieldsets, ("Data", {"fields": ["other_data"]})]


@register(VoicePermission)
class VoicePermissionAdmin(JsonPartsAdmin):
    area = "voice"
    section, icon, rank = "Voice", "lock_person", 60
    list_display = ["user", "number", "voice", "is_active", "created_at"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["user__email"]
    add_fieldsets = [(None, {"fields": ["user", "number", "voice", "is_active"]})]
    fieldsets = [*add_fieldsets, ("Data", {"fields": ["other_data"]})]
