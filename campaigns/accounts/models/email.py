"""The mailboxes that campaigns send from."""

from collections.abc import Hashable, Mapping

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from campaigns.accounts.models.network import MAX_PER_DAY
from lad.db.fields import EncryptedTextField, LowercaseEmailField, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel

MAX_PORT = 65535


class EmailSignIn(models.TextChoices):
    """How LAD signs in to the mailbox."""

    PASSWORD = "password", "Password"
    GOOGLE = "google", "Google"
    MICROSOFT = "microsoft", "Microsoft"


class EmailAccountStatus(models.TextChoices):
    """The state of a mailbox as its servers last answered."""

    UNTESTED = "untested", "Not tested"
    CONNECTED = "connected", "Connected"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in refused"
    REVOKED = "revoked", "Access revoked"
    UNREACHABLE = "unreachable", "Server not reachable"
    PAUSED = "paused", "Paused by LAD"
    HALTED = "halted", "Stopped: bounces or complaints"


class EmailAccount(SoftDeletable, TenantModel):
    """One mailbox that campaigns send from and listen to, with its daily limit and what it sent today."""

    event_name = "campaigns.email_account"
    message_column = "email_account"
    bookkeeping = (
        "sent_today",
        "last_reset_date",
        "next_send_at",
        "next_poll_at",
        "mailbox_state",
        "dns_report",
        "dns_checked_at",
        "failures",
        "saves_sent",
        "sent_folder",
        "messages_sent",
        "health",
        "token_lease_until",
    )
    # Counters change with every message.
    audited_columns = (
        "email",
        "user_id",
        "sign_in",
        "smtp_host",
        "smtp_port",
        "smtp_username",
        "smtp_password",
        "smtp_secure",
        "imap_host",
        "imap_port",
        "imap_username",
        "imap_password",
        "imap_secure",
        "status",
        "is_active",
        "daily_send_limit",
        "min_gap_seconds",
        "ramp_up_from",
        "tracking_domain",
        "health_window",
        "max_bounces",
        "max_complaints",
        "deleted_at",
    )

    email = LowercaseEmailField(max_length=255)
    from_name = models.CharField(
        "sender's name", max_length=255, blank=True, default="", db_default="", help_text="Shown to the recipient."
    )
    user = TenantUserKey(
        member=True,
        null=True,
        blank=True,
        db_index=False,
        help_text="The member whose name and booking link messages carry.",
    )
    sign_in = models.CharField(
        max_length=20, choices=EmailSignIn, default=EmailSignIn.PASSWORD, db_default=EmailSignIn.PASSWORD
    )
    smtp_host = models.CharField(max_length=255, blank=True, default="", db_default="")
    smtp_port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_PORT)]
    )
    smtp_username = models.CharField(max_length=255, blank=True, default="", db_default="")
    smtp_password = EncryptedTextField(blank=True, default="", db_default="")
    smtp_secure = models.BooleanField(
        default=True, db_default=True, verbose_name="TLS", help_text="Encrypt the connection to the server."
    )
    imap_host = models.CharField(max_length=255, blank=True, default="", db_default="")
    imap_port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_PORT)]
    )
    imap_username = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Empty means the name for sending."
    )
    imap_password = EncryptedTextField(
        blank=True, default="", db_default="", help_text="Empty means the password for sending."
    )
    imap_secure = models.BooleanField(
        default=True, db_default=True, verbose_name="TLS for IMAP", help_text="Encrypt the connection to the server."
    )
    access_token = EncryptedTextField(blank=True, default="", db_default="", editable=False)
    refresh_token = EncryptedTextField(blank=True, default="", db_default="", editable=False)
    token_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    token_lease_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Until then one worker renews the token."
    )
    status = models.CharField(
        max_length=20,
        choices=EmailAccountStatus,
        default=EmailAccountStatus.UNTESTED,
        db_default=EmailAccountStatus.UNTESTED,
        editable=False,
    )
    status_reason = models.TextField(
        blank=True, default="", db_default="", editable=False, help_text="What the server said, and what to do."
    )
    min_gap_seconds = models.PositiveIntegerField(
        "shortest gap",
        default=60,
        db_default=60,
        validators=[MaxValueValidator(86_400)],
        help_text="Seconds between two messages. A random part of it is added.",
    )
    ramp_up_from = models.DateField(
        null=True,
        blank=True,
        help_text="A new mailbox sends few messages on this day, and more each day. Empty means no ramp-up.",
    )
    signature = models.TextField(max_length=10_000, blank=True, default="", db_default="")
    tracking_domain = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="Your own domain for links, for example links.acme.com. It must point to LAD.",
    )
    next_send_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Sends that failed one after another."
    )
    health_window = models.PositiveIntegerField(
        "last messages judged",
        default=200,
        db_default=200,
        validators=[MinValueValidator(20), MaxValueValidator(5_000)],
        help_text="How many of the last messages are looked at for bounces and complaints.",
    )
    max_bounces = models.PositiveIntegerField(
        "bounces allowed",
        default=10,
        db_default=10,
        validators=[MaxValueValidator(5_000)],
        help_text="If more of the last messages bounce, the account stops until you resume it.",
    )
    max_complaints = models.PositiveIntegerField(
        "complaints allowed",
        default=1,
        db_default=1,
        validators=[MaxValueValidator(5_000)],
        help_text="If more of the last messages are reported as spam, the account stops until you resume it.",
    )
    messages_sent = models.PositiveBigIntegerField(
        default=0, db_default=0, editable=False, help_text="All messages so far."
    )
    health = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        help_text="The number of the message at which each bounce and complaint of late came.",
    )
    sent_folder = models.CharField(
        max_length=255, blank=True, default="", db_default="", editable=False, help_text="The mailbox of sent messages."
    )
    saves_sent = models.BooleanField(
        "server saves sent copies",
        null=True,
        blank=True,
        editable=False,
        help_text="Whether the server itself keeps a copy of each sent message. Empty means not known yet.",
    )
    next_poll_at = models.DateTimeField(null=True, blank=True, editable=False)
    mailbox_state = models.JSONField(
        default=dict, blank=True, db_default={}, editable=False, help_text="What was read of the mailbox so far."
    )
    dns_report = models.JSONField(
        default=dict, blank=True, db_default={}, editable=False, help_text="The last check of the domain's records."
    )
    dns_checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_active = models.BooleanField(default=True, db_default=True)
    daily_send_limit = models.PositiveIntegerField(
        default=200, db_default=200, validators=[MaxValueValidator(MAX_PER_DAY)]
    )
    sent_today = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_reset_date = models.DateField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    class Meta:
        db_table = "email_accounts"
        verbose_name = "e-mail account"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=Q(deleted_at__isnull=True),
                name="email_accounts_email_key",
                violation_error_message="An account with this address already exists.",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="email_accounts_email_lowercase"),
            models.CheckConstraint(
                condition=Q(smtp_port__isnull=True) | Q(smtp_port__range=(1, MAX_PORT)),
                name="email_accounts_port_valid",
                violation_error_message=f"The port must be a number from 1 to {MAX_PORT}.",
            ),
            models.CheckConstraint(
                condition=Q(sent_today__lte=F("daily_send_limit")),
                name="email_accounts_within_limit",
                violation_error_message=(
                    "The account has already sent more today. Choose a higher limit or deactivate the account."
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="email_accounts_newest"),
            models.Index(fields=["tenant", "is_active", "-created_at"], name="email_accounts_active"),
            # Workers read the mailboxes of all tenants.
            models.Index(
                fields=["next_poll_at"],
                condition=Q(next_poll_at__isnull=False, deleted_at__isnull=True),
                name="email_accounts_poll",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the servers that the passwords are for. Without one of its own, reading uses that for sending."""
        sending = {("smtp", self.smtp_host.lower(), self.smtp_port, self.smtp_secure)} if self.smtp_host else set()
        reading = {("imap", self.imap_host.lower(), self.imap_port, self.imap_secure)} if self.imap_host else set()
        return {
            "smtp_password": frozenset(sending if self.imap_password else sending | reading),
            "imap_password": frozenset(reading),
        }
