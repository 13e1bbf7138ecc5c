"""Who belongs to which tenant, in which role, with which single rights."""

from django.db import models

from lad.db.constraints import ReferencedKey
from lad.db.fields import TenantUserKey
from lad.db.models import SoftDeletable, TenantModel


class Role(models.TextChoices):
    """Roles, the strongest first."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Membership(SoftDeletable, TenantModel):
    """One user's place in one tenant. A removed membership is revived, never inserted again."""

    user = TenantUserKey(on_delete=models.CASCADE, related_name="memberships", db_index=False)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER, db_default=Role.MEMBER)
    invited_by = TenantUserKey(
        on_delete=models.SET_NULL, null=True, blank=True, db_column="invited_by", db_index=False, editable=False
    )

    tenant_key = False

    class Meta:
        db_table = "memberships"
        constraints = [
            ReferencedKey(fields=["user", "tenant"], name="memberships_user_tenant_key"),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(role="owner", deleted_at__isnull=True),
                name="memberships_one_owner_key",
                violation_error_message="The tenant has an owner already: transfer the ownership instead.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "role"], condition=models.Q(deleted_at__isnull=True), name="memberships_role"
            ),
            models.Index(fields=["tenant", "-created_at"], name="memberships_newest"),
        ]

    def __str__(self) -> str:
        # The person's address where it is at hand: a name must not cost a query.
        person = self._state.fields_cache.get("user") or self.user_id
        return f"{person} · {self.role}"


class UserCapability(TenantModel):
    """One right given to or taken from one member, over what the role says."""

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
