"""Table of saved customer profiles."""

from django.db import models

from aiicp import json_schemas
from aiicp.conversations.models import Conversation
from lad.db.fields import TenantForeignKey, TenantKey, TenantUserKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import AppendOnly, SoftDeletable, TenantModel


class IcpProfile(SoftDeletable, TenantModel):
    """One ideal customer profile, saved by a user to search with and to score leads by.

    A shared one is the whole tenant's, any other its owner's alone. ``version`` grows with every change of what the
    profile says, ``criteria_version`` is the version in which its scores last changed.
    """

    event_name = "aiicp.icp_profile"
    bookkeeping = ("usage_count", "last_used_at", "version", "criteria_version")

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
    # Its owner alone decides, see the actions.
    is_shared = models.BooleanField(
        "shared",
        default=True,
        db_default=True,
        editable=False,
        help_text="Whether everybody in the tenant sees and uses it.",
    )
    scores_leads = models.BooleanField(
        "scores leads",
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether the list of leads shows the scores of this profile. One profile does.",
    )
    weights = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(json_schemas.WEIGHTS)],
        help_text="What each criterion is worth in the score, from 0 (nothing) to 100. Empty for the usual weights.",
    )
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    criteria_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    usage_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "ai_icp_profiles"
        verbose_name = "customer profile"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(usage_count=0) | models.Q(last_used_at__isnull=False),
                name="ai_icp_profiles_last_use",
                violation_error_message="A profile that was used needs the time of its last use.",
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(scores_leads=True, deleted_at__isnull=True),
                name="ai_icp_profiles_one_scores_leads",
                violation_error_message="Another profile scores the leads already.",
            ),
            models.CheckConstraint(
                condition=models.Q(scores_leads=False) | models.Q(is_shared=True),
                name="ai_icp_profiles_scoring_is_shared",
                violation_error_message="This profile scores the leads for everybody, so it stays shared.",
            ),
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


class IcpProfileVersion(AppendOnly, TenantModel):
    """What a profile said before a change. The present version is the profile itself."""

    event_name = "aiicp.icp_profile_version"

    tenant = TenantKey(db_column="organization_id")
    profile = TenantForeignKey(IcpProfile, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=255)
    description = models.TextField(max_length=5_000, blank=True, default="", db_default="")
    icp_data = models.JSONField("ideal customer", validators=[JsonSchemaValidator(json_schemas.ICP)])
    search_params = models.JSONField(
        "search parameters", null=True, blank=True, validators=[JsonSchemaValidator(json_schemas.SEARCH_PARAMS)]
    )
    weights = models.JSONField(
        default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(json_schemas.WEIGHTS)]
    )
    replaced_by_user = TenantUserKey(
        null=True, blank=True, db_index=False, help_text="The user whose change replaced it."
    )

    announced = False
    tenant_key = False

    class Meta:
        db_table = "ai_icp_profile_versions"
        verbose_name = "earlier version of a customer profile"
        verbose_name_plural = "earlier versions of customer profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile", "number"],
                name="ai_icp_profile_versions_number_key",
                violation_error_message="Somebody else has changed this profile. Open it again.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="ai_icp_profile_versions_newest")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"
