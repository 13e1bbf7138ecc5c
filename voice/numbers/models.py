"""Numbers that calls are made from and taken on."""

from django.db import models

from lad.db.fields import TenantForeignKey
from lad.db.models import SoftDeletable, TenantModel
from lad.db.shapes import Shape
from lad.phones import Phone
from voice.constraints import is_phone
from voice.json_schemas import NUMBER


class TelephonyProvider(models.TextChoices):
    """Who carries the calls."""

    TWILIO = "twilio", "Twilio"
    VONAGE = "vonage", "Vonage"
    VAPI = "vapi", "Vapi"
    LIVEKIT = "livekit", "LiveKit"
    SASYA = "sasya", "Sasya"
    CUSTOM = "custom", "Own trunk"


class NumberStatus(models.TextChoices):
    """Whether calls go over the number."""

    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"


class VoiceNumber(SoftDeletable, TenantModel):
    """One telephone number of the tenant, and the agent that answers on it."""

    event_name = "voice.number"

    country_code = models.CharField(max_length=10)
    base_number = models.BigIntegerField()
    leading_zeros = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many zeros stand before the number, as in Italy."
    )
    provider = models.CharField(max_length=50, choices=TelephonyProvider, default=TelephonyProvider.CUSTOM)
    status = models.CharField(
        max_length=20, choices=NumberStatus, default=NumberStatus.ACTIVE, db_default=NumberStatus.ACTIVE
    )
    default_agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.PROTECT, null=True, blank=True, related_name="numbers", db_index=False
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(NUMBER)])

    class Meta:
        db_table = "voice_agent_numbers"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "country_code", "base_number", "leading_zeros"],
                condition=models.Q(deleted_at__isnull=True),
                name="voice_agent_numbers_number_key",
                violation_error_message="This number is in the list already.",
            ),
            is_phone("voice_agent_numbers"),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_agent_numbers_newest"),
            models.Index(fields=["tenant", "status"], name="voice_agent_numbers_status"),
            models.Index(fields=["tenant", "default_agent"], name="voice_agent_numbers_agent"),
        ]

    def __str__(self) -> str:
        return self.phone.e164

    @property
    def phone(self) -> Phone:
        return Phone(self.country_code, self.base_number, self.leading_zeros)
