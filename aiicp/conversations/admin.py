"""Admin pages of conversations and messages."""

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from aiicp.conversations import services
from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.ownership import visible_conversations
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.json_view import json_view
from lad.admin.lists import computed_once
from lad.tenancy.access import access_of
from lad.times import written

# The list of messages has the rest of a long conversation.
MAX_MESSAGES_SHOWN: Final = 100
EXCERPT_LENGTH: Final = 120


@register(Conversation)
class ConversationAdmin(TenantModelAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "forum", 10
    empty_hint = "Talks with the assistant about your ideal customers appear here."
    list_display = ["title_or_default", "talk", "user", "status", "search_triggered", "created_at"]
    list_filter = ["status", "user", "search_triggered", "created_at"]
    add_fieldsets = [(None, {"fields": ["user", "title", "icp_data", "search_params"]})]
    fieldsets = [
        (None, {"fields": ["title", "user", "status", "archived_at", "chat"]}),
        ("Data", {"classes": ["collapse"], "fields": ["icp_data", "search_triggered", "search_params", "metadata"]}),
    ]
    # A form that was opened before the last answer would put the progress back, and what is paid for hangs on it.
    readonly_fields = ["chat", "metadata"]
    actions_detail = ["complete", "archive", "reopen"]
    actions_list = ["start"]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return visible_conversations(access_of(request), rows)

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return self._is_own(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return self._is_own(request, obj) and super().has_delete_permission(request, obj)

    def has_restore_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return self._is_own(request, obj) and super().has_restore_permission(request, obj)

    def _is_own(self, request: HttpRequest, obj: Conversation | None) -> bool:
        """Return whether the caller may change the conversation. Unfold passes an id where Django passes the row."""
        access = access_of(request)
        return not isinstance(obj, Conversation) or access.unlimited or obj.user_id == getattr(access.user, "pk", None)

    def get_readonly_fields(self, request: HttpRequest, obj: Conversation | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "user" in readonly else [*readonly, "user"]

    @display(description="Title", ordering="title")
    def title_or_default(self, obj: Conversation) -> str:
        return str(obj)

    @display(description="Assistant")
    def talk(self, obj: Conversation) -> SafeString:
        return format_html(
            '<a class="lad-link" href="{}">Open the talk</a>', reverse("admin:assistant_talk", args=(obj.pk,))
        )

    @action(description="Talk to the assistant", url_path="start", icon="forum", permissions=["add"])
    def start(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:assistant_start"))

    @display(description="Conversation")
    @computed_once
    def chat(self, obj: Conversation) -> SafeString:
        # Filter by tenant too: the index starts with it.
        link = format_html("<p>{}</p>", self.talk(obj))
        messages = Message.objects.filter(tenant=obj.tenant_id, conversation=obj)
        latest = list(messages.order_by("-created_at", "-pk")[: MAX_MESSAGES_SHOWN + 1])
        shown = latest[:MAX_MESSAGES_SHOWN]
        if not shown:
            return format_html('{}<span class="lad-hint">{}</span>', link, "There are no messages yet.")
        cut_note = f"The last {MAX_MESSAGES_SHOWN} messages."
        note = format_html('<div class="lad-hint">{}</div>', cut_note) if len(latest) > len(shown) else ""
        bubbles = format_html_join("", "{}", ((_bubble(message, obj),) for message in reversed(shown)))
        return format_html('{}<div class="lad-chat">{}{}</div>', link, note, bubbles)

    @row_action(
        "Complete",
        explanation="The conversation is completed. It takes no messages until it is reopened.",
        when=lambda row: row.status == ConversationStatus.ACTIVE,
        icon="check_circle",
    )
    def complete(self, request: HttpRequest, row: Conversation, values: dict[str, Any]) -> str:
        services.complete(conversation=row, actor=access_of(request).user)
        return f"“{row}” was completed."

    @row_action(
        "Archive",
        explanation="The conversation is archived. It takes no messages until it is reopened.",
        when=lambda row: row.status != ConversationStatus.ARCHIVED,
        icon="archive",
    )
    def archive(self, request: HttpRequest, row: Conversation, values: dict[str, Any]) -> str:
        services.archive(conversation=row, actor=access_of(request).user)
        return f"“{row}” was archived."

    @row_action(
        "Reopen",
        explanation="Its user can write in it again.",
        when=lambda row: row.status != ConversationStatus.ACTIVE,
        icon="unarchive",
    )
    def reopen(self, request: HttpRequest, row: Conversation, values: dict[str, Any]) -> str:
        services.reopen(conversation=row, actor=access_of(request).user)
        return f"“{row}” is active again."


@register(Message)
class MessageAdmin(ReadOnlyAdmin):
    area = "assistant"
    section, icon, rank = "Assistant", "chat_bubble", 20
    list_display = ["excerpt", "role", "conversation", "model", "tokens_used", "created_at"]
    list_filter = ["role", "conversation", "created_at"]
    fieldsets = [
        (None, {"fields": ["conversation", "role", "content"]}),
        ("Data", {"fields": ["message_data_json", "model", "tokens_used"]}),
    ]

    def narrow(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return visible_conversations(access_of(request), rows, path="conversation__")

    @display(description="Message")
    def excerpt(self, obj: Message) -> str:
        text = " ".join(obj.content.split())
        return text if len(text) <= EXCERPT_LENGTH else f"{text[:EXCERPT_LENGTH]}…"


def _bubble(message: Message, conversation: Conversation) -> SafeString:
    by_user = message.role == MessageRole.USER
    usage = f" · {message.model}, {message.tokens_used:,} tokens" if message.tokens_used else ""
    return format_html(
        '<div class="lad-bubble lad-bubble-{}"><div class="lad-bubble-text">{}</div>'
        '<div class="lad-hint">{} · {}{}</div>{}</div>',
        "own" if by_user else "other",
        message.content,
        conversation.user.full_name if by_user else message.get_role_display(),
        written(message.created_at),
        usage,
        _message_data(message.message_data),
    )


def _message_data(data: dict[str, Any]) -> SafeString:
    if not data:
        return SafeString("")
    return format_html('<details class="lad-hint"><summary>Data</summary>{}</details>', json_view(data))
