"""Where the fields of leads come from."""

from django.core.validators import MaxValueValidator
from django.db import models

from lad.db.fields import RegisteredKeyField, TenantForeignKey
from lad.db.models import TenantModel
from leads.companies.sources import data_sources
from leads.contacts.models import Lead


class LeadFieldSource(TenantModel):
    """The directory that a field of a lead was filled from, how sure it was, and when it was asked.

    ``value`` is what was filled in. If the lead has another value now, a person has entered it since.
    """

    event_name = "leads.lead_field_source"

    lead = TenantForeignKey(Lead, on_delete=models.CASCADE, related_name="field_sources", db_index=False)
    field = models.CharField(max_length=50)
    source = RegisteredKeyField("directory", max_length=50, registry=data_sources)
    value = models.CharField(max_length=500)
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(100)], help_text="From 0 to 100; empty if not known."
    )
    is_verified = models.BooleanField("verified", default=False, db_default=False)
    fetched_at = models.DateTimeField()

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "lead_field_sources"
        verbose_name = "source of a field"
        verbose_name_plural = "sources of fields"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "lead", "field"], name="lead_field_sources_field_key"),
            models.CheckConstraint(
                condition=models.Q(confidence__isnull=True) | models.Q(confidence__lte=100),
                name="lead_field_sources_confidence",
                violation_error_message="The confidence is from 0 to 100.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="lead_field_sources_newest")]

    def __str__(self) -> str:
        return f"{self.field} from {self.source}"
