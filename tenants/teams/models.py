"""Tenants (LAD's customers), their members and invitations."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models.functions import Lower

from lad import countries, names
from lad.db.constraints import CURRENT_TENANT, ReferencedKey
from lad.db.fields import (
    LowercaseEmailField,
    PlatformSecretField,
    TenantForeignKey,
    TenantUserKey,
    without_platform_secrets,
)
from lad.db.models import GlobalModel, SoftDeletable, TenantModel
from lad.db.normalised import CountryField, PhoneField, TimeZoneField, WebAddressField
from tenants.access.roles import Role


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
    """A customer of LAD. Sees its own row only."""

    event_name = "tenants.tenant"

    name = models.CharField(max_length=255, validators=[names.validate])
    self_named = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The tenant chose its name itself. Only names that LAD's staff chose are unique: a refusal would tell"
        " a tenant who else is a customer.",
    )
    slug = models.SlugField(max_length=100, unique=True)
    status = models.CharField(
        max_length=20, choices=TenantStatus, default=TenantStatus.TRIAL, db_default=TenantStatus.TRIAL
    )
    plan_tier = models.CharField(max_length=20, choices=PlanTier, default=PlanTier.FREE, db_default=PlanTier.FREE)
    trial_ends_at = models.DateTimeField(null=True, blank=True, help_text="The tenant is closed after this.")
    email = LowercaseEmailField(max_length=255, blank=True, default="", db_default="")
    phone = PhoneField(blank=True, default="", db_default="")
    website = WebAddressField(max_length=255, blank=True, default="", db_default="")
    timezone = TimeZoneField(
        "time zone",
        max_length=64,
        default="UTC",
        db_default="UTC",
        help_text="Days and months start at midnight here, for quotas and daily usage.",
    )
    country = CountryField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        help_text="Two-letter ISO code, such as DE. Telephone numbers without a country code are read as numbers of"
        " this country; while it is empty, they are refused.",
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    visible = f"id = {CURRENT_TENANT}"
    writable = visible
    privileges = ("SELECT", "UPDATE")
    # What LAD's contract with the tenant says is LAD's to change.
    withheld = {"UPDATE": ("id", "status", "plan_tier", "trial_ends_at", "created_at")}
    audit_tenant = "id"

    class Meta:
        db_table = "tenants"
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                condition=models.Q(deleted_at__isnull=True, self_named=False),
                name="tenants_live_name_key",
                violation_error_message="A tenant with this name already exists.",
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"\S"),
                name="tenants_name_not_blank",
            ),
            models.CheckConstraint(
                condition=models.Q(country="") | models.Q(country__regex=r"^[A-Z]{2}$"),
                name="tenants_country_code",
                violation_error_message="Write the country as its two-letter ISO code in capitals, such as DE or AE.",
            ),
        ]
        indexes = [
            models.Index(fields=["status"], condition=models.Q(deleted_at__isnull=True), name="tenants_live_status"),
            models.Index(fields=["plan_tier"], name="tenants_plan_tier"),
            models.Index(fields=["-created_at"], name="tenants_created_at"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_tenant_id(self) -> UUID | None:
        """Return the tenant's own id: a tenant belongs to itself."""
        return self.pk

    def country_of_numbers(self) -> str:
        """Return the country in which the tenant's own number is read: the one that is written with it."""
        # It may not have been validated yet.
        code = self.country.strip().upper()
        return code if code in countries.NAMES else ""


class Membership(SoftDeletable, TenantModel):
    """A user's membership in a tenant. The rights of ``tenant_role``, if there is one, replace those of ``role``.

    A former member who accepts an invitation gets the old row back.
    """

    event_name = "tenants.membership"

    user = TenantUserKey(on_delete=models.CASCADE, related_name="memberships", db_index=False)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER, db_default=Role.MEMBER)
    tenant_role = TenantForeignKey(
        "tenants.TenantRole",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        db_index=False,
        help_text="Replaces the rights of the role. Choosing another role ends it.",
    )
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
                violation_error_message="The tenant already has an owner: transfer the ownership instead.",
            ),
            models.CheckConstraint(
                condition=~models.Q(role="owner") | models.Q(tenant_role__isnull=True),
                name="memberships_owner_has_no_tenant_role",
                violation_error_message="The owner has all rights, so no role of the tenant can replace them.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "role"], condition=models.Q(deleted_at__isnull=True), name="memberships_role"
            ),
            models.Index(
                fields=["tenant", "tenant_role"],
                condition=models.Q(tenant_role__isnull=False),
                name="memberships_tenant_role",
            ),
            models.Index(fields=["tenant", "-created_at"], name="memberships_newest"),
        ]

    def __str__(self) -> str:
        # Show the address only if the user is loaded; a label must not cost a query.
        user = self._state.fields_cache.get("user") or self.user_id
        return f"{user} · {self.role}"

    @classmethod
    def labels(cls, keys: Iterable[Any]) -> dict[Any, str]:
        """Return the names of the members."""
        rows = cls.all_objects.filter(pk__in=list(keys)).select_related("user")
        return {row.pk: row.user.full_name for row in rows}


class TenantInvitation(SoftDeletable, TenantModel):
    """An invitation to join a tenant. The row holds only the SHA-256 of the secret in its link."""

    event_name = "tenants.invitation"

    email = LowercaseEmailField(max_length=255)
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER, db_default=Role.MEMBER)
    # An invitation to a deleted role cannot be accepted.
    tenant_role = TenantForeignKey(
        "tenants.TenantRole",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Replaces the rights of the role.",
    )
    invited_by = TenantUserKey(on_delete=models.CASCADE, db_column="invited_by", db_index=False, editable=False)
    invitation_token: Any = PlatformSecretField(max_length=255, editable=False)
    token_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    accepted_by = TenantUserKey(
        on_delete=models.SET_NULL, null=True, blank=True, db_column="accepted_by", db_index=False, editable=False
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(editable=False)
    message = models.TextField(
        max_length=2000, blank=True, default="", db_default="", validators=[names.validate_message]
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    # Looked up before the tenant is known.
    unique_across_tenants = ("invitation_token",)
    withheld = {"SELECT": ("invitation_token",)}

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

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> "TenantInvitation":
        """Return the row; a tenant's query leaves out the hash of the link's secret."""
        return super().from_db(db, *without_platform_secrets(cls, [*field_names], [*values]), **options)

    def status(self, now: datetime) -> str:
        """Return ``accepted``, ``revoked``, ``expired`` or ``pending``, as of ``now``."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at or self.deleted_at:
            return "revoked"
        return "expired" if self.expires_at <= now else "pending"
