"""What is switched on: per platform, per tenant, per user."""

from django.db import models

from lad.db.fields import TenantUserKey
from lad.db.models import GlobalModel, TenantModel


class FeatureKillSwitch(GlobalModel):
    """Turns one feature off for everybody, whatever any other table says."""

    event_name = "tenants.feature_kill_switch"

    feature_key = models.CharField(max_length=100, unique=True)
    is_active = models.BooleanField(default=True, db_default=True, help_text="While active the feature is off.")
    reason = models.CharField(max_length=255, help_text="Shown to those who find the feature closed.")

    visible = "true"
    privileges = ("SELECT",)

    class Meta:
        db_table = "feature_kill_switches"
        verbose_name_plural = "feature kill switches"

    def __str__(self) -> str:
        return self.feature_key


class TenantFeature(TenantModel):
    """One feature switched on or off for one tenant, with its settings."""

    event_name = "tenants.feature"

    feature_key = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True, db_default=True)
    config = models.JSONField(default=dict, blank=True, db_default={})
    granted = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The platform gave it: the tenant may switch it on and off whatever its plan.",
    )

    class Meta:
        db_table = "tenant_features"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature_key"],
                name="tenant_features_key",
                violation_error_message="The tenant has an entry for this feature already.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="tenant_features_newest")]

    def __str__(self) -> str:
        return f"{self.feature_key}: {'on' if self.enabled else 'off'}"


class FeatureFlag(TenantModel):
    """An override of one feature for a tenant or, over that, for one of its users; may end by itself."""

    event_name = "tenants.feature_flag"

    feature_key = models.CharField(max_length=100)
    user = TenantUserKey(on_delete=models.CASCADE, null=True, blank=True, member=True, db_index=False)
    is_enabled = models.BooleanField(default=False, db_default=False)
    config = models.JSONField(default=dict, blank=True, db_default={})
    expires_at = models.DateTimeField(null=True, blank=True, help_text="From then on the flag counts as absent.")

    class Meta:
        db_table = "feature_flags"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature_key", "user"],
                nulls_distinct=False,
                name="feature_flags_key",
                violation_error_message="There is a flag for this feature and user already.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "feature_key"], name="feature_flags_lookup"),
            models.Index(fields=["tenant", "-created_at"], name="feature_flags_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.feature_key}: {'on' if self.is_enabled else 'off'}"
