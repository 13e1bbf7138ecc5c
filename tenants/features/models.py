"""Settings that switch features on and off: for everybody, for a tenant, for a user."""

from django.db import models

from lad.db.fields import RegisteredKeyField, TenantUserKey
from lad.db.models import GlobalModel, TenantModel
from tenants.features.catalogue import features


class FeatureKillSwitch(GlobalModel):
    """Switches a feature off for everybody, overriding all other settings."""

    event_name = "tenants.feature_kill_switch"

    feature_key = RegisteredKeyField("feature", max_length=100, unique=True, registry=features)
    is_active = models.BooleanField(default=True, db_default=True, help_text="The feature is off for everybody.")
    reason = models.CharField(max_length=255, help_text="Shown to users who try to use the feature.")

    visible = "true"
    privileges = ("SELECT",)

    class Meta:
        db_table = "feature_kill_switches"
        verbose_name_plural = "feature kill switches"

    def __str__(self) -> str:
        return self.feature_key


class TenantFeature(TenantModel):
    """A feature switched on or off for one tenant, with its configuration."""

    event_name = "tenants.feature"

    feature_key = RegisteredKeyField("feature", max_length=100, registry=features)
    enabled = models.BooleanField(default=True, db_default=True)
    config = models.JSONField(default=dict, blank=True, db_default={})
    granted = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="LAD granted it: the tenant may switch it on and off whatever its plan.",
    )

    class Meta:
        db_table = "tenant_features"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature_key"],
                name="tenant_features_key",
                violation_error_message="The tenant already has an entry for this feature.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="tenant_features_newest")]

    def __str__(self) -> str:
        return f"{self.feature_key}: {'on' if self.enabled else 'off'}"


class FeatureFlag(TenantModel):
    """Overrides a feature for a tenant or one of its users, optionally until ``expires_at``. A user's flag wins."""

    event_name = "tenants.feature_flag"

    feature_key = RegisteredKeyField("feature", max_length=100, registry=features)
    user = TenantUserKey(on_delete=models.CASCADE, null=True, blank=True, member=True, db_index=False)
    is_enabled = models.BooleanField(default=False, db_default=False)
    config = models.JSONField(default=dict, blank=True, db_default={})
    expires_at = models.DateTimeField(null=True, blank=True, help_text="The flag is ignored from then on.")

    class Meta:
        db_table = "feature_flags"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature_key", "user"],
                nulls_distinct=False,
                name="feature_flags_key",
                violation_error_message="A flag for this feature and user already exists.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "user", "feature_key"], name="feature_flags_lookup"),
            models.Index(fields=["tenant", "-created_at"], name="feature_flags_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.feature_key}: {'on' if self.is_enabled else 'off'}"
