"""Saved customer profiles."""

from typing import Any

from django.http import HttpRequest

from aiicp.conversations.models import Conversation
from aiicp.ownership import conversations_seen_by
from aiicp.profiles.models import IcpProfile
from lad.admin.base import TenantModelAdmin, register
from lad.admin.permissions import access_of


@register(IcpProfile)
class IcpProfileAdmin(TenantModelAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "person_search", 30
    global_search = True
    list_display = ["name", "user", "is_active", "usage_count", "last_used_at", "created_at"]
    list_filter = ["is_active", "user", "created_at"]
    add_fieldsets = [
        (None, {"fields": ["user", "name", "description", "is_active"]}),
        ("Who the ideal customer is", {"fields": ["icp_data", "search_params"]}),
    ]
    fieldsets = [
        (None, {"fields": ["name", "user", "description", "is_active"]}),
        ("The ideal customer", {"fields": ["icp_data"]}),
        ("The search", {"fields": ["search_params"]}),
        ("Use", {"fields": ["usage_count", "last_used_at", "source_conversation"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self._shows_source(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "source_conversation"]})
            for title, options in fieldsets
        ]

    def _shows_source(self, request: HttpRequest, obj: Any) -> bool:
        """Everybody sees the profile, but not the title of the private conversation it came from."""
        rows = Conversation.objects.filter(pk=obj.source_conversation_id)
        return obj.source_conversation_id is None or conversations_seen_by(access_of(request), rows).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "user" in readonly else [*readonly, "user"]
