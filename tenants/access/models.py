"""Roles that are data, and rights given to or taken from single members."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lad.db.fields import RegisteredKeyField, TenantUserKey
from lad.db.models import GlobalModel, SoftDeletable, TenantModel
from tenants.access.capabilities import capabilities
from tenants.features.catalogue import features

MAX_RIGHT_LENGTH: Final = 100


class TenantRole(SoftDeletable, TenantModel):
    """A role of a tenant's own. Its rights replace those of the default role of the members who have it."""

    event_name = "tenants.tenant_role"

    key = models.SlugField(max_length=50, db_index=False, help_text="A short name for programs, such as finance.")
    name = models.CharField(max_length=100)
    rights = ArrayField(models.CharField(max_length=MAX_RIGHT_LENGTH))

    class Meta:
        db_table = "tenant_roles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=models.Q(deleted_at__isnull=True),
                name="tenant_roles_live_key",
                violation_error_message="The tenant already has a role with this key.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="tenant_roles_newest")]

    def __str__(self) -> str:
        return self.name


class PlatformRole(GlobalModel):
    """A role of LAD's own staff who are no superusers: what they may do in every tenant, in the admin."""

    event_name = "tenants.platform_role"

    key = models.SlugField(max_length=50, db_index=False, unique=True)
    name = models.CharField(max_length=100)
    rights = ArrayField(models.CharField(max_length=MAX_RIGHT_LENGTH))

    class Meta:
        db_table = "platform_roles"

    def __str__(self) -> str:
        return self.name


class UserCapability(TenantModel):
    """A right given to or taken from one member, in addition to the role, for ever or until ``expires_at``."""

    event_name = "tenants.user_capability"

    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    capability_key = RegisteredKeyField("capability", max_length=100, registry=capabilities)
    feature_key = RegisteredKeyField(
        "feature", max_length=100, blank=True, default="", db_default="", registry=features
    )
    enabled = models.BooleanField(default=True, db_default=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Without effect from then on.")
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    class Meta:
        db_table = "user_capabilities"
        verbose_name_plural = "user capabilities"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "capability_key"],
                name="user_capabilities_user_key",
                violation_error_message="This member already has an entry for this capability.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="user_capabilities_newest")]

    def __str__(self) -> str:
        return f"{self.capability_key}: {'on' if self.enabled else 'off'}"
