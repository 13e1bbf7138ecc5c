"""Sequences that a tenant's people share with each other."""

from typing import Any, Final

from django.db import models
from django.db.models import Q

from campaigns.design.models import MAX_ORDER
from lad.db.fields import TenantUserKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel

MAX_STEPS: Final = 200
KEY: Final = {"type": "string", "minLength": 1, "maxLength": 64}
# Where an outcome leads: the key of a step, or null for the end.
LINKS: Final = {"type": "object", "additionalProperties": {"type": ["string", "null"], "maxLength": 64}}
STEP: Final = {
    "type": "object",
    "required": ["key", "type", "title"],
    "properties": {
        "key": KEY,
        "type": {**KEY, "maxLength": 50},
        "title": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": {"type": "string", "maxLength": 20_000},
        "config": {"type": "object"},
        "links": LINKS,
    },
    "additionalProperties": False,
}
STEPS: Final[dict[str, Any]] = {"type": "array", "items": STEP, "minItems": 1, "maxItems": min(MAX_STEPS, MAX_ORDER)}


class SequenceTemplate(SoftDeletable, TenantModel):
    """A sequence of steps with their texts, from which the tenant's people make campaigns.

    ``steps`` are in their order. An outcome without a link leads to the next step.
    """

    event_name = "campaigns.sequence_template"

    name = models.CharField(max_length=255)
    description = models.TextField(
        max_length=2_000, blank=True, default="", db_default="", help_text="Whom it is for, and what it achieved."
    )
    steps = models.JSONField(validators=[JsonSchemaValidator(STEPS)])
    created_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)

    class Meta:
        db_table = "campaign_sequence_templates"
        verbose_name = "shared sequence"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=Q(deleted_at__isnull=True),
                name="campaign_sequence_templates_name",
                violation_error_message="A shared sequence with this name already exists. Choose another name.",
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="campaign_sequence_templates_named",
                violation_error_message="Give the sequence a name.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="campaign_sequences_newest")]

    def __str__(self) -> str:
        return self.name
