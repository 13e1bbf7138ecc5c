"""Table of cached keyword expansions."""

from typing import Any

from django.db import models
from django.db.models.functions import Lower, Now, Trim
from django.utils import timezone

from aiicp import json_schemas
from lad.db.fields import LowercaseCharField, TenantKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import SharedModel


class KeywordField(LowercaseCharField):
    """A word or phrase, stored trimmed and in lower case."""

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        # Validate the stored form, so that the uniqueness check finds it.
        return super().clean(self.get_prep_value(value), model_instance)


class KeywordExpansion(SharedModel):
    """The keywords that mean about the same as one keyword in one context.

    A tenant's own row takes precedence over the shared one.
    """

    event_name = "aiicp.keyword_expansion"

    tenant = TenantKey(null=True, blank=True, db_column="organization_id")
    original_keyword = KeywordField(max_length=json_schemas.MAX_KEYWORD_LENGTH)
    expanded_keywords = models.JSONField(
        validators=[JsonSchemaValidator(json_schemas.EXPANDED_KEYWORDS)], help_text="The keywords, the closest first."
    )
    context = KeywordField(
        max_length=100,
        default="general",
        db_default="general",
        help_text="The sense of the keyword: general, industry, technology …",
    )
    model = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The model that found them; empty for people.",
    )
    usage_count = models.PositiveIntegerField(
        default=1, db_default=1, editable=False, help_text="The number of look-ups, including the first."
    )
    last_used_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    audited = False
    tenant_key = False

    class Meta:
        db_table = "ai_keyword_expansions"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "original_keyword", "context"],
                nulls_distinct=False,
                name="ai_keyword_expansions_keyword_key",
                violation_error_message="This keyword already has an expansion in this context. Change that one.",
            ),
            models.CheckConstraint(
                condition=models.Q(original_keyword=Lower(Trim("original_keyword"))) & ~models.Q(original_keyword=""),
                name="ai_keyword_expansions_keyword_normal",
                violation_error_message="Enter the keyword in lower case and without surrounding spaces.",
            ),
            models.CheckConstraint(
                condition=models.Q(context=Lower(Trim("context"))) & ~models.Q(context=""),
                name="ai_keyword_expansions_context_normal",
                violation_error_message="Enter the context in lower case and without surrounding spaces.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="ai_keyword_expansions_newest"),
            models.Index(fields=["tenant", "-usage_count"], name="ai_keyword_expansions_used"),
        ]

    def __str__(self) -> str:
        return f"{self.original_keyword} ({self.context})"
