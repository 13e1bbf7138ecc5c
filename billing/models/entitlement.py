"""How much of a feature a tenant may use."""

from django.db import models
from django.db.models import Q

from billing.models import amounts
from lad.db.models import TenantModel


class FeatureEntitlement(TenantModel):
    """The quotas of one feature for one tenant, and what use beyond them costs."""

    feature_key = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True, db_default=True)
    monthly_quota = amounts.money(null=True, blank=True, help_text="Empty: no limit.")
    daily_quota = amounts.money(null=True, blank=True, help_text="Empty: no limit.")
    allow_overages = models.BooleanField(default=False, db_default=False)
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
