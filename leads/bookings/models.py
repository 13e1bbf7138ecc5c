"""Bookings: calls and meetings with leads, and the retries that follow missed ones."""

from datetime import timedelta

from django.db import models
from django.db.models import Case, F, Q, Value, When

from lad.db.constraints import KeyConstraint, NoOverlap, ReferencedKey
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel
from lad.db.normalised import TimeZoneField
from lad.times import written

LIVE = Q(deleted_at__isnull=True)
DEFAULT_DURATION = timedelta(minutes=15)
MAX_DURATION = timedelta(hours=8)
MAX_RETRIES = 3


class BookingType(models.TextChoices):
    AUTO_FOLLOWUP = "auto_followup", "Automatic follow-up"
    MANUAL_FOLLOWUP = "manual_followup", "Follow-up"
    CALLBACK_REQUESTED = "callback_requested", "Call back"
    SCHEDULED_CALL = "scheduled_call", "Scheduled call"
    SYSTEM_RETRY = "system_retry", "Another attempt"
    AUTO_CONSULTATION = "auto_consultation", "Automatic consultation"
    CONSULTATION = "consultation", "Consultation"
    INITIAL_CONSULT = "initial_consult", "First consultation"
    APPLICATION_REVIEW = "application_review", "Application review"
    DEMO = "demo", "Demonstration"
    ONBOARDING = "onboarding", "Onboarding"
    SUPPORT = "support", "Support"


class BookingSource(models.TextChoices):
    VOICE_AGENT = "voice_agent", "Voice agent"
    USER_UI = "user_ui", "A person"
    CAMPAIGN = "campaign", "Campaign"
    SYSTEM = "system", "System"
    API = "api", "API"
    WEB = "web", "Web site"
    PHONE = "phone", "Phone"
    EMAIL = "email", "E-mail"
    CHAT = "chat", "Chat"
    REFERRAL = "referral", "Referral"


class BookingStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    CONFIRMED = "confirmed", "Confirmed"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    MISSED = "missed", "Missed"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


class CallResult(models.TextChoices):
    ANSWERED = "answered", "Answered"
    NO_ANSWER = "no_answer", "No answer"
    BUSY = "busy", "Busy"
    VOICEMAIL = "voicemail", "Voicemail"
    REJECTED = "rejected", "Rejected"


class TaskStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    SCHEDULED = "scheduled", "Scheduled"
    EXECUTED = "executed", "Executed"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


# A booking in one of these takes the time of the user it is assigned to.
OPEN_STATUSES = (BookingStatus.SCHEDULED, BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS)
FOLLOW_UPS = (BookingType.AUTO_FOLLOWUP, BookingType.MANUAL_FOLLOWUP, BookingType.SCHEDULED_CALL)
IS_OPEN = LIVE & Q(status__in=[status.value for status in OPEN_STATUSES])


class LeadBooking(DeletedFlag, SoftDeletable, TenantModel):
    """One appointment of a user with a lead, from ``scheduled_at`` up to ``buffer_until``.

    A missed booking may be followed by one retry, its child. ``retry_count`` counts the attempts before this
    one. The task columns hold the state of a follow-up's automatic call.
    """

    event_name = "leads.booking"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="bookings", db_index=False)
    # A user with bookings is never deleted for good, so that the history stays.
    assigned_user = TenantUserKey(
        on_delete=models.DO_NOTHING, member=True, null=True, blank=True, db_index=False, verbose_name="assigned to"
    )
    parent_booking = TenantForeignKey(
        "leads.LeadBooking",
        on_delete=models.DO_NOTHING,
        related_name="retries",
        null=True,
        blank=True,
        db_index=False,
        editable=False,
        verbose_name="previous attempt",
    )
    retry_count = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    booking_type = models.CharField("what", max_length=30, choices=BookingType, default=BookingType.MANUAL_FOLLOWUP)
    booking_source = models.CharField("source", max_length=30, choices=BookingSource, default=BookingSource.USER_UI)
    scheduled_at = models.DateTimeField("from")
    buffer_until = models.DateTimeField(
        "until", blank=True, help_text="End of the booking. Empty means 15 minutes after its start."
    )
    timezone = TimeZoneField(
        max_length=50,
        default="UTC",
        db_default="UTC",
        help_text="Time zone of the lead, for example Asia/Dubai.",
    )
    status = models.CharField(
        max_length=30, choices=BookingStatus, default=BookingStatus.SCHEDULED, db_default=BookingStatus.SCHEDULED
    )
    call_result = models.CharField(max_length=30, choices=CallResult, null=True, blank=True)  # noqa: DJ001
    notes = models.TextField(max_length=20_000, blank=True, default="", db_default="")
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    created_by_user = TenantUserKey(null=True, blank=True, db_index=False, editable=False)

    task_name = models.TextField(blank=True, default="", db_default="", editable=False)
    task_scheduled_at = models.DateTimeField(null=True, blank=True, editable=False)
    task_status = models.CharField(
        max_length=30, choices=TaskStatus, default=TaskStatus.PENDING, db_default=TaskStatus.PENDING, editable=False
    )
    executed_at = models.DateTimeField(null=True, blank=True, editable=False)
    execution_attempts = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_execution_error = models.TextField(blank=True, default="", db_default="", editable=False)
    idempotency_key = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)

    # The parent's retry_count must be one less, so a chain of retries cannot form a circle.
    parent_retry_count = models.GeneratedField(
        expression=Case(When(parent_booking__isnull=False, then=F("retry_count") - Value(1)), default=None),
        output_field=models.SmallIntegerField(null=True),
        db_persist=True,
    )

    class Meta:
        db_table = "lead_bookings"
        verbose_name = "booking"
        constraints = [
            NoOverlap(
                name="lead_bookings_slot",
                fields=("tenant", "assigned_user"),
                start="scheduled_at",
                end="buffer_until",
                condition=IS_OPEN & Q(assigned_user__isnull=False),
                violation_error_message="The user has another booking at that time.",
            ),
            NoOverlap(
                name="lead_bookings_one_follow_up",
                fields=("tenant", "lead"),
                start="scheduled_at",
                end="buffer_until",
                condition=IS_OPEN & Q(booking_type__in=[each.value for each in FOLLOW_UPS]),
                violation_error_message="The lead has another follow-up at that time.",
            ),
            ReferencedKey(fields=["tenant", "lead", "id", "retry_count"], name="lead_bookings_attempt_key"),
            KeyConstraint(
                name="lead_bookings_attempt_follows",
                fields=("tenant", "lead", "parent_booking", "parent_retry_count"),
                to="leads.LeadBooking",
                to_fields=("tenant", "lead", "id", "retry_count"),
                on_delete="NO ACTION",
                violation_error_message="A retry must follow a booking of the same lead.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "parent_booking"],
                condition=LIVE & Q(parent_booking__isnull=False),
                name="lead_bookings_one_next_attempt",
                violation_error_message="This booking already has a retry.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="lead_bookings_idempotency_key",
                violation_error_message="This booking already exists.",
            ),
            models.CheckConstraint(
                condition=Q(parent_booking__isnull=True, retry_count=0)
                | Q(parent_booking__isnull=False, retry_count__gt=0),
                name="lead_bookings_retry_has_parent",
                violation_error_message="A retry needs a previous attempt.",
            ),
            models.CheckConstraint(
                condition=Q(buffer_until__gt=F("scheduled_at")),
                name="lead_bookings_ends_after_start",
                violation_error_message="A booking must end after it starts.",
            ),
            models.CheckConstraint(
                condition=Q(assigned_user__isnull=False) | ~Q(status__in=[status.value for status in OPEN_STATUSES]),
                name="lead_bookings_held_by_someone",
                violation_error_message="An open booking needs a user. Assign the lead first.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="lead_bookings_newest"),
            models.Index(fields=["tenant", "lead", "-created_at"], name="lead_bookings_of_lead"),
            models.Index(fields=["tenant", "scheduled_at"], name="lead_bookings_calendar"),
            # Few bookings are open at any time, however many there were.
            models.Index(fields=["tenant", "scheduled_at"], condition=IS_OPEN, name="lead_bookings_open"),
            models.Index(fields=["tenant", "assigned_user", "scheduled_at"], name="lead_bookings_of_person"),
            models.Index(fields=["tenant", "status", "scheduled_at"], name="lead_bookings_by_status"),
            models.Index(
                fields=["tenant", "task_status", "task_scheduled_at"], condition=LIVE, name="lead_bookings_tasks"
            ),
            # Which tenants have a booking that calls by itself now.
            models.Index(
                fields=["task_scheduled_at", "tenant"],
                condition=LIVE & Q(task_status=TaskStatus.SCHEDULED.value),
                name="lead_bookings_to_call",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_booking_type_display()} · {written(self.scheduled_at)}"

    @property
    def is_open(self) -> bool:
        """Whether the booking still takes the user's time."""
        return self.status in OPEN_STATUSES
