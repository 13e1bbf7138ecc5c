"""How much of a feature a tenant may use, and how much it has used."""

from typing import Final

from django.db import models
from django.db.models import F, Q

from billing import money as amounts
from billing.pricing.models import PriceUnit
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel

# One of it is counted for each use, whatever was used in it.
USE: Final = "use"


class FeatureEntitlement(TenantModel):
    """The quotas of one feature for one tenant, and what use beyond them costs."""

    event_name = "billing.feature_entitlement"

    feature_key = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True, db_default=True)
    quota_unit = models.CharField(
        max_length=30,
        choices=[(USE, "Use"), *PriceUnit.choices],
        default=USE,
        db_default=USE,
        help_text="What is counted: each use as one, or the minutes, records or other units in it.",
    )
    monthly_quota = amounts.money(null=True, blank=True, help_text="Empty: no limit.")
    daily_quota = amounts.money(null=True, blank=True, help_text="Empty: no limit.")
    allow_overages = models.BooleanField(
        default=False, db_default=False, help_text="Whether use beyond a quota is let through, at a price."
    )
    overage_rate = amounts.unit_price(null=True, blank=True, help_text="The price of one unit beyond the quota.")
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    # How much a tenant may use is the platform's to say.
    privileges = ("SELECT",)

    class Meta:
        db_table = "billing_feature_entitlements"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature_key"],
                name="billing_feature_entitlements_key",
                violation_error_message="The tenant has an entitlement for this feature already.",
            ),
            models.CheckConstraint(
                condition=~Q(feature_key=""),
                name="billing_feature_entitlements_feature",
                violation_error_message="Name the feature.",
            ),
            models.CheckConstraint(
                condition=(Q(monthly_quota__gte=0) | Q(monthly_quota__isnull=True))
                & (Q(daily_quota__gte=0) | Q(daily_quota__isnull=True)),
                name="billing_feature_entitlements_quota",
                violation_error_message="A quota cannot be negative; leave it empty for no limit.",
            ),
            models.CheckConstraint(
                condition=Q(overage_rate__isnull=False, overage_rate__gte=0)
                | Q(overage_rate__isnull=True, allow_overages=False),
                name="billing_feature_entitlements_overage",
                violation_error_message="Use beyond the quota needs a price, which may be 0 but not negative.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_entitlements_newest")]

    def __str__(self) -> str:
        return f"{self.feature_key}: {'entitled' if self.enabled else 'not entitled'}"


class QuotaWindow(models.TextChoices):
    DAY = "day", "Day"
    MONTH = "month", "Month"


class EntitlementUse(TenantModel):
    """How much of an entitlement was used in one calendar day or month of the tenant's time zone.

    ``quota`` is the limit of the window as it was when units were last taken, where use beyond it is
    refused: no two takers at once can pass it, whatever they had read before.
    """

    event_name = "billing.entitlement_use"

    entitlement = TenantForeignKey(
        "billing.FeatureEntitlement", on_delete=models.PROTECT, related_name="uses", db_index=False
    )
    window = models.CharField(max_length=20, choices=QuotaWindow)
    window_start = models.DateField(help_text="The day, or the first day of the month.")
    used = amounts.money(default=0, db_default=0)
    quota = amounts.money(null=True, blank=True, help_text="Empty: no limit, or one that may be passed at a price.")
    nearly_used_at = models.DateTimeField(null=True, blank=True)
    used_up_at = models.DateTimeField(null=True, blank=True)

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "billing_entitlement_usage"
        verbose_name = "use of an entitlement"
        verbose_name_plural = "use of entitlements"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "entitlement", "window", "window_start"],
                name="billing_entitlement_usage_window_key",
                violation_error_message="The use in this window is counted already.",
            ),
            models.CheckConstraint(
                condition=Q(used__gte=0),
                name="billing_entitlement_usage_not_negative",
                violation_error_message="No more can be given back than was used.",
            ),
            models.CheckConstraint(
                condition=Q(quota__isnull=True) | Q(used__lte=F("quota")),
                name="billing_entitlement_usage_within_quota",
                violation_error_message="The quota does not leave that much.",
            ),
            models.CheckConstraint(
                condition=Q(window=QuotaWindow.DAY) | Q(window_start__day=1),
                name="billing_entitlement_usage_month_start",
                violation_error_message="A month begins on its first day.",
            ),
            # Every use of a feature rewrites its two rows: space on their page keeps that from touching an index.
            TableStorage(
                name="billing_entitlement_usage_storage",
                parameters={
                    "fillfactor": "50",
                    "autovacuum_vacuum_threshold": "200",
                    "autovacuum_vacuum_scale_factor": "0.02",
                },
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_entitlement_use_newest")]

    def __str__(self) -> str:
        return f"{self.window_start:%Y-%m-%d}, {self.get_window_display().lower()}"
