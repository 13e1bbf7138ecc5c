"""The customer organisation: the root of isolation."""

from django.db import models
from django.db.models.functions import Lower

from lad import timezones
from lad.db.constraints import CURRENT_TENANT
from lad.db.fields import LowercaseEmailField
from lad.db.models import GlobalModel, SoftDeletable


class TenantStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    TRIAL = "trial", "Trial"
    CANCELLED = "cancelled", "Cancelled"


class PlanTier(models.TextChoices):
    FREE = "free", "Free"
    STARTER = "starter", "Starter"
    PROFESSIONAL = "professional", "Professional"
    ENTERPRISE = "enterprise", "Enterprise"


class Tenant(SoftDeletable, GlobalModel):
    """One customer organisation. A tenant sees its own row and no other."""

    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=100, unique=True)
    status = models.CharField(
        max_length=20, choices=TenantStatus, default=TenantStatus.TRIAL, db_default=TenantStatus.TRIAL
    )
    plan_tier = models.CharField(max_length=20, choices=PlanTier, default=PlanTier.FREE, db_default=PlanTier.FREE)
    trial_ends_at = models.DateTimeField(null=True, blank=True, help_text="A trial tenant is shut out after this.")
    email = LowercaseEmailField(max_length=255, blank=True, default="", db_default="")
    phone = models.CharField(max_length=50, blank=True, default="", db_default="")
    website = models.URLField(max_length=255, blank=True, default="", db_default="")
    timezone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        db_default="UTC",
        validators=[timezones.validate],
        help_text="In which its days and months begin: for quotas, and for use by day.",
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    visible = f"id = {CURRENT_TENANT}"
    writable = visible
    privileges = ("SELECT", "UPDATE")
    audit_tenant = "id"

    class Meta:
        db_table = "tenants"
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                condition=models.Q(deleted_at__isnull=True),
                name="tenants_live_name_key",
                violation_error_message="A tenant with this name exists already.",
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"\S"),
                name="tenants_name_not_blank",
            ),
        ]
        indexes = [
            models.Index(fields=["status"], condition=models.Q(deleted_at__isnull=True), name="tenants_live_status"),
            models.Index(fields=["plan_tier"], name="tenants_plan_tier"),
            models.Index(fields=["-created_at"], name="tenants_created_at"),
        ]

    def __str__(self) -> str:
        return self.name
