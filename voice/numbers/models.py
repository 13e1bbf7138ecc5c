"""Tables of the tenant's telephone numbers."""

from django.db import models

from lad.db.fields import RegisteredKeyField, SharedForeignKey, TenantForeignKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel
from lad.phones import Phone
from voice.constraints import is_phone
from voice.json_schemas import NUMBER
from voice.numbers.providers import CUSTOM, telephony_providers


class NumberStatus(models.TextChoices):
    """Whether the number is in use."""

    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"


class VoiceNumber(SoftDeletable, TenantModel):
    """One telephone number of the tenant, and the agent that answers it."""

    event_name = "voice.number"

    country_code = models.CharField(max_length=10)
    base_number = models.BigIntegerField()
    leading_zeros = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="The zeros before the national number, as Italian numbers have."
    )
    provider = RegisteredKeyField(max_length=50, registry=telephony_providers, default=CUSTOM.key)
    status = models.CharField(
        max_length=20, choices=NumberStatus, default=NumberStatus.ACTIVE, db_default=NumberStatus.ACTIVE
    )
    default_agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.PROTECT, null=True, blank=True, related_name="numbers", db_index=False
    )
    carrier_account = SharedForeignKey(
        "voice.CarrierAccount",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="voice_numbers",
        db_index=False,
        help_text="The account that calls from this number go through.",
    )
    carrier_reference = models.CharField(
        "carrier's name",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="LiveKit: the outbound trunk. Vapi: the id of the number. Empty means what the account's test found.",
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(NUMBER)])

    class Meta:
        db_table = "voice_agent_numbers"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "country_code", "base_number", "leading_zeros"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_agent_numbers_number_key",
                violation_error_message="This number is already in the list.",
            ),
            is_phone("voice_agent_numbers"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_agent_numbers_newest"),
            models.Index(fields=["tenant", "status"], name="voice_agent_numbers_status"),
            models.Index(fields=["tenant", "default_agent"], name="voice_agent_numbers_agent"),
            models.Index(fields=["tenant", "carrier_account"], name="voice_agent_numbers_carrier"),
        ]

    def __str__(self) -> str:
        return self.phone.e164

    @property
    def phone(self) -> Phone:
        return Phone(self.country_code, self.base_number, self.leading_zeros)
