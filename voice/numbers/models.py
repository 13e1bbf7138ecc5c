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
    max_concurrent = models.PositiveIntegerField(
        "calls at once", null=True, blank=True, help_text="Empty means as many as the tenant may make."
    )
    daily_cap = models.PositiveIntegerField(
        "calls a day",
        default=100,
        db_default=100,
        help_text="Numbers that call much are labelled as spam. Days are the tenant's.",
    )
    resting_until = models.DateTimeField(null=True, blank=True, help_text="It calls nobody until then.")
    rest_reason = models.TextField(blank=True, default="", db_default="", editable=False)
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


class NumberDay(TenantModel):
    """What one number did on one day of the tenant's. Its health is read from these."""

    event_name = "voice.number_day"

    number = TenantForeignKey(VoiceNumber, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    placed = models.PositiveIntegerField(default=0, db_default=0)
    answered = models.PositiveIntegerField(default=0, db_default=0)
    short = models.PositiveIntegerField(
        "short calls", default=0, db_default=0, help_text="Answered calls that ended within seconds."
    )
    voicemails = models.PositiveIntegerField(default=0, db_default=0)
    unanswered = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    complaints = models.PositiveIntegerField(
        default=0, db_default=0, help_text="People who asked not to be called again."
    )
    talk_seconds = models.PositiveBigIntegerField(default=0, db_default=0)

    audited = False
    announced = False

    class Meta:
        db_table = "voice_number_days"
        verbose_name = "day of a number"
        verbose_name_plural = "days of numbers"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number", "day"],
                name="voice_number_days_key",
                violation_error_message="This day of the number is counted already.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "day"], name="voice_number_days_day")]

    def __str__(self) -> str:
        return f"{self.number_id} on {self.day}"
