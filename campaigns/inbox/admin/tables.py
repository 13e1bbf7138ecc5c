"""Conversations and the texts of their search behind "All tables"."""

from django.db.models import QuerySet
from django.http import HttpRequest

from campaigns.inbox.models import Conversation, MessageText
from campaigns.inbox.selectors import visible
from lad.admin.base import ReadOnlyAdmin, register
from lad.tenancy.access import access_of


@register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    area = "inbox"
    section, icon, rank = "Campaigns", "inbox", 45
    list_display = ["__str__", "state", "label", "last_channel", "assigned_to", "unread_count", "moved_at"]
    list_filter = ["state", "label", "last_channel", "assigned_to", "campaign", "moved_at"]
    list_select_related = ["lead", "assigned_to"]
    ordering = ["-moved_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return visible(access_of(request), super().get_queryset(request))


@register(MessageText)
class MessageTextAdmin(ReadOnlyAdmin):
    area = "inbox"
    platform_only = True
    section, icon, rank = "Operations", "manage_search", 61
    list_display = ["text", "said_at"]
