"""Invitations to join a tenant."""

from datetime import datetime

from django.db import models

from lad.db.fields import LowercaseEmailField, SecretHashField, TenantUserKey
from lad.db.models import SoftDeletable, TenantModel
from tenants.models.membership import Role


class TenantInvitation(SoftDeletable, TenantModel):
    """One invitation. Its link is derived when the mail is made; the row holds the token's SHA-256 only."""

    email = LowercaseEmailField(max_length=255)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER, db_default=Role.MEMBER)
    invited_by = TenantUserKey(on_delete=models.CASCADE, db_column="invited_by", db_index=False, editable=False)
    invitation_token = SecretHashField(max_length=255, editable=False)
    token_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_by = TenantUserKey(
        on_delete=models.SET_NULL, null=True, blank=True, db_column="accepted_by", db_index=False, editable=False
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(editable=False)
    message = models.TextField(max_length=2000, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    # The token is looked up before the tenant is known; it is a hash of 256 random bits.
    unique_across_tenants = ("invitation_token",)

    class Meta:
        db_table = "tenant_invitations"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True, deleted_at__isnull=True),
                name="tenant_invitations_pending_key",
                violation_error_message="An invitation to this address is pending: resend or revoke it.",
            ),
            models.UniqueConstraint(fields=["invitation_token"], name="tenant_invitations_token_key"),
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")), name="tenant_invitations_email_lowercase"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="tenant_invitations_newest"),
            models.Index(fields=["tenant", "expires_at"], name="tenant_invitations_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.role}"

    def status(self, now: datetime) -> str:
        """``accepted``, ``revoked``, ``expired`` or ``pending`` at that moment."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at or self.deleted_at:
            return "revoked"
        return "expired" if self.expires_at <= now else "pending"
