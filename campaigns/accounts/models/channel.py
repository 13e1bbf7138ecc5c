"""Accounts on WhatsApp, Instagram and SMS, and the approved templates of WhatsApp."""

from collections.abc import Hashable, Mapping

from django.db import models
from django.db.models import Q

from campaigns.accounts.models.network import NetworkAccount
from campaigns.accounts.providers import UNIPILE, channel_providers
from lad.db.fields import EncryptedTextField, RegisteredKeyField, TenantForeignKey, TenantUserKey
from lad.db.models import TenantModel
from leads.channels import Channel

MAX_SECRET = 1_000


class ChannelAccount(NetworkAccount):
    """A WhatsApp number, an Instagram profile or a number for SMS, at the provider that carries its messages."""

    event_name = "campaigns.channel_account"
    message_column = "channel_account"
    audited_columns = (
        "account_name",
        "user_id",
        "channel",
        "provider",
        "provider_account_id",
        "provider_parent_id",
        "address",
        "base_url",
        "secret",
        "webhook_secret",
        "status",
        "is_active",
        "min_gap_seconds",
        "ramp_up_from",
        "action_limits",
        "deleted_at",
    )

    account_name = models.CharField(max_length=255)
    user = TenantUserKey(
        member=True,
        null=True,
        blank=True,
        db_index=False,
        help_text="The member whose name messages carry. Empty means that it is the team's.",
    )
    channel = models.CharField(
        max_length=20,
        choices=[(each.value, each.label) for each in (Channel.WHATSAPP, Channel.SMS)]
        + [(Channel.WEB.value, "Instagram")],
    )
    provider = RegisteredKeyField(max_length=50, registry=channel_providers, default=UNIPILE, db_default=UNIPILE)
    provider_account_id = models.CharField(
        "provider's id",
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text=(
            "WhatsApp Cloud: the phone number's id. Twilio: the number or the messaging service's id. Unipile names"
            " the account itself when it is connected."
        ),
    )
    provider_parent_id = models.CharField(
        "provider's parent id",
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="WhatsApp Cloud: the business account's id. Twilio: the account SID.",
    )
    address = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="The number in international form, or the Instagram name.",
    )
    base_url = models.URLField(
        "address of the provider",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Empty means the provider's own.",
    )
    secret = EncryptedTextField(
        "access token",
        blank=True,
        default="",
        db_default="",
        max_length=MAX_SECRET,
        help_text="WhatsApp Cloud: the system user's token. Twilio: the auth token. Stored encrypted and never shown.",
    )
    webhook_secret = EncryptedTextField(
        blank=True,
        default="",
        db_default="",
        max_length=MAX_SECRET,
        help_text="WhatsApp Cloud: the app secret, which signs its reports. Twilio signs with the auth token.",
    )

    class Meta:
        db_table = "channel_accounts"
        verbose_name = "channel account"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "provider", "provider_account_id", "channel"],
                condition=Q(deleted_at__isnull=True) & ~Q(provider_account_id=""),
                name="channel_accounts_key",
                violation_error_message="This account is already connected.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="channel_accounts_newest"),
            models.Index(fields=["tenant", "channel", "status", "-created_at"], name="channel_accounts_status"),
            # Reports of providers name their account, not our tenant.
            models.Index(fields=["provider", "provider_account_id"], name="channel_accounts_provider"),
        ]

    def __str__(self) -> str:
        return self.account_name

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the server that the secrets are for."""
        place = frozenset({(self.provider, self.base_url)})
        return {"secret": place, "webhook_secret": place}


class TemplateStatus(models.TextChoices):
    """What WhatsApp says of a template. Only approved ones are sent."""

    APPROVED = "approved", "Approved"
    PENDING = "pending", "In review"
    REJECTED = "rejected", "Rejected"
    PAUSED = "paused", "Paused by WhatsApp"
    DISABLED = "disabled", "Disabled"


class WhatsappTemplate(TenantModel):
    """A message that WhatsApp has approved, or not, as its business account lists it.

    ``{{1}}`` in the body stands for the first variable.
    """

    event_name = "campaigns.whatsapp_template"
    bookkeeping = ("synced_at",)

    channel_account = TenantForeignKey(
        "campaigns.ChannelAccount", on_delete=models.CASCADE, related_name="whatsapp_templates", db_index=False
    )
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=20)
    category = models.CharField(max_length=50, blank=True, default="", db_default="")
    status = models.CharField(max_length=20, choices=TemplateStatus)
    status_reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    body = models.TextField(max_length=4_096)
    components = models.JSONField(
        default=list, blank=True, db_default=[], help_text="Header, footer and buttons, as WhatsApp describes them."
    )
    variables = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How many variables the body has.")
    provider_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)

    audited = False

    class Meta:
        db_table = "whatsapp_templates"
        verbose_name = "WhatsApp template"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel_account", "name", "language"], name="whatsapp_templates_key"
            )
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="whatsapp_templates_newest")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
