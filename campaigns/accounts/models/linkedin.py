"""LinkedIn accounts, and which of them a campaign uses."""

from collections.abc import Hashable, Mapping

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from campaigns.accounts.models.network import MAX_PER_DAY, NetworkAccount
from campaigns.accounts.providers import UNIPILE, account_providers
from lad.db.fields import EncryptedTextField, RegisteredKeyField, TenantForeignKey, TenantUserKey
from lad.db.models import SoftDeletable, TenantModel


class AssignmentStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


class LinkedinAccount(NetworkAccount):
    """A member's LinkedIn account, connected through a provider.

    It is used while users keep it ``is_active`` and the provider reports the ``status`` active.
    """

    event_name = "campaigns.linkedin_account"
    message_column = "linkedin_account"
    bookkeeping = (*NetworkAccount.bookkeeping, "actions_today", "last_reset_date")
    # Counters and times change with every action and report.
    audited_columns = (
        "account_name",
        "user_id",
        "provider",
        "unipile_account_id",
        "session_cookies",
        "access_token",
        "refresh_token",
        "status",
        "is_active",
        "min_gap_seconds",
        "ramp_up_from",
        "action_limits",
        "daily_action_limit",
        "default_weekly_limit",
        "deleted_at",
    )

    account_name = models.CharField(max_length=255)
    user = TenantUserKey(on_delete=models.CASCADE, member=True, db_index=False)
    provider = RegisteredKeyField(max_length=50, registry=account_providers, default=UNIPILE, db_default=UNIPILE)
    # Only the gateway's own answers name an account: with an id that a user enters, they would act as its owner.
    unipile_account_id = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        editable=False,
        verbose_name="provider's account id",
        help_text="Id of the account at the provider. Empty until it is connected.",
    )
    session_cookies = EncryptedTextField(blank=True, default="", db_default="")
    access_token = EncryptedTextField(blank=True, default="", db_default="")
    refresh_token = EncryptedTextField(blank=True, default="", db_default="")
    token_expires_at = models.DateTimeField(null=True, blank=True)
    daily_action_limit = models.PositiveIntegerField(
        default=10, db_default=10, validators=[MaxValueValidator(MAX_PER_DAY)]
    )
    default_weekly_limit = models.PositiveIntegerField(
        default=70,
        db_default=70,
        validators=[MaxValueValidator(MAX_PER_DAY)],
        verbose_name="weekly limit",
        help_text="Actions in any seven days.",
    )
    actions_today = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_reset_date = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "social_linkedin_accounts"
        verbose_name = "LinkedIn account"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "provider", "unipile_account_id"],
                condition=Q(deleted_at__isnull=True) & ~Q(unipile_account_id=""),
                name="social_linkedin_accounts_key",
                violation_error_message="This account is already connected.",
            ),
            models.CheckConstraint(
                condition=Q(actions_today__lte=F("daily_action_limit")),
                name="social_linkedin_accounts_within",
                violation_error_message=(
                    "The account has already done more today. Choose a higher limit or deactivate the account."
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="social_linkedin_newest"),
            models.Index(fields=["tenant", "user", "-created_at"], name="social_linkedin_by_user"),
            models.Index(fields=["tenant", "status", "-created_at"], name="social_linkedin_status"),
            # Reports of the gateway name their account, not our tenant.
            models.Index(fields=["provider", "unipile_account_id"], name="social_linkedin_provider"),
        ]

    def __str__(self) -> str:
        return self.account_name

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the provider that the session and the tokens are for."""
        return dict.fromkeys(("session_cookies", "access_token", "refresh_token"), frozenset({self.provider}))


class CampaignAccount(SoftDeletable, TenantModel):
    """A LinkedIn account that a campaign uses, with its own daily limit. The highest ``priority`` comes first."""

    event_name = "campaigns.account"
    bookkeeping = ("daily_requests_used", "last_reset_date")

    campaign = TenantForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="accounts", db_index=False)
    linkedin_account = TenantForeignKey(
        "campaigns.LinkedinAccount", on_delete=models.CASCADE, related_name="campaign_accounts", db_index=False
    )
    status = models.CharField(
        max_length=30, choices=AssignmentStatus, default=AssignmentStatus.ACTIVE, db_default=AssignmentStatus.ACTIVE
    )
    is_primary = models.BooleanField(
        default=False, db_default=False, help_text="The account that the campaign uses first."
    )
    priority = models.IntegerField(default=0, db_default=0, help_text="Higher numbers are used first.")
    daily_requests_limit = models.PositiveIntegerField(
        default=10, db_default=10, validators=[MaxValueValidator(MAX_PER_DAY)]
    )
    daily_requests_used = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_reset_date = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "campaign_linkedin_accounts"
        verbose_name = "campaign's LinkedIn account"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "campaign", "linkedin_account"],
                condition=Q(deleted_at__isnull=True),
                name="campaign_linkedin_accounts_key",
                violation_error_message="The campaign already uses this account.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "campaign"],
                condition=Q(is_primary=True, deleted_at__isnull=True),
                name="campaign_linkedin_accounts_primary",
                violation_error_message="The campaign already has a primary account.",
            ),
            models.CheckConstraint(
                condition=Q(daily_requests_used__lte=F("daily_requests_limit")),
                name="campaign_linkedin_accounts_within",
                violation_error_message="The account has already done more today. Choose a higher limit or pause it.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="campaign_linkedin_newest"),
            models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_linkedin_by_campaign"),
            models.Index(fields=["tenant", "linkedin_account", "-created_at"], name="campaign_linkedin_by_account"),
        ]

    def __str__(self) -> str:
        return str(self.linkedin_account)
