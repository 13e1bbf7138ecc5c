"""Conversations of the inbox, and the texts by which their messages are found."""

from typing import Any, ClassVar, Final

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

from lad.db.constraints import KeyConstraint
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import TenantModel
from lad.search import BYTE_ORDER
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.models.search import OwnedByFunctions

MAX_PREVIEW: Final = 200
MAX_REASON: Final = 500
# Of a message so many letters are searched.
SEARCHED_LENGTH: Final = 4_000


class ConversationState(models.TextChoices):
    """Where a conversation stands. Until the other side has written it is only ``sent`` and not in the inbox."""

    SENT = "sent", "No answer yet"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Label(models.TextChoices):
    """What the other side wants, as far as their last words tell."""

    INTERESTED = "interested", "Interested"
    QUESTION = "question", "Question"
    NOT_NOW = "not_now", "Not now"
    NOT_INTERESTED = "not_interested", "Not interested"
    WRONG_PERSON = "wrong_person", "Wrong person"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
    OUT_OF_OFFICE = "out_of_office", "Out of office"


class LabelSource(models.TextChoices):
    RULE = "rule", "Words"
    MODEL = "model", "Language model"
    PERSON = "person", "A person"


class Conversation(TenantModel):
    """Everything written to and by one lead, on all channels; or by one address that belongs to no lead yet.

    The last message, the times and ``unread_count`` are kept in the transaction that records messages.
    ``moved_at`` is when it last came to the top of the list: with a message, or when its snooze was over.
    """

    event_name = "campaigns.conversation"
    bookkeeping = (
        "name",
        "unread_count",
        "moved_at",
        "last_message",
        "last_account",
        "last_message_at",
        "last_inbound_at",
        "last_outbound_at",
        "last_channel",
        "last_direction",
        "preview",
        "suggested_label",
        "suggested_reason",
        "suggestion_due_at",
    )

    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.CASCADE, null=True, blank=True, related_name="conversations", db_index=False
    )
    channel = models.CharField(
        max_length=20,
        choices=Channel,
        blank=True,
        default="",
        db_default="",
        help_text="Of an address that belongs to no lead: where it is.",
    )
    address = models.CharField(max_length=320, blank=True, default="", db_default="")
    name = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Of somebody who is no lead."
    )
    campaign = TenantForeignKey(
        "campaigns.Campaign",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The campaign of the newest message that has one.",
    )
    state = models.CharField(max_length=20, choices=ConversationState, default=ConversationState.SENT)
    assigned_to = TenantUserKey(member=True, null=True, blank=True, db_index=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    unread_count = models.PositiveIntegerField("unread", default=0, db_default=0, editable=False)
    moved_at = models.DateTimeField(editable=False)
    last_message_at = models.DateTimeField(editable=False)
    last_inbound_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_outbound_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_channel = models.CharField(max_length=20, choices=Channel, editable=False)
    last_direction = models.CharField(max_length=20, choices=ContactDirection, editable=False)
    # Without keys, which the deletion of each message and account would have to look up.
    last_message = models.UUIDField(null=True, blank=True, editable=False)
    last_account = models.UUIDField(null=True, blank=True, editable=False)
    preview = models.CharField(max_length=MAX_PREVIEW, blank=True, default="", db_default="", editable=False)

    label = models.CharField(max_length=20, choices=Label, blank=True, default="", db_default="")
    label_source = models.CharField(max_length=20, choices=LabelSource, blank=True, default="", db_default="")
    label_reason = models.CharField(max_length=MAX_REASON, blank=True, default="", db_default="")
    labelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    suggested_label = models.CharField(
        max_length=20, choices=Label, blank=True, default="", db_default="", editable=False
    )
    suggested_reason = models.CharField(max_length=MAX_REASON, blank=True, default="", db_default="", editable=False)
    suggestion_due_at = models.DateTimeField(null=True, blank=True, editable=False)

    audited = False

    class Meta:
        db_table = "inbox_conversations"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "lead"],
                condition=Q(lead__isnull=False),
                name="inbox_conversations_lead_key",
                violation_error_message="This lead has a conversation already.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "channel", "address"],
                condition=Q(lead__isnull=True),
                name="inbox_conversations_address_key",
                violation_error_message="This address has a conversation already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="inbox_conversations_newest"),
            models.Index(fields=["tenant", "-moved_at", "-id"], name="inbox_conversations_moved"),
            models.Index(fields=["tenant", "state", "-moved_at", "-id"], name="inbox_conversations_state"),
            models.Index(
                fields=["tenant", "assigned_to", "-moved_at", "-id"],
                condition=Q(assigned_to__isnull=False),
                name="inbox_conversations_assignee",
            ),
            models.Index(
                fields=["tenant", "-moved_at", "-id"],
                condition=Q(unread_count__gt=0),
                name="inbox_conversations_unread",
            ),
            models.Index(
                fields=["tenant", "label", "-moved_at", "-id"], condition=~Q(label=""), name="inbox_conversations_label"
            ),
            models.Index(
                fields=["tenant", "campaign", "-moved_at", "-id"],
                condition=Q(campaign__isnull=False) & ~Q(state="sent"),
                name="inbox_conversations_campaign",
            ),
            models.Index(
                fields=["tenant", "last_channel", "-moved_at", "-id"],
                condition=~Q(state="sent"),
                name="inbox_conversations_channel",
            ),
            # Snoozes of all tenants end, and suggestions are asked for.
            models.Index(
                fields=["snoozed_until"], condition=Q(snoozed_until__isnull=False), name="inbox_conversations_snoozed"
            ),
            models.Index(
                fields=["suggestion_due_at"],
                condition=Q(suggestion_due_at__isnull=False),
                name="inbox_conversations_suggest",
            ),
        ]

    def __str__(self) -> str:
        return str(self.lead) if self.lead_id and self.lead else self.name or self.address


class MessageText(TenantModel):
    """The words by which one message is found. Its id is the message's.

    The index holds numbers for each word, made of the tenant, a beginning of the word, and the day or the 128 days
    around it: the newest messages with a frequent word are found without reading all that have it.
    """

    event_name = "campaigns.message_text"

    updated_at = None
    conversation = TenantForeignKey(
        "campaigns.Conversation", on_delete=models.CASCADE, related_name="texts", db_index=False
    )
    said_at = models.DateTimeField(editable=False)
    text = models.TextField(db_collation=BYTE_ORDER, editable=False)

    audited = False
    announced = False
    tenant_key = False
    privileges: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE", "DELETE")

    class Meta:
        db_table = "inbox_message_texts"
        constraints: ClassVar[list[Any]] = [
            OwnedByFunctions(name="inbox_message_texts_owned_by_functions"),
            KeyConstraint(
                name="inbox_message_texts_message_same_tenant",
                fields=("tenant", "id"),
                to="campaigns.Message",
                to_fields=("tenant", "id"),
                on_delete="CASCADE",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["tenant", "conversation"], name="inbox_message_texts_of"),
            models.Index(fields=["tenant", "said_at"], name="inbox_message_texts_newest"),
            GinIndex(
                Func(F("tenant"), F("said_at"), F("text"), function="inbox_word_numbers"),
                name="inbox_message_texts_words",
                gin_pending_list_limit=512,
            ),
        ]

    def __str__(self) -> str:
        return str(self.text)
