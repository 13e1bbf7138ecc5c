"""Tables of calls."""

from django.core.validators import RegexValidator
from django.db import models

from lad.db.constraints import KeyConstraint
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.limits import KILOBYTE, JsonLimit
from lad.phones import UNKNOWN_NUMBER, Phone
from lad.times import written
from voice.carriers.outcomes import AnsweredBy, Outcome
from voice.constraints import MAX_URL, WEB_ADDRESS, SecondsBetween, is_phone, is_web_address, not_negative
from voice.json_schemas import COST_BREAKDOWN, TRANSCRIPT
from voice.statuses import CALL_FINISHED, CallStatus, Direction

CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Write the currency as three capital letters, such as USD.")


def _same_campaign(name: str, to: str) -> KeyConstraint:
    return KeyConstraint(
        name=f"voice_call_logs_{name}_same_campaign",
        fields=("tenant", "campaign", name),
        to=to,
        to_fields=("tenant", "campaign", "id"),
        on_delete="NO ACTION",
        violation_error_message="It does not belong to the call's campaign.",
    )


class CallLog(TenantModel):
    """One outbound or inbound call.

    In both directions ``from_number`` is the tenant's number and ``to_…`` the other person's, which a caller may
    withhold.
    ``duration_seconds`` is the talk time the carrier bills, at most the time from start to end.
    """

    event_name = "voice.call_log"

    initiated_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)
    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    agent_version = TenantForeignKey(
        "voice.VoiceAgentVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="calls",
        db_index=False,
        editable=False,
    )
    from_number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    # Empty for callers who withhold their number.
    to_country_code = models.CharField(max_length=10, blank=True)
    to_base_number = models.BigIntegerField()
    to_leading_zeros = models.PositiveSmallIntegerField(default=0, db_default=0)
    campaign = TenantForeignKey(
        "campaigns.Campaign", on_delete=models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    campaign_lead = TenantForeignKey(
        "campaigns.CampaignLead", on_delete=models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    campaign_step = TenantForeignKey(
        "campaigns.CampaignStep", on_delete=models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    status = models.CharField(
        max_length=50, choices=CallStatus, default=CallStatus.PENDING, db_default=CallStatus.PENDING
    )
    direction = models.CharField(
        max_length=20, choices=Direction, default=Direction.OUTBOUND, db_default=Direction.OUTBOUND
    )
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    duration_seconds = models.PositiveIntegerField(default=0, db_default=0)
    # The URL may be signed: anybody who has it can play the recording.
    recording_url = models.URLField(
        "recording", max_length=MAX_URL, blank=True, default="", db_default="", validators=[WEB_ADDRESS]
    )
    transcripts = models.JSONField(
        "transcript",
        default=list,
        blank=True,
        db_default=[],
        validators=[JsonLimit(max_bytes=1024 * KILOBYTE, max_values=50_000), JsonSchemaValidator(TRANSCRIPT)],
    )
    cost = models.DecimalField(max_digits=18, decimal_places=6, default=0, db_default=0)
    currency = models.CharField(max_length=10, default="USD", db_default="USD", validators=[CURRENCY])
    cost_breakdown = models.JSONField(
        default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(COST_BREAKDOWN)]
    )
    outcome = models.CharField(
        max_length=20, choices=Outcome, blank=True, default="", db_default="", help_text="How the call ended."
    )
    answered_by = models.CharField(max_length=30, choices=AnsweredBy, blank=True, default="", db_default="")
    cause = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The carrier's own word for how it ended."
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])

    # voice.call.started, .ended and .failed replace the generic change event.
    announced = False

    class Meta:
        db_table = "voice_call_logs"
        verbose_name = "call"
        constraints = [
            is_phone("voice_call_logs", "to_", unknown_where=models.Q(direction=Direction.INBOUND)),
            is_web_address("voice_call_logs", "recording_url"),
            not_negative("voice_call_logs", "cost"),
            models.CheckConstraint(
                condition=models.Q(ended_at__gte=models.F("started_at")),
                name="voice_call_logs_ends_after_start",
                violation_error_message="A call cannot end before it started.",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(status__in=CALL_FINISHED),
                name="voice_call_logs_ended_when_over",
                violation_error_message="Only a finished call has an end time.",
            ),
            models.CheckConstraint(
                condition=models.Q(started_at__isnull=True)
                | models.Q(ended_at__isnull=True)
                | models.Q(ended_at__lt=models.F("started_at"))
                | models.Q(duration_seconds__lte=SecondsBetween(models.F("ended_at"), models.F("started_at"))),
                name="voice_call_logs_duration_fits",
                violation_error_message="The duration cannot exceed the time from start to end.",
            ),
            models.CheckConstraint(
                condition=models.Q(campaign__isnull=False)
                | models.Q(campaign_lead__isnull=True, campaign_step__isnull=True),
                name="voice_call_logs_campaign_named",
                violation_error_message="Choose the campaign that the enrolment or step belongs to.",
            ),
            _same_campaign("campaign_lead", "campaigns.CampaignLead"),
            _same_campaign("campaign_step", "campaigns.CampaignStep"),
            models.CheckConstraint(
                condition=models.Q(agent__isnull=False) | models.Q(agent_version__isnull=True),
                name="voice_call_logs_agent_named",
                violation_error_message="Choose the agent that the version belongs to.",
            ),
            KeyConstraint(
                name="voice_call_logs_agent_version_same_agent",
                fields=("tenant", "agent", "agent_version"),
                to="voice.VoiceAgentVersion",
                to_fields=("tenant", "agent", "id"),
                on_delete="NO ACTION",
                violation_error_message="The version does not belong to the call's agent.",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"),
                name="voice_call_logs_currency_code",
                violation_error_message="Write the currency as three capital letters, such as USD.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_call_logs_newest"),
            models.Index(fields=["tenant", "status", "-created_at"], name="voice_call_logs_status"),
            models.Index(fields=["tenant", "direction", "-created_at"], name="voice_call_logs_direction"),
            models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_logs_agent"),
            models.Index(
                fields=["tenant", "agent_version"],
                condition=models.Q(agent_version__isnull=False),
                name="voice_call_logs_agent_version",
            ),
            models.Index(
                fields=["tenant", "lead", "-created_at"],
                condition=models.Q(lead__isnull=False),
                name="voice_call_logs_lead",
            ),
            models.Index(
                fields=["tenant", "campaign", "-created_at"],
                condition=models.Q(campaign__isnull=False),
                name="voice_call_logs_campaign",
            ),
            models.Index(
                fields=["tenant", "campaign_lead"],
                condition=models.Q(campaign_lead__isnull=False),
                name="voice_call_logs_campaign_lead",
            ),
            models.Index(fields=["tenant", "to_base_number"], name="voice_call_logs_number"),
            # The last calls of a tenant, and of all tenants, to find what fails.
            models.Index(fields=["tenant", "-ended_at"], condition=~models.Q(outcome=""), name="voice_call_logs_ended"),
            models.Index(fields=["-ended_at"], condition=~models.Q(outcome=""), name="voice_call_logs_last"),
        ]

    def __str__(self) -> str:
        arrow = "→" if self.direction == Direction.OUTBOUND else "←"
        return f"{arrow} {self.phone.e164 or UNKNOWN_NUMBER}, {written(self.created_at)}"

    @property
    def phone(self) -> Phone:
        """Return the other person's number."""
        return Phone(self.to_country_code, self.to_base_number, self.to_leading_zeros)

    @property
    def is_finished(self) -> bool:
        return self.status in CALL_FINISHED
