"""Accounts at carriers."""

from collections.abc import Hashable, Mapping

from django.db import models
from django.db.models import Q

from lad.db.fields import EncryptedTextField, RegisteredKeyField
from lad.db.models import SharedModel, SoftDeletable
from voice.carriers.providers import LIVEKIT, carriers

MAX_SECRET = 1_000


class AccountStatus(models.TextChoices):
    """What the carrier last said about the account."""

    UNTESTED = "untested", "Not tested"
    CONNECTED = "connected", "Connected"
    REFUSED = "refused", "Credentials refused"
    UNREACHABLE = "unreachable", "Not reachable"


class CarrierAccount(SoftDeletable, SharedModel):
    """An account at a carrier. One without a tenant is the platform's: numbers of every tenant may use it.

    ``numbers`` are those that the account may call from, by E.164, with the carrier's own name of each.
    """

    event_name = "voice.carrier_account"
    bookkeeping = ("status", "status_reason", "tested_at", "numbers", "paused_until", "pause_reason")
    audited_columns = (
        "name",
        "carrier",
        "base_url",
        "key_id",
        "secret",
        "webhook_secret",
        "agent",
        "is_active",
        "status",
        "deleted_at",
    )

    name = models.CharField(max_length=100)
    carrier = RegisteredKeyField("carrier", max_length=50, registry=carriers, default=LIVEKIT.key)
    base_url = models.URLField(
        "address",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="LiveKit: your project's, with https:// in place of wss://. Vapi: empty means https://api.vapi.ai.",
    )
    key_id = models.CharField(
        "API key's name", max_length=200, blank=True, default="", db_default="", help_text="LiveKit: the API key."
    )
    secret = EncryptedTextField(
        blank=True,
        default="",
        db_default="",
        max_length=MAX_SECRET,
        help_text=(
            "LiveKit: the API secret. Vapi: the private key. Stored encrypted and never shown. A changed address needs "
            "it again."
        ),
    )
    webhook_secret = EncryptedTextField(
        "callback secret",
        blank=True,
        default="",
        db_default="",
        max_length=MAX_SECRET,
        help_text=(
            "Vapi: any long text. Vapi brings it with every callback. LiveKit signs callbacks with its secret; with a"
            " trunk of Twilio's, this is Twilio's auth token, for its status callbacks."
        ),
    )
    agent = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="LiveKit: the name that the agent worker registers. Vapi: the id of the assistant that calls run.",
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
    numbers = models.JSONField(
        default=dict, blank=True, db_default={}, editable=False, help_text="Numbers that the carrier named, by its id."
    )

    max_concurrent = models.PositiveIntegerField(
        "calls at once", null=True, blank=True, help_text="What the carrier allows. Empty means no limit of its own."
    )
    inbound_reserve = models.PositiveIntegerField(
        "kept for inbound calls", default=0, db_default=0, help_text="So many of them are never used to call."
    )
    paused_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="No call is placed through it until then."
    )
    pause_reason = models.TextField(blank=True, default="", db_default="", editable=False)

    class Meta:
        db_table = "carrier_accounts"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=Q(deleted_at__isnull=True),
                nulls_distinct=False,
                name="carrier_accounts_name_key",
                violation_error_message="There is an account with this name already.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="carrier_accounts_newest")]

    def __str__(self) -> str:
        return self.name

    def secret_destinations(self) -> Mapping[str, frozenset[Hashable]]:
        """Return the address that the secrets are for. Vapi is told the callback secret with every call."""
        place = frozenset({self.base_url})
        return {"secret": place, "webhook_secret": place}
