"""Table of saved customer profiles."""

from django.db import models

from aiicp import json_schemas
from aiicp.conversations.models import Conversation
from lad.db.fields import TenantForeignKey, TenantKey, TenantUserKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel


class IcpProfile(SoftDeletable, TenantModel):
    """One ideal customer profile, saved by a user for the whole tenant to search with."""

    event_name = "aiicp.icp_profile"
    bookkeeping = ("usage_count", "last_used_at")

    tenant = TenantKey(db_column="organization_id")
    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False, help_text="The user who saved it.")
    name = models.CharField(max_length=255)
    description = models.TextField(max_length=5_000, blank=True, default="", db_default="")
    icp_data = models.JSONField(
        "ideal customer",
        validators=[JsonSchemaValidator(json_schemas.ICP)],
        help_text="The ideal customer: roles, industries, locations, company size …",
    )
    search_params = models.JSONField(
        "search parameters",
        null=True,
        blank=True,
        validators=[JsonSchemaValidator(json_schemas.SEARCH_PARAMS)],
        help_text="The search for such customers, with Apollo's parameters. Empty to derive it from the profile.",
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
    is_active = models.BooleanField(default=True, db_default=True, help_text="Whether it can be used for new searches.")
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
                violation_error_message="A profile that was used needs the time of its last use.",
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
