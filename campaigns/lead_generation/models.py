"""How far each step that finds leads has come."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel


class LeadGeneration(TenantModel):
    """Where the search of one step stands, and what it brought.

    ``page_number`` and ``position`` are the place in the results from which it goes on; they begin again when the
    filters change, of which ``key`` is the digest. ``pending`` people were chosen and are being revealed.
    ``found_today`` counts the leads enrolled on ``day``, a day of the tenant. ``reason`` says what it waits for until
    ``next_run_at``.
    """

    event_name = "campaigns.lead_generation"

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+", db_index=False)
    step = TenantForeignKey("campaigns.CampaignStep", on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    page_number = models.PositiveIntegerField("page", default=1, db_default=1)
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    pending = ArrayField(models.CharField(max_length=255), default=list, blank=True, db_default=[])
    day = models.DateField(null=True, blank=True)
    found_today = models.PositiveIntegerField(default=0, db_default=0)
    found = models.PositiveIntegerField(default=0, db_default=0)
    next_run_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    reason = models.TextField(blank=True, default="", db_default="")

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "lead_generations"
        constraints = [models.UniqueConstraint(fields=["tenant", "step"], name="lead_generations_step")]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="lead_generations_newest"),
            models.Index(fields=["tenant", "campaign"], name="lead_generations_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.found} leads found"
