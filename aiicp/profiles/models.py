"""Saved customer profiles."""

from django.db import models

from aiicp import json_schemas as shapes
from aiicp.conversations.models import Conversation
from lad.db.fields import TenantForeignKey, TenantKey, TenantUserKey
from lad.db.models import SoftDeletable, TenantModel
from lad.db.shapes import Shape


class IcpProfile(SoftDeletable, TenantModel):
    """One ideal customer profile a person saved for the whole team to search with again."""

    event_name = "aiicp.icp_profile"

    tenant = TenantKey(db_column="organization_id")
    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False, help_text="Who saved it.")
    name = models.CharField(max_length=255)
    description = models.TextField(max_length=5_000, blank=True, default="", db_default="")
    icp_data = models.JSONField(
        "ideal customer",
        validators=[Shape(shapes.ICP)],
        help_text="Who the ideal customer is: roles, industries, locations, company size …",
    )
    search_params = models.JSONField(
        "search parameters",
        null=True,
        blank=True,
        validators=[Shape(shapes.SEARCH_PARAMS)],
        help_text="The search that finds them, in Apollo's words; null: it follows from the profile.",
    )
    source_conversation = TenantForeignKey(
        Conversation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="profiles",
        db_index=False,
        editable=False,
        help_text="The conversation it was saved from.",
    )
    is_active = models.BooleanField(default=True, db_default=True, help_text="Whether it is offered for new searches.")
    usage_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    tenant_key = False

    class Meta:
        db_table = "ai_icp_profiles"
        verbose_name = "customer profile"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(usage_count=0) | models.Q(last_used_at__isnull=False),
                name="ai_icp_profiles_last_use",
                violation_error_message="A profile that was used says when it was last.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="ai_icp_profiles_newest"),
            models.Index(
                fields=["tenant", "user", "-created_at"],
                condition=models.Q(deleted_at__isnull=True),
                name="ai_icp_profiles_of_user",
            ),
            models.Index(
                fields=["tenant", "is_active", "-usage_count"],
                condition=models.Q(deleted_at__isnull=True),
                name="ai_icp_profiles_most_used",
            ),
            models.Index(
                fields=["tenant", "source_conversation"],
                condition=models.Q(source_conversation__isnull=False),
                name="ai_icp_profiles_source",
            ),
        ]

    def __str__(self) -> str:
        return self.name
