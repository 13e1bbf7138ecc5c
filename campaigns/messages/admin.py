"""The pages of messages and what happened to them."""

from campaigns.messages.models import Message, MessageEvent
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.inlines import ReadOnlyInline


class EventsInline(ReadOnlyInline):
    model = MessageEvent
    fk_name = "message"
    area = "campaigns"
    fields = ["kind", "occurred_at", "is_machine"]
    verbose_name_plural = "what happened"


@register(Message)
class MessageAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "mail", 40
    list_display = ["subject", "lead", "channel", "direction", "kind", "state", "occurred_at", "created_at"]
    list_filter = ["channel", "direction", "kind", "state", "campaign", "created_at"]
    search_fields = ["to_address__startswith", "message_id__exact"]
    inlines = [EventsInline]


@register(MessageEvent)
class MessageEventAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "mark_email_read", 95
    list_display = ["message", "kind", "is_machine", "occurred_at"]
    list_filter = ["kind", "is_machine", "created_at"]
