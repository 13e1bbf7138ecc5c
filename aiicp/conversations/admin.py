"""Conversations as the chats they are, and single messages."""

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from aiicp.conversations import services as conversations
from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.ownership import conversations_seen_by
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.json_view import json_view
from lad.admin.lists import once_per_row
from lad.admin.permissions import access_of

# The end of a long conversation; the rest is in the list of messages.
SHOWN_MESSAGES: Final = 100
EXCERPT_LENGTH: Final = 120


@register(Conversation)
class ConversationAdmin(TenantModelAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "forum", 10
    list_display = ["named", "user", "status", "search_triggered", "created_at"]
    list_filter = ["status", "user", "search_triggered", "created_at"]
    add_fieldsets = [(None, {"fields": ["user", "title", "icp_data", "search_params", "metadata"]})]
    fieldsets = [
        (None, {"fields": ["title", "user", "status", "archived_at", "chat"]}),
        ("What it has found", {"fields": ["icp_data"]}),
        ("The search", {"fields": ["search_triggered", "search_params"]}),
        ("Progress", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["chat"]
    actions_detail = ["complete", "archive", "reopen"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        seen: QuerySet = conversations_seen_by(access_of(request), rows)
        return seen

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "user" in readonly else [*readonly, "user"]

    @display(description="Title", ordering="title")
    def named(self, obj: Conversation) -> str:
        return str(obj)

    @display(description="Conversation")
    @once_per_row
    def chat(self, obj: Conversation) -> SafeString:
        # With the tenant, for the index leads with it.
        said = Message.objects.filter(tenant=obj.tenant_id, conversation=obj)
        latest = list(said.order_by("-created_at", "-pk")[: SHOWN_MESSAGES + 1])
        cut, shown = len(latest) > SHOWN_MESSAGES, latest[:SHOWN_MESSAGES]
        if not shown:
            return format_html('<span class="lad-hint">{}</span>', "Nothing has been said yet.")
        note = format_html('<div class="lad-hint">{}</div>', f"The last {SHOWN_MESSAGES} messages.") if cut else ""
        bubbles = format_html_join("", "{}", ((_bubble(message, obj),) for message in reversed(shown)))
        return format_html('<div class="lad-chat">{}{}</div>', note, bubbles)

    @row_action(
        "Complete",
        explanation="It has come to its end; nothing more can be said in it until it is reopened.",
        when=lambda row: row.status == ConversationStatus.ACTIVE,
        icon="check_circle",
    )
    def complete(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        conversations.complete(conversation=row, actor=access_of(request).user)
        return f"“{row}” is completed."

    @row_action(
        "Archive",
        explanation="It is put away; nothing more can be said in it until it is reopened.",
        when=lambda row: row.status != ConversationStatus.ARCHIVED,
        icon="archive",
    )
    def archive(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        conversations.archive(conversation=row, actor=access_of(request).user)
        return f"“{row}” is archived."

    @row_action(
        "Reopen",
        explanation="Its owner can go on with it.",
        when=lambda row: row.status != ConversationStatus.ACTIVE,
        icon="unarchive",
    )
    def reopen(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        conversations.reopen(conversation=row, actor=access_of(request).user)
        return f"“{row}” is active again."


@register(Message)
class MessageAdmin(ReadOnlyAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "chat_bubble", 20
    list_display = ["excerpt", "role", "conversation", "model", "tokens_used", "created_at"]
    list_filter = ["role", "conversation", "created_at"]
    fieldsets = [
        (None, {"fields": ["conversation", "role", "content"]}),
        ("With it", {"fields": ["message_data_json", "model", "tokens_used"]}),
    ]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        seen: QuerySet = conversations_seen_by(access_of(request), rows, path="conversation__")
        return seen

    @display(description="Message")
    def excerpt(self, obj: Message) -> str:
        text = " ".join(obj.content.split())
        return text if len(text) <= EXCERPT_LENGTH else f"{text[:EXCERPT_LENGTH]}…"


def _bubble(message: Message, conversation: Conversation) -> SafeString:
    own = message.role == MessageRole.USER
    spent = f" · {message.model}, {message.tokens_used or 0:,} tokens" if message.model else ""
    return format_html(
        '<div class="lad-bubble lad-bubble-{}"><div class="lad-bubble-text">{}</div>'
        '<div class="lad-hint">{} · {}{}</div>{}</div>',
        "own" if own else "other",
        message.content,
        conversation.user.full_name if own else message.get_role_display(),
        f"{message.created_at:%d %b %Y %H:%M}",
        spent,
        _with_it(message.message_data),
    )


def _with_it(data: dict[str, Any]) -> SafeString:
    if not data:
        return SafeString("")
    return format_html('<details class="lad-hint"><summary>With it</summary>{}</details>', json_view(data))
