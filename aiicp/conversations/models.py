"""Conversations with the assistant."""

from django.db import models

from aiicp import json_schemas as shapes
from lad.db.fields import TenantForeignKey, TenantKey, TenantUserKey
from lad.db.models import AppendOnly, SoftDeletable, TenantModel
from lad.db.shapes import Shape


class ConversationStatus(models.TextChoices):
    """Where a conversation stands: only an active one takes messages."""

    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"
    COMPLETED = "completed", "Completed"


class Conversation(SoftDeletable, TenantModel):
    """One chat of one person with the assistant, and the customer profile it has found so far.

    It is private to that person; who may oversee the assistant sees those of everybody in the tenant.
    """

    event_name = "aiicp.conversation"

    tenant = TenantKey(db_column="organization_id")
    user = TenantUserKey(
        on_delete=models.CASCADE, member=True, db_index=False, help_text="Whose conversation it is; nobody else's."
    )
    title = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Empty: named after the first message."
    )
    status = models.CharField(
        max_length=50,
        choices=ConversationStatus,
        default=ConversationStatus.ACTIVE,
        db_default=ConversationStatus.ACTIVE,
        editable=False,
    )
    icp_data = models.JSONField(
        "ideal customer",
        default=dict,
        blank=True,
        db_default={},
        validators=[Shape(shapes.ICP)],
        help_text="What the conversation has said of the ideal customer: roles, industries, locations, company size …",
    )
    search_params = models.JSONField(
        "search parameters",
        null=True,
        blank=True,
        validators=[Shape(shapes.SEARCH_PARAMS)],
        help_text="The search that follows from it, in Apollo's words; null until there is one.",
    )
    search_triggered = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Whether the search has been started."
    )
    metadata = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[Shape(shapes.METADATA)],
        help_text="How far the assistant has come with its questions: stage, progress, step_index.",
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "ai_conversations"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="archived", archived_at__isnull=False)
                | (~models.Q(status="archived") & models.Q(archived_at__isnull=True)),
                name="ai_conversations_archived_at",
                violation_error_message="An archived conversation says when it was archived, any other does not: "
                "archive or reopen it instead of setting its status.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="ai_conversations_newest"),
            models.Index(
                fields=["tenant", "user", "-created_at"],
                condition=models.Q(deleted_at__isnull=True),
                name="ai_conversations_of_user",
            ),
            models.Index(
                fields=["tenant", "status", "-created_at"],
                condition=models.Q(deleted_at__isnull=True),
                name="ai_conversations_status",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "Untitled conversation"


class MessageRole(models.TextChoices):
    """Who speaks."""

    USER = "user", "User"
    ASSISTANT = "assistant", "Assistant"


class Message(AppendOnly, TenantModel):
    """One thing said in a conversation, by its owner or by the assistant; never changed, never removed."""

    event_name = "aiicp.message"

    tenant = TenantKey(db_column="organization_id")
    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    role = models.CharField(max_length=20, choices=MessageRole)
    content = models.TextField()
    message_data = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[Shape(shapes.MESSAGE_DATA)],
        help_text="What was understood from the message or offered with it: extracted, suggestions, options …",
    )
    tokens_used = models.PositiveIntegerField(
        null=True, blank=True, help_text="What the model counted for its answer; null where none answered."
    )
    model = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="The model that answered; empty for people."
    )

    announced = False

    class Meta:
        db_table = "ai_messages"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(content=""),
                name="ai_messages_content_said",
                violation_error_message="Say something: a message is not empty.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="ai_messages_newest"),
            models.Index(fields=["tenant", "conversation", "created_at"], name="ai_messages_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.content[:80]}"
