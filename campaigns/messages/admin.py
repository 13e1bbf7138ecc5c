"""The pages of messages and what happened to them."""

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.formatting import NOTHING
from campaigns.messages import services
from campaigns.messages.models import Message, MessageEvent, MessageState
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.tenancy.access import actor_of
from lad.types import Values
from leads.contactability.models import ContactDirection

WAITING = (MessageState.QUEUED, MessageState.DRAFT)


class EventsInline(ReadOnlyInline):
    model = MessageEvent
    fk_name = "message"
    area = "campaigns"
    fields = ["kind", "occurred_at", "is_machine", "explanation"]
    readonly_fields = ["explanation"]
    verbose_name_plural = "what happened"

    @display(description="Explanation")
    def explanation(self, obj: MessageEvent) -> str:
        return told(obj)


def told(event: MessageEvent) -> str:
    """Return what is known of an event, for people: why a message bounced, which link was clicked and the like."""
    detail = event.detail
    said = [str(detail[name]) for name in ("sentence", "source", "link", "text") if detail.get(name)]
    return " ".join(said)


@register(Message)
class MessageAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "mail", 40
    list_display = ["subject", "lead", "channel", "direction", "kind", "state", "occurred_at", "created_at"]
    list_filter = ["channel", "direction", "kind", "state", "campaign", "created_at"]
    search_fields = ["to_address__startswith", "message_id__exact"]
    inlines = [EventsInline]
    actions_detail = ["resend", "confirm_sent", "cancel"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "came_back",
                    "subject",
                    ("lead", "campaign"),
                    ("channel", "direction"),
                    ("kind", "state"),
                    "error",
                ]
            },
        ),
        ("Text", {"fields": [("from_address", "to_address"), "body", "original"]}),
        (
            "When",
            {
                "fields": [
                    "occurred_at",
                    ("opened_at", "clicked_at", "replied_at"),
                    ("next_attempt_at", "copy_due_at", "follow_up_due_at"),
                ]
            },
        ),
        (
            "Data",
            {
                "fields": [
                    ("email_account", "campaign_lead", "step", "thread"),
                    ("message_id", "in_reply_to"),
                    ("purpose", "attempts", "tries", "looks"),
                    ("lease_until", "begun_at", "accepted_at"),
                    "hold_id",
                    "html",
                    "attachment_ids",
                    "metadata",
                    "decision",
                    ("created_by_user", "created_at", "updated_at"),
                ]
            },
        ),
    ]
    readonly_fields = ["came_back", "original"]

    @display(description="What came back")
    def came_back(self, obj: Message) -> str:
        return str(obj.metadata.get("summary") or NOTHING)

    @display(description="Whole text")
    def original(self, obj: Message) -> str | SafeString:
        """Show a received message with what it quotes, as plain text."""
        text = str(obj.metadata.get("original") or "")
        return format_html('<div class="lad-message">{}</div>', text) if text else NOTHING

    def has_decide_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Return whether the caller may decide about messages, which nobody edits."""
        return self.allows(request, "update")

    @row_action(
        "Send again",
        explanation="Look into the mailbox first. A message in the state Unknown may have arrived: then the recipient"
        " gets it twice.",
        permission="decide",
        when=lambda row: row.direction == ContactDirection.OUTBOUND and row.state in services.RESENDABLE,
        icon="forward_to_inbox",
    )
    def resend(self, request: HttpRequest, row: Message, values: Values) -> str:
        services.resend(message=row, actor=actor_of(request))
        return f"The message to {row.to_address} waits to be sent again."

    @row_action(
        "It was sent",
        explanation="Only if you know it: the recipient answered, or the mailbox of sent messages holds it.",
        permission="decide",
        when=lambda row: row.state == MessageState.UNKNOWN,
        icon="mark_email_read",
    )
    def confirm_sent(self, request: HttpRequest, row: Message, values: Values) -> str:
        services.confirm_sent(message=row, actor=actor_of(request))
        return f"The message to {row.to_address} counts as sent."

    @row_action(
        "Do not send",
        explanation="The message will not be sent.",
        permission="decide",
        when=lambda row: row.state in WAITING,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: Message, values: Values) -> str | None:
        cancelled = services.cancel(reason=services.CANCELLED_BY_USER, message_ids=[row.pk])
        return f"The message to {row.to_address} was cancelled." if cancelled else None


@register(MessageEvent)
class MessageEventAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "mark_email_read", 95
    list_display = ["message", "kind", "is_machine", "occurred_at"]
    list_filter = ["kind", "is_machine", "created_at"]
