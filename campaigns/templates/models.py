"""Message templates."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import SharedModel, SoftDeletable
from leads.channels import Channel

VARIABLES = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,59}$"},
    "additionalProperties": {
        "type": "object",
        "properties": {
            "label": {"type": "string", "maxLength": 100},
            "sample": {"type": "string", "maxLength": 500},
            "required": {"type": "boolean"},
        },
    },
}

# The category of texts that other templates of the channel use: {% render "key" %}.
SNIPPET = "snippet"

template_key_format = RegexValidator(
    r"^[a-z0-9][a-z0-9_.-]*$", "Use lower-case letters, digits, dots, hyphens and underscores only."
)
language_format = RegexValidator(
    r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$", "Write a language code, for example en, pt-BR or zh-Hant."
)


class CommunicationTemplate(SoftDeletable, SharedModel):
    """The text of a message for one channel and one language, written in Liquid with ``{one|another}`` to vary it.

    Rows without a tenant are shared by all tenants; ``is_builtin`` marks those that ship with LAD. A LinkedIn
    invitation and its follow-up are two categories under one ``template_key``. Those of the category ``snippet`` are
    parts of others.
    """

    event_name = "campaigns.communication_template"

    name = models.CharField(max_length=255)
    channel = models.CharField(max_length=50, choices=Channel)
    template_key = models.CharField(
        max_length=100,
        validators=[template_key_format],
        help_text="Key of the message in all languages.",
    )
    category = models.CharField(max_length=100, blank=True, default="general", db_default="general")
    language = models.CharField(max_length=20, default="en", db_default="en", validators=[language_format])
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")
    subject = models.CharField(max_length=500, blank=True, default="", db_default="")
    body = models.TextField(max_length=50_000)
    html_content = models.TextField(max_length=200_000, blank=True, default="", db_default="")
    variables_schema = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(VARIABLES)]
    )
    is_active = models.BooleanField(default=True, db_default=True)
    is_builtin = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Ships with LAD and cannot be deleted."
    )
    # Voice agents belong to a layer above, so there is no foreign key. An event clears this when one is deleted.
    agent_id = models.BigIntegerField(
        null=True,
        blank=True,
        verbose_name="voice agent",
        help_text="Voice agent that uses the template. Empty means all.",
    )

    class Meta:
        db_table = "communication_templates"
        verbose_name = "template"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel", "template_key", "language", "category", "agent_id"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="communication_templates_key",
                violation_error_message="A template with this key, channel, category and language already exists.",
            ),
            models.CheckConstraint(
                condition=Q(is_builtin=False) | Q(tenant__isnull=True),
                name="communication_templates_builtin_is_shared",
                violation_error_message="Only a shared template can be built in.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="communication_templates_newest"),
            models.Index(
                fields=["tenant", "channel", "-created_at"],
                condition=Q(deleted_at__isnull=True),
                name="communication_templates_chan",
            ),
            models.Index(
                fields=["tenant", "agent_id"], condition=Q(agent_id__isnull=False), name="communication_templates_agent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
