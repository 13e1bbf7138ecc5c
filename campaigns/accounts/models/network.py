"""What all accounts on networks other than e-mail have: LinkedIn, WhatsApp, Instagram and SMS."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models

from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel

MAX_PER_DAY = 100_000
DAY = {"type": "integer", "minimum": 0, "maximum": MAX_PER_DAY}
# {"invitation": {"day": 20, "week": 100}}
ACTION_LIMITS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"day": DAY, "week": DAY},
        "additionalProperties": False,
    },
}


class AccountStatus(models.TextChoices):
    """The state of an account at its provider."""

    ACTIVE = "active", "Active"
    PENDING = "pending", "Connecting"
    CHECKPOINT = "checkpoint", "Needs confirmation"
    EXPIRED = "expired", "Sign-in expired"
    REVOKED = "revoked", "Revoked"
    DISCONNECTED = "disconnected", "Disconnected"
    ERROR = "error", "Error"


class NetworkAccount(SoftDeletable, TenantModel):
    """One account that campaigns act through. It is used while it ``is_active`` and its ``status`` is active.

    ``message_column`` names the column of messages that holds the account.
    """

    message_column: ClassVar[str]
    bookkeeping: ClassVar[tuple[str, ...]] = (
        "last_verified_at",
        "status_reason",
        "checkpoint",
        "next_send_at",
        "failures",
        "learned_limits",
        "paused_until",
        "caught_up_at",
        "next_poll_at",
        "heard_at",
        "messages_sent",
        "health",
    )

    status = models.CharField(
        max_length=30,
        choices=AccountStatus,
        default=AccountStatus.ACTIVE,
        db_default=AccountStatus.ACTIVE,
        editable=False,
    )
    status_reason = models.TextField(
        blank=True, default="", db_default="", editable=False, help_text="What the provider said, and what to do."
    )
    checkpoint = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        help_text="What the network asks for first.",
    )
    is_active = models.BooleanField(default=True, db_default=True)
    min_gap_seconds = models.PositiveIntegerField(
        "shortest gap",
        default=60,
        db_default=60,
        validators=[MaxValueValidator(86_400)],
        help_text="Seconds between two actions. A random part of it is added.",
    )
    ramp_up_from = models.DateField(
        null=True,
        blank=True,
        help_text="A new account does little on this day, and more each day. Empty means no ramp-up.",
    )
    action_limits = models.JSONField(
        "limits",
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(ACTION_LIMITS)],
        help_text="Your own limits a day and in seven days, by action. What is missing has LAD's careful limits.",
    )
    learned_limits = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        help_text="Limits that the network showed, by action.",
    )
    paused_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The network asked for a rest until then."
    )
    next_send_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Actions that failed one after another."
    )
    messages_sent = models.PositiveBigIntegerField(
        default=0, db_default=0, editable=False, help_text="All messages so far."
    )
    health = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        help_text="What its health is judged by.",
    )
    heard_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the provider last reported anything about it."
    )
    caught_up_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="All that happened before this time has been read."
    )
    next_poll_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When what the provider did not report is read next."
    )
    last_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    class Meta:
        abstract = True
