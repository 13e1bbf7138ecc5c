"""What is known of a lead on a network, as seen from one account."""

from django.db import models
from django.db.models import Q

from lad.db.fields import TenantForeignKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.limits import PROVIDER_DATA
from leads.channels import Channel


class Relation(models.TextChoices):
    """Whether the account and the lead are connected on the network. Networks without connections have none."""

    NONE = "none", "Not connected"
    INVITED = "invited", "Invited"
    CONNECTED = "connected", "Connected"
    WITHDRAWN = "withdrawn", "Invitation withdrawn"
    BLOCKED = "blocked", "Blocked"


class NetworkContact(TenantModel):
    """One lead on one network, as seen from one account.

    ``provider_id`` is the person's id at the provider, ``chat_id`` that of the conversation with them.
    ``last_inbound_at`` is when they last wrote: WhatsApp takes free text for 24 hours from then.
    """

    event_name = "campaigns.network_contact"
    bookkeeping = ("profile", "looked_up_at")

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="network_contacts", db_index=False)
    channel = models.CharField(max_length=20, choices=Channel)
    linkedin_account = TenantForeignKey(
        "campaigns.LinkedinAccount",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="network_contacts",
        db_index=False,
    )
    channel_account = TenantForeignKey(
        "campaigns.ChannelAccount",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="network_contacts",
        db_index=False,
    )
    provider_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    chat_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    relation = models.CharField(max_length=20, choices=Relation, default=Relation.NONE, db_default=Relation.NONE)
    invitation_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    invited_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    profile = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)],
        help_text="What was read of the person's profile.",
    )
    looked_up_at = models.DateTimeField(null=True, blank=True, editable=False)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "network_contacts"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "lead", "linkedin_account", "channel_account"],
                nulls_distinct=False,
                name="network_contacts_key",
            ),
            models.CheckConstraint(
                condition=Q(linkedin_account__isnull=True) ^ Q(channel_account__isnull=True),
                name="network_contacts_one_account",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="network_contacts_newest"),
            models.Index(
                fields=["tenant", "linkedin_account", "provider_id"],
                condition=Q(linkedin_account__isnull=False),
                name="network_contacts_linkedin",
            ),
            models.Index(
                fields=["tenant", "channel_account", "provider_id"],
                condition=Q(channel_account__isnull=False),
                name="network_contacts_channel",
            ),
            # Invitations that are old enough to be withdrawn.
            models.Index(
                fields=["tenant", "linkedin_account", "invited_at"],
                condition=Q(relation="invited"),
                name="network_contacts_invited",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_relation_display()}"
