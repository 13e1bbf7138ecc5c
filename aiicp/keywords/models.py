"""The cache of keyword expansions."""

from typing import Any

from django.db import models
from django.db.models.functions import Lower, Now, Trim
from django.utils import timezone

from aiicp import json_schemas as shapes
from lad.db.fields import LowercaseCharField, TenantKey
from lad.db.models import SharedModel
from lad.db.shapes import Shape


class KeywordField(LowercaseCharField):
    """A word or phrase, stored trimmed and in lower case."""

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        # What is checked, as for being unique, is what will be stored.
        return super().clean(self.get_prep_value(value), model_instance)


class KeywordExpansion(SharedModel):
    """The keywords that mean much the same as one keyword in one context, found once and looked up ever after.

    A tenant's own row is preferred over the one everybody shares.
    """

    event_name = "aiicp.keyword_expansion"

    tenant = TenantKey(null=True, blank=True, db_column="organization_id")
    original_keyword = KeywordField(max_length=shapes.LONGEST_KEYWORD)
    expanded_keywords = models.JSONField(
        validators=[Shape(shapes.EXPANDED_KEYWORDS)], help_text="A list of keywords, the closest first."
    )
    context = KeywordField(
        max_length=100,
        default="general",
        db_default="general",
        help_text="What the keyword is read as: general, industry, technology …",
    )
    model = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="The model that found them; empty: a person."
    )
    usage_count = models.PositiveIntegerField(
        default=1, db_default=1, editable=False, help_text="How often it was looked up, the first time included."
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
                violation_error_message="This keyword is expanded already in this context: change that row.",
            ),
            models.CheckConstraint(
                condition=models.Q(original_keyword=Lower(Trim("original_keyword"))) & ~models.Q(original_keyword=""),
                name="ai_keyword_expansions_keyword_normal",
                violation_error_message="A keyword is stored trimmed and in lower case, and is not empty.",
            ),
            models.CheckConstraint(
                condition=models.Q(context=Lower(Trim("context"))) & ~models.Q(context=""),
                name="ai_keyword_expansions_context_normal",
                violation_error_message="A context is stored trimmed and in lower case, and is not empty.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="ai_keyword_expansions_newest"),
            models.Index(fields=["tenant", "-usage_count"], name="ai_keyword_expansions_used"),
        ]

    def __str__(self) -> str:
        return f"{self.original_keyword} ({self.context})"
