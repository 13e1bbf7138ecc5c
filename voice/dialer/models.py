"""Calls on their way: what was asked of a carrier, what it said, and a tenant's rules for dialling."""

from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from lad.db.fields import SharedForeignKey, TenantForeignKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel
from lad.db.normalised import PhoneField
from voice.carriers.outcomes import AnsweredBy, Outcome
from voice.json_schemas import RETRY_DELAYS, STAGE_RULES, default_retry_delays

MAX_CONCURRENT: Final = 10_000


class PlacementState(models.TextChoices):
    """How far a call is from LAD's side. Its status says what the person hears."""

    QUEUED = "queued", "Waits for its turn"
    PLACING = "placing", "The carrier is being asked"
    PLACED = "placed", "Placed"
    UNKNOWN = "unknown", "Not known whether it was placed"
    SETTLED = "settled", "Over"


# These take up capacity, and a number in one of them is not dialled again.
OPEN_STATES: Final = (PlacementState.PLACING, PlacementState.PLACED, PlacementState.UNKNOWN)
IS_OPEN: Final = Q(state__in=[state.value for state in OPEN_STATES])


class CallPlacement(TenantModel):
    """What LAD asked a carrier for one call, and what it knows of it. One for each outbound call.

    ``attempts`` is the fencing token: only the claim that counted it may write its result back. ``asked_at`` is when
    the carrier was first asked to place it. ``look_at`` is when the carrier is next asked what became of the call;
    empty means never again.
    """

    event_name = "voice.call_placement"

    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, related_name="placements", db_index=False, verbose_name="call"
    )
    batch = TenantForeignKey(
        "voice.CallBatch", on_delete=models.CASCADE, null=True, blank=True, related_name="placements", db_index=False
    )
    entry = TenantForeignKey(
        "voice.CallBatchEntry",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="placements",
        db_index=False,
    )
    booking = TenantForeignKey(
        "leads.LeadBooking",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="placements",
        db_index=False,
        help_text="The booking that this call keeps.",
    )
    agent = TenantForeignKey(
        "voice.VoiceAgent", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.CASCADE, null=True, blank=True, related_name="placements", db_index=False
    )
    carrier_account = SharedForeignKey(
        "voice.CarrierAccount",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="placements",
        db_index=False,
    )
    to_phone = PhoneField(help_text="In E.164.")
    purpose = models.CharField(max_length=20, default="outreach", db_default="outreach")
    state = models.CharField(
        max_length=20, choices=PlacementState, default=PlacementState.QUEUED, db_default=PlacementState.QUEUED
    )
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When a call that waits is looked at next.")
    lease_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)
    look_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveIntegerField(default=0, db_default=0)
    hang_up_asked_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=200, blank=True, default="", db_default="")
    carrier_call_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    answered = models.BooleanField(default=False, db_default=False)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=30, choices=AnsweredBy, blank=True, default="", db_default="")
    # The carrier's own word for the end, with what it means for a call that was answered and for one that was not.
    cause = models.CharField(max_length=200, blank=True, default="", db_default="")
    if_answered = models.CharField(max_length=20, choices=Outcome, blank=True, default="", db_default="")
    if_unanswered = models.CharField(max_length=20, choices=Outcome, blank=True, default="", db_default="")
    hold_id = models.UUIDField(null=True, blank=True)
    decision = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    facts = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(OBJECT)],
        help_text="What the carrier said besides: usage, price, and where the recording is.",
    )
    error = models.TextField(blank=True, default="", db_default="")

    audited = False
    announced = False

    class Meta:
        db_table = "voice_call_placements"
        verbose_name = "placement of a call"
        verbose_name_plural = "placements of calls"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_call_placements_call_key",
                violation_error_message="This call is placed already.",
            ),
            # Nobody is called by two calls of one tenant at once.
            models.UniqueConstraint(
                fields=["tenant", "to_phone"],
                condition=IS_OPEN,
                name="voice_call_placements_phone_key",
                violation_error_message="This number is being called right now.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_placements_newest"),
            models.Index(
                fields=["tenant", "due_at", "created_at"],
                condition=Q(state=PlacementState.QUEUED.value),
                name="voice_placements_due",
            ),
            models.Index(
                fields=["tenant", "number", "agent", "batch"], condition=IS_OPEN, name="voice_placements_open"
            ),
            models.Index(fields=["carrier_account"], condition=IS_OPEN, name="voice_placements_account"),
            models.Index(
                fields=["lease_until"],
                condition=Q(state=PlacementState.PLACING.value),
                name="voice_placements_leased",
            ),
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="voice_placements_look"),
            models.Index(
                fields=["hang_up_asked_at"],
                condition=IS_OPEN & Q(hang_up_asked_at__isnull=False),
                name="voice_placements_hang_up",
            ),
            models.Index(fields=["tenant", "batch", "state"], name="voice_placements_batch"),
            models.Index(fields=["tenant", "entry"], condition=Q(entry__isnull=False), name="voice_placements_entry"),
            models.Index(
                fields=["tenant", "booking"], condition=Q(booking__isnull=False), name="voice_placements_booking"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to_phone} · {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class CarrierReport(TenantModel):
    """One callback that was taken in. A carrier delivers some twice; each counts once."""

    event_name = "voice.carrier_report"

    carrier_account = SharedForeignKey(
        "voice.CarrierAccount", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    happened_at = models.DateTimeField()

    updated_at = None
    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "DELETE")

    class Meta:
        db_table = "voice_carrier_reports"
        verbose_name = "report of a carrier"
        verbose_name_plural = "reports of carriers"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "carrier_account", "event_id"],
                name="voice_carrier_reports_event_key",
                violation_error_message="This report was taken in already.",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_carrier_reports_newest"),
            models.Index(fields=["tenant", "call_log"], name="voice_carrier_reports_call"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class DialingPolicy(TenantModel):
    """A tenant's rules for dialling. One for each tenant; without one the defaults hold."""

    event_name = "voice.dialing_policy"

    max_concurrent = models.PositiveIntegerField(
        "calls at once",
        default=10,
        db_default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CONCURRENT)],
        help_text="Calls in both directions together.",
    )
    inbound_reserve = models.PositiveIntegerField(
        "kept for inbound calls",
        default=1,
        db_default=1,
        validators=[MaxValueValidator(MAX_CONCURRENT)],
        help_text="So many of them are never used for outbound calls.",
    )
    retry_delays = models.JSONField(
        "another attempt after",
        default=default_retry_delays,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(RETRY_DELAYS)],
        help_text="For each outcome, the minutes before each further attempt.",
    )
    stage_rules = models.JSONField(
        "stage after a call",
        null=True,
        blank=True,
        validators=[JsonSchemaValidator(STAGE_RULES)],
        help_text="For what came of a call, the key of the stage that its lead moves on to. Empty means the usual"
        " stages.",
    )
    ringing_seconds = models.PositiveSmallIntegerField(
        default=45, db_default=45, validators=[MinValueValidator(10), MaxValueValidator(120)]
    )
    max_minutes = models.PositiveSmallIntegerField(
        "longest call in minutes", default=30, db_default=30, validators=[MinValueValidator(1), MaxValueValidator(180)]
    )
    record_calls = models.BooleanField(default=True, db_default=True)
    recording_days = models.PositiveIntegerField(
        "keep recordings for days", default=90, db_default=90, validators=[MinValueValidator(1)]
    )
    breaker_percent = models.PositiveSmallIntegerField(
        "pause at failures in a hundred",
        default=50,
        db_default=50,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    breaker_minutes = models.PositiveSmallIntegerField(
        "within minutes", default=2, db_default=2, validators=[MinValueValidator(1), MaxValueValidator(1_440)]
    )
    breaker_calls = models.PositiveSmallIntegerField(
        "of at least so many calls", default=5, db_default=5, validators=[MinValueValidator(2)]
    )

    class Meta:
        db_table = "voice_dialing_policies"
        verbose_name = "rules of dialling"
        verbose_name_plural = "rules of dialling"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="voice_dialing_policies_tenant_key",
                violation_error_message="The rules of dialling are set already. Change those.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.max_concurrent} calls at once"
