"""Tables of conversations with the assistant and their messages."""

from django.db import models

from aiicp import json_schemas
from lad.db.fields import TenantForeignKey, TenantKey, TenantUserKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import AppendOnly, SoftDeletable, TenantModel
from lad.limits import PROVIDER_DATA


class ConversationStatus(models.TextChoices):
    """The state of a conversation. Only an active one takes messages."""

    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"
    COMPLETED = "completed", "Completed"


class Conversation(SoftDeletable, TenantModel):
    """One user's chat with the assistant, and the customer profile found so far.

    Only that user sees it, and members who may oversee the assistant.
    """

    event_name = "aiicp.conversation"

    tenant = TenantKey(db_column="organization_id")
    user = TenantUserKey(
        on_delete=models.CASCADE, member=True, db_index=False, help_text="The only user who may write in it."
    )
    title = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Leave empty to use the first message."
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
        validators=[JsonSchemaValidator(json_schemas.ICP)],
        help_text="The ideal customer found so far: roles, industries, locations, company size …",
    )
    search_params = models.JSONField(
        "search parameters",
        null=True,
        blank=True,
        validators=[JsonSchemaValidator(json_schemas.SEARCH_PARAMS)],
        help_text="The search for such customers, with Apollo's parameters. Empty until there is one.",
    )
    search_triggered = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Whether the search was started."
    )
    metadata = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(json_schemas.METADATA)],
        help_text="The assistant's progress with its questions: stage, progress, step_index.",
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "ai_conversations"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="archived", archived_at__isnull=False)
                | (~models.Q(status="archived") & models.Q(archived_at__isnull=True)),
                name="ai_conversations_archived_at",
                violation_error_message="Only an archived conversation has a time of archiving. "
                "Archive or reopen it instead of setting its status.",
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
    """The author of a message."""

    USER = "user", "User"
    ASSISTANT = "assistant", "Assistant"


class Message(AppendOnly, TenantModel):
    """One message of a conversation, by its user or the assistant. Messages are never changed or deleted."""

    event_name = "aiicp.message"

    tenant = TenantKey(db_column="organization_id")
    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    role = models.CharField(max_length=20, choices=MessageRole)
    content = models.TextField()
    message_data = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[PROVIDER_DATA, JsonSchemaValidator(json_schemas.MESSAGE_DATA)],
        help_text="Data extracted from the message or offered with it: extracted, suggestions, options …",
    )
    tokens_used = models.PositiveIntegerField(
        null=True, blank=True, help_text="The tokens the model used. Empty for messages of a person."
    )
    model = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The model that answered; empty for people.",
    )

    announced = False

    class Meta:
        db_table = "ai_messages"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(content=""),
                name="ai_messages_content_said",
                violation_error_message="Enter a message.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="ai_messages_newest"),
            models.Index(fields=["tenant", "conversation", "created_at"], name="ai_messages_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.content[:80]}"
