"""Accounts at directories of companies and people."""

from collections.abc import Hashable, Mapping

from django.db import models
from django.db.models import Q

from lad.db.fields import EncryptedTextField, RegisteredKeyField
from lad.db.models import SharedModel, SoftDeletable
from leads.companies import sources
from leads.companies.sources import directories

APOLLO_ADDRESS = "https://api.apollo.io/api/v1"


class AccountStatus(models.TextChoices):
    """What the directory last said about the account."""

    UNTESTED = "untested", "Not tested"
    CONNECTED = "connected", "Connected"
    KEY_REFUSED = "key_refused", "Key refused"
    PLAN_REFUSED = "plan_refused", "Not in the plan"
    UNREACHABLE = "unreachable", "Not reachable"


class DirectoryAccount(SoftDeletable, SharedModel):
    """An account at a directory. One without a tenant is the platform's, for tenants without one of their own.

    ``usage`` holds the calls, and ``credits`` the credits, as the directory counted them at ``usage_at``.
    """

    event_name = "leads.directory_account"
    bookkeeping = ("status", "status_reason", "tested_at", "usage", "credits", "usage_at")
    audited_columns = ("name", "provider", "base_url", "api_key", "is_active", "status", "deleted_at")

    name = models.CharField(max_length=100)
    provider = RegisteredKeyField("directory", max_length=50, registry=directories, default=sources.APOLLO)
    base_url = models.URLField(
        "address",
        max_length=500,
        default=APOLLO_ADDRESS,
        help_text=f"Apollo's is {APOLLO_ADDRESS}.",
    )
    api_key = EncryptedTextField(
        "API key",
        blank=True,
        default="",
        db_default="",
        max_length=1_000,
        help_text=(
            "Stored encrypted and never shown. Searching people needs a master key. A changed address needs it again."
        ),
    )
    is_active = models.BooleanField(default=True, db_default=True)
    status = models.CharField(
        max_length=20,
        choices=AccountStatus,
        default=AccountStatus.UNTESTED,
        db_default=AccountStatus.UNTESTED,
        editable=False,
    )
    status_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    usage = models.JSONField(
        default=dict, blank=True, db_default={}, editable=False, help_text="Calls left, by endpoint and window."
    )
    credits = models.JSONField(
        default=dict, blank=True, db_default={}, editable=False, help_text="Credits left, by their kind."
    )
    usage_at = models.DateTimeField("usage counted at", null=True, blank=True, editable=False)

    class Meta:
        db_table = "directory_accounts"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="directory_accounts_name_key",
                violation_error_message="There is an account with this name already.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="directory_accounts_newest")]

    def __str__(self) -> str:
        return self.name

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the address that the key is for."""
        return {"api_key": frozenset({self.base_url})}
