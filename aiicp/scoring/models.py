"""Table of the scores of leads."""

from django.db import models
from django.utils import timezone

from aiicp import json_schemas
from aiicp.profiles.models import IcpProfile
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey, TenantKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import TenantModel
from leads.contacts.models import Lead


class LeadScore(TenantModel):
    """How well one lead fits one customer profile, from 0 to 100, and why.

    ``known`` is the percentage of the profile's weight for which the lead has data. The score is outdated if
    ``criteria_version`` is not the profile's.
    """

    event_name = "aiicp.lead_score"

    updated_at = None
    tenant = TenantKey(db_column="organization_id")
    profile = TenantForeignKey(IcpProfile, on_delete=models.CASCADE, related_name="lead_scores", db_index=False)
    lead = TenantForeignKey(Lead, on_delete=models.CASCADE, related_name="icp_scores", db_index=False)
    points = models.PositiveSmallIntegerField()
    known = models.PositiveSmallIntegerField(help_text="The percentage of the criteria's weight that is known.")
    is_excluded = models.BooleanField(
        "excluded", default=False, db_default=False, help_text="Whether the profile excludes the lead."
    )
    reasons = models.JSONField(
        default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(json_schemas.REASONS)]
    )
    criteria_version = models.PositiveIntegerField(default=1, db_default=1)
    scored_at = models.DateTimeField(default=timezone.now)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "ai_lead_scores"
        verbose_name = "score of a lead"
        verbose_name_plural = "scores of leads"
        constraints = [
            # Room on each page for the new versions of its rows.
            TableStorage(name="ai_lead_scores_storage", parameters={"fillfactor": "85"}),
            models.UniqueConstraint(
                fields=["tenant", "lead", "profile"],
                name="ai_lead_scores_lead_key",
                violation_error_message="This lead has a score for this profile already.",
            ),
            models.CheckConstraint(
                condition=models.Q(points__lte=100, known__lte=100),
                name="ai_lead_scores_hundred",
                violation_error_message="A score is at most 100.",
            ),
        ]
        indexes = [
            # The list of leads, the best first.
            models.Index(fields=["tenant", "profile", "-points", "-lead"], name="ai_lead_scores_best"),
            models.Index(fields=["tenant", "-created_at"], name="ai_lead_scores_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of 100"
