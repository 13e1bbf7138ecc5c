"""Who belongs to which tenant, in which role, with which single rights."""

from django.db import models

from lad.db.fields import TenantUserKey
from lad.db.models import TenantModel


class UserCapability(TenantModel):
    """One right given to or taken from one member, over what the role says."""

    event_name = "tenants.user_capability"

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    capability_key = models.CharField(max_length=100)
    feature_key = models.CharField(max_length=100, blank=True, default="", db_default="")
    enabled = models.BooleanField(default=True, db_default=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    class Meta:
        db_table = "user_capabilities"
        verbose_name_plural = "user capabilities"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "capability_key"],
                name="user_capabilities_user_key",
                violation_error_message="This member has an entry for this capability already.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="user_capabilities_newest")]

    def __str__(self) -> str:
        return f"{self.capability_key}: {'on' if self.enabled else 'off'}"
