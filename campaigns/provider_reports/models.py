"""What providers report: taken in at once, worked on by workers, each report once."""

from django.db import models

from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.jobs.leases import Leased


class ReportState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ProviderReport(Leased, TenantModel):
    """One report of a provider about one of the tenant's accounts.

    ``key`` is what the report is known by: the same report that comes twice is stored once. The content is forgotten
    when it has been worked on.
    """

    event_name = "campaigns.provider_report"

    provider = models.CharField(max_length=50)
    # A LinkedIn account or a channel account.
    account_id = models.UUIDField()
    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=255)
    state = models.CharField(
        max_length=20, choices=ReportState, default=ReportState.WAITING, db_default=ReportState.WAITING
    )
    content = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(OBJECT)],
        help_text="The report.",
    )
    happened_at = models.DateTimeField(null=True, blank=True)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "provider_reports"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "provider", "account_id", "key"], name="provider_reports_key")
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="provider_reports_newest"),
            # Workers of all tenants look for reports that wait.
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state="waiting"), name="provider_reports_waiting"
            ),
            models.Index(fields=["created_at"], name="provider_reports_age"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.kind}"
