"""Entitlements: how much of a feature a tenant may use, and how much it has used."""

from typing import Final

from django.db import models
from django.db.models import F, Q

from billing import money
from billing.units import PriceUnit
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel

# Every use counts as one, whatever its quantity.
USE: Final = "use"


class FeatureEntitlement(TenantModel):
    """The quotas of one feature for one tenant, and the price of use beyond them."""

    event_name = "billing.feature_entitlement"

    feature_key = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True, db_default=True)
    quota_unit = models.CharField(
        max_length=30,
        choices=[(USE, "Use"), *PriceUnit.choices],
        default=USE,
        db_default=USE,
        help_text="What the quota counts: uses, or their minutes, records or other units.",
    )
    monthly_quota = money.amount_field(null=True, blank=True, help_text="Empty for no limit.")
    daily_quota = money.amount_field(null=True, blank=True, help_text="Empty for no limit.")
    allow_overages = models.BooleanField(
        default=False, db_default=False, help_text="Whether use beyond the quota is allowed at a price."
    )
    overage_rate = money.unit_price_field(null=True, blank=True, help_text="The price of one unit beyond the quota.")
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    # Only the platform writes entitlements.
    privileges = ("SELECT",)

    class Meta:
        db_table = "billing_feature_entitlements"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature_key"],
                name="billing_feature_entitlements_key",
                violation_error_message="The tenant already has an entitlement for this feature.",
            ),
            models.CheckConstraint(
                condition=~Q(feature_key=""),
                name="billing_feature_entitlements_feature",
                violation_error_message="Choose a feature.",
            ),
            models.CheckConstraint(
                condition=(Q(monthly_quota__gte=0) | Q(monthly_quota__isnull=True))
                & (Q(daily_quota__gte=0) | Q(daily_quota__isnull=True)),
                name="billing_feature_entitlements_quota",
                violation_error_message="A quota cannot be negative. Leave it empty for no limit.",
            ),
            models.CheckConstraint(
                condition=Q(overage_rate__isnull=False, overage_rate__gte=0)
                | Q(overage_rate__isnull=True, allow_overages=False),
                name="billing_feature_entitlements_overage",
                violation_error_message="Use beyond the quota needs a price of at least 0.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_entitlements_newest")]

    def __str__(self) -> str:
        return f"{self.feature_key}: {'entitled' if self.enabled else 'not entitled'}"


class QuotaWindow(models.TextChoices):
    DAY = "day", "Day"
    MONTH = "month", "Month"


class EntitlementUse(TenantModel):
    """How much of an entitlement was used in one calendar day or month of a time zone, in one unit.

    ``quota`` is the limit when units were last consumed, if use beyond it is refused. A check constraint
    on it keeps concurrent calls within the limit.
    """

    event_name = "billing.entitlement_use"

    entitlement = TenantForeignKey(
        "billing.FeatureEntitlement", on_delete=models.PROTECT, related_name="uses", db_index=False
    )
    window = models.CharField(max_length=20, choices=QuotaWindow)
    window_start = models.DateField(help_text="The day, or the first day of the month.")
    timezone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        db_default="UTC",
        editable=False,
        help_text="Where the window began. It goes on until it is over here and in the tenant's time zone.",
    )
    quota_unit = models.CharField(
        max_length=30,
        default=USE,
        db_default=USE,
        help_text="What was counted. An entitlement whose unit changes begins a new count.",
    )
    used = money.amount_field(default=0, db_default=0)
    quota = money.amount_field(null=True, blank=True, help_text="Empty for no limit, or if use beyond it is charged.")
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
                fields=["tenant", "entitlement", "window", "window_start", "quota_unit"],
                name="billing_entitlement_usage_window_key",
                violation_error_message="The use in this window is already counted.",
            ),
            models.CheckConstraint(
                condition=Q(used__gte=0),
                name="billing_entitlement_usage_not_negative",
                violation_error_message="No more units can be given back than were used.",
            ),
            models.CheckConstraint(
                condition=Q(quota__isnull=True) | Q(used__lte=F("quota")),
                name="billing_entitlement_usage_within_quota",
                violation_error_message="This exceeds the quota.",
            ),
            models.CheckConstraint(
                condition=Q(window=QuotaWindow.DAY) | Q(window_start__day=1),
                name="billing_entitlement_usage_month_start",
                violation_error_message="A monthly window must begin on the first day of a month.",
            ),
            # Every use updates two rows. Free space on the page lets that happen without touching an index.
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
