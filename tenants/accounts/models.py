"""Users, their external accounts, sessions, refresh tokens and the attempts that count against a limit."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from lad import names
from lad.db.constraints import CURRENT_TENANT, CURRENT_USER
from lad.db.fields import (
    EncryptedTextField,
    LowercaseEmailField,
    PlatformSecretField,
    SecretHashField,
    without_platform_secrets,
)
from lad.db.managers import AllManager, LadManager, LadQuerySet
from lad.db.models import GlobalModel, SoftDeletable
from lad.db.normalised import PhoneField, TimeZoneField, WebAddressField
from lad.tenancy.context import default_tenant_id, platform_context
from lad.tenancy.countries import country_of


class UserManager(LadManager):
    """Manages users that are not deleted. Sign-up is in ``tenants.accounts.services.sign_up``."""

    def get_by_natural_key(self, email: str) -> "User":
        """Return the user with this address, in any case."""
        with platform_context():
            user: User = self.get(email=email.strip().lower())
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an account for LAD's own staff, for ``createsuperuser`` and the demo."""
        user: User = self.model(email=email, is_staff=True, is_superuser=True, email_verified=True, **fields)
        user.set_password(password)
        with platform_context():
            user.save()
        return user


class User(SoftDeletable, AbstractBaseUser, GlobalModel):
    """The account of one person, who may be a member of many tenants. Tenants see current and former members."""

    event_name = "tenants.user"
    bookkeeping = ("last_login",)
    label_fields = ("first_name", "last_name", "email")

    email = LowercaseEmailField(max_length=255)
    password: Any = PlatformSecretField(
        max_length=255, null=True, blank=True, db_column="password_hash", editable=False
    )
    first_name = models.CharField(max_length=100, blank=True, default="", db_default="", validators=[names.validate])
    last_name = models.CharField(max_length=100, blank=True, default="", db_default="", validators=[names.validate])
    phone = PhoneField(blank=True, default="", db_default="")
    avatar_url = models.URLField(max_length=2000, blank=True, default="", db_default="")
    timezone = TimeZoneField(
        "time zone",
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Times are entered and shown in this zone. Empty means that of the tenant.",
    )
    booking_url = WebAddressField(
        "booking link",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Where leads book a time with the user. Messages show it as {{ booking_url }}.",
    )
    primary_tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    is_active = models.BooleanField(default=True, db_default=True)
    is_staff = models.BooleanField(default=False, db_default=False, help_text="May sign in to this admin.")
    is_superuser = models.BooleanField(default=False, db_default=False, help_text="LAD's staff: sees and changes all.")
    platform_role = models.ForeignKey(
        "tenants.PlatformRole",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="LAD's staff with limited rights: sees every tenant, and does what this role allows.",
    )
    email_verified = models.BooleanField(default=False, db_default=False)
    phone_verified = models.BooleanField(default=False, db_default=False)
    last_login = models.DateTimeField(null=True, blank=True, db_column="last_login_at", editable=False)
    password_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    objects: ClassVar[Any] = UserManager()
    all_objects: ClassVar[Any] = AllManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    # Former members stay visible, or rows they wrote would drop out of joins.
    visible = f"id IN (SELECT user_id FROM memberships WHERE tenant_id = {CURRENT_TENANT})"
    privileges = ("SELECT",)
    withheld = {"SELECT": ("password",)}

    class Meta:
        db_table = "users"
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(deleted_at__isnull=True),
                name="users_live_email_key",
                violation_error_message="A user with this e-mail address already exists.",
            ),
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")), name="users_email_lowercase"
            ),
        ]
        indexes = [
            models.Index(fields=["primary_tenant"], name="users_primary_tenant"),
            models.Index(
                fields=["platform_role"], condition=models.Q(platform_role__isnull=False), name="users_platform_role"
            ),
            models.Index(fields=["is_active"], name="users_is_active"),
            models.Index(fields=["-created_at"], name="users_created_at"),
        ]

    def __str__(self) -> str:
        return self.email

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> "User":
        """Return the row; the password's hash is read when it is used if a tenant's query made the row."""
        return super().from_db(db, *without_platform_secrets(cls, [*field_names], [*values]), **options)

    @property
    def label(self) -> str:
        return self.full_name

    def country_of_numbers(self) -> str:
        """Return the country in which the user's number is read: that of the tenant in which it is written."""
        return country_of(default_tenant_id() or self.primary_tenant_id)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_full_name(self) -> str:
        """Return the full name, under the method name Django expects."""
        return self.full_name


class UserIdentity(GlobalModel):
    """An external account (Clerk, Google, …) a user signs in with, and its tokens. Visible to its user only."""

    event_name = "tenants.user_identity"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities", db_index=False)
    provider = models.CharField(max_length=50)
    provider_user_id = models.CharField(max_length=255)
    access_token = EncryptedTextField(null=True, blank=True)
    refresh_token = EncryptedTextField(null=True, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    provider_data = models.JSONField(default=dict, blank=True, db_default={})

    visible = f"user_id = {CURRENT_USER}"
    privileges = ("SELECT",)

    class Meta:
        db_table = "user_identities"
        verbose_name_plural = "user identities"
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_user_id"], name="user_identities_provider_key"),
            models.UniqueConstraint(fields=["user", "provider"], name="user_identities_user_provider_key"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.provider_user_id}"


class UserSessionQuerySet(LadQuerySet):
    """Sessions, and those among them that can still be used."""

    def live(self, now: datetime) -> Self:
        """Return the sessions that have neither ended, nor expired, nor been idle for too long."""
        unused = models.Q(kind=SessionKind.ADMIN, last_used_at__lte=now - settings.ADMIN_IDLE_LIMIT)
        return self.filter(ended_at__isnull=True, expires_at__gt=now).exclude(unused)


class RefreshToken(GlobalModel):
    """A refresh token, which works once. All tokens of one session share ``session_id``."""

    event_name = "tenants.refresh_token"

    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    session_id = models.UUIDField()
    token_hash = SecretHashField(max_length=64, unique=True)
    user_agent = models.CharField(max_length=255, blank=True, default="", db_default="")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    # Each refresh writes two rows; auditing them would flood the log.
    audited = False

    class Meta:
        db_table = "refresh_tokens"
        indexes = [
            models.Index(fields=["session_id"], name="refresh_tokens_session"),
            models.Index(fields=["user", "-created_at"], name="refresh_tokens_user"),
            models.Index(fields=["tenant", "user"], name="refresh_tokens_tenant"),
            models.Index(fields=["expires_at"], name="refresh_tokens_expiry"),
        ]

    def __str__(self) -> str:
        return f"session {self.session_id}"


class SessionKind(models.TextChoices):
    API = "api", "API"
    ADMIN = "admin", "Admin"


class UserSession(GlobalModel):
    """A session of one user: who signed in where, with what, and whether it has ended.

    Refresh tokens of the API name it; a session of the admin carries its id in its data. ``tenant`` is where
    the user works, and is empty for LAD's staff. The tenant's role reads it; only the platform's writes it.
    """

    event_name = "tenants.user_session"

    user = models.ForeignKey("tenants.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10, choices=SessionKind)
    device = models.CharField(max_length=100, blank=True, default="", db_default="")
    user_agent = models.CharField(max_length=255, blank=True, default="", db_default="")
    address = models.CharField(max_length=45, blank=True, default="", db_default="")
    last_used_at = models.DateTimeField()
    # When the user gave their second factor, and when they last proved to be there, by it or by their password.
    second_factor_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    announced = False
    # Using a session changes its row; only its end is worth an entry.
    audited_columns = ("ended_at",)
    audit_tenant = "tenant_id"
    visible = f"tenant_id = {CURRENT_TENANT}"
    privileges = ("SELECT",)

    objects: ClassVar[Any] = LadManager.from_queryset(UserSessionQuerySet)()
    all_objects: ClassVar[Any] = AllManager.from_queryset(UserSessionQuerySet)()

    class Meta:
        db_table = "user_sessions"
        indexes = [
            models.Index(fields=["user", "-created_at"], name="user_sessions_user"),
            models.Index(fields=["tenant", "-created_at"], name="user_sessions_tenant"),
            models.Index(fields=["expires_at"], name="user_sessions_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.device or 'an unknown device'}"


class AttemptBudget(GlobalModel):
    """The attempts of one kind that still count: wrong passwords, invitations. See ``tenants.budgets``.

    ``subject`` is what is tried, such as an e-mail address, which may be unknown to LAD. ``client`` is who tries:
    an address or a device. Either may be empty.
    """

    event_name = "tenants.attempt_budget"

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=255, blank=True, default="", db_default="")
    client = models.CharField(max_length=64, blank=True, default="", db_default="")
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    last_attempt_at = models.DateTimeField()
    whole_at = models.DateTimeField(help_text="All attempts are forgotten by then.")

    audited = False

    class Meta:
        db_table = "attempt_budgets"
        constraints = [models.UniqueConstraint(fields=["kind", "subject", "client"], name="attempt_budgets_key")]
        indexes = [
            models.Index(fields=["whole_at"], name="attempt_budgets_whole"),
            models.Index(fields=["subject"], name="attempt_budgets_subject"),
        ]

    def __str__(self) -> str:
        return " · ".join(part for part in (self.kind, self.subject, self.client) if part)
