"""Tables of call batches and their entries."""

from uuid import uuid4

from django.db import models

from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel
from lad.db.normalised import PhoneField
from lad.times import written
from leads.contactability.models import Purpose
from voice.carriers.outcomes import Outcome
from voice.json_schemas import BATCH, ENTRY, RETRY_DELAYS
from voice.statuses import BATCH_FINISHED, BATCH_OPEN, BatchStatus, EntryStatus

LIVE = models.Q(deleted_at__isnull=True)
MAX_RETRIES = 10
PURPOSE_HELP = "Outreach needs consent where the law asks for it, and keeps to hours and limits."


def new_job_id() -> str:
    """Return a new id by which workers refer to a batch."""
    return f"batch-{uuid4().hex}"


class CallBatch(SoftDeletable, TenantModel):
    """One list of people for one agent to call. The counters are computed from the entries."""

    event_name = "voice.call_batch"
    bookkeeping = ("completed_calls", "failed_calls", "reported_at")

    name = models.CharField(max_length=200, blank=True, default="", db_default="")
    initiated_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)
    agent = TenantForeignKey("voice.VoiceAgent", on_delete=models.DO_NOTHING, related_name="batches", db_index=False)
    voice = SharedForeignKey(
        "voice.Voice",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Replaces the agent's own voice for this batch.",
    )
    from_number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.SET_NULL, null=True, blank=True, related_name="batches", db_index=False
    )
    parent_batch = TenantForeignKey(
        "voice.CallBatch",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="redials",
        db_index=False,
        editable=False,
        verbose_name="redials",
    )
    purpose = models.CharField(
        max_length=20, choices=Purpose, default=Purpose.OUTREACH, db_default=Purpose.OUTREACH, help_text=PURPOSE_HELP
    )
    max_concurrent = models.PositiveIntegerField(
        "calls at once", null=True, blank=True, help_text="Empty means as many as the tenant may make."
    )
    retry_delays = models.JSONField(
        "another attempt after",
        null=True,
        blank=True,
        validators=[JsonSchemaValidator(RETRY_DELAYS)],
        help_text="For each outcome, the minutes before each further attempt. Empty means the tenant's rules.",
    )
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    reported_at = models.DateTimeField(null=True, blank=True, editable=False)
    job_id = models.CharField(max_length=100, default=new_job_id, editable=False)
    status = models.CharField(
        max_length=20, choices=BatchStatus, default=BatchStatus.QUEUED, db_default=BatchStatus.QUEUED, editable=False
    )
    total_calls = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    completed_calls = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    failed_calls = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    scheduled_at = models.DateTimeField(null=True, blank=True, help_text="When calling starts; empty means now.")
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(BATCH)])

    class Meta:
        db_table = "voice_call_batches"
        verbose_name_plural = "call batches"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "job_id"], name="voice_call_batches_job_key"),
            models.CheckConstraint(
                condition=models.Q(total_calls__gte=models.F("completed_calls") + models.F("failed_calls")),
                name="voice_call_batches_counters",
                violation_error_message="A batch cannot have more finished calls than calls.",
            ),
            models.CheckConstraint(
                condition=models.Q(finished_at__gte=models.F("started_at")),
                name="voice_call_batches_finished_after_start",
                violation_error_message="A batch cannot finish before it started.",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=BATCH_FINISHED, finished_at__isnull=False)
                | (~models.Q(status__in=BATCH_FINISHED) & models.Q(finished_at__isnull=True)),
                name="voice_call_batches_finished_when_over",
                violation_error_message="A finished batch needs a finish time, and an open one must not have any.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=BatchStatus.RUNNING) | models.Q(started_at__isnull=False),
                name="voice_call_batches_running_started",
                violation_error_message="A running batch needs a start time.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_call_batches_newest"),
            models.Index(fields=["tenant", "status", "-created_at"], condition=LIVE, name="voice_call_batches_status"),
            models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_batches_agent"),
            # Finds the batches that are dialled, by tenant.
            models.Index(
                fields=["tenant", "scheduled_at"],
                condition=LIVE & models.Q(status__in=BATCH_OPEN, paused_at__isnull=True),
                name="voice_call_batches_calling",
            ),
            # Finds the batches that are due.
            models.Index(
                fields=["tenant", "scheduled_at"],
                condition=LIVE & models.Q(status=BatchStatus.QUEUED),
                name="voice_call_batches_due",
            ),
        ]

    def __str__(self) -> str:
        agent = self._state.fields_cache.get("agent") or f"agent {self.agent_id}"
        return f"{agent}: {self.total_calls} calls, {written(self.created_at)}"

    @property
    def finished_calls(self) -> int:
        """Return the number of finished calls, reached or not."""
        return self.completed_calls + self.failed_calls


class CallBatchEntry(SoftDeletable, TenantModel):
    """One person to call in a batch. ``to_phone`` is the number that is dialled, with or without a lead."""

    event_name = "voice.call_batch_entry"

    batch = TenantForeignKey(CallBatch, on_delete=models.CASCADE, related_name="entries", db_index=False)
    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="call_entries", db_index=False
    )
    to_phone = PhoneField(
        blank=True,
        help_text="With its country code, such as +971501234567, or as it is dialled in the tenant's country. Leave"
        " empty to use the lead's number.",
    )
    status = models.CharField(
        max_length=30, choices=EntryStatus, default=EntryStatus.QUEUED, db_default=EntryStatus.QUEUED, editable=False
    )
    error_message = models.TextField(max_length=2_000, blank=True, default="", db_default="", editable=False)
    retry_count = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    call_log = TenantForeignKey(
        "voice.CallLog",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="batch_entries",
        db_index=False,
        verbose_name="call",
        editable=False,
    )
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it is dialled next; empty means at once."
    )
    outcome = models.CharField(
        "last outcome", max_length=20, choices=Outcome, blank=True, default="", db_default="", editable=False
    )
    decision = models.JSONField(
        "why it waits or is left out",
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        validators=[JsonSchemaValidator(OBJECT)],
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(ENTRY)])

    audited = False

    class Meta:
        db_table = "voice_call_batch_entries"
        verbose_name_plural = "call batch entries"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "batch", "to_phone"],
                condition=LIVE,
                name="voice_call_batch_entries_phone_key",
                violation_error_message="This number is already in the batch.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_call_batch_entries_call_key",
                violation_error_message="This call belongs to another entry.",
            ),
            models.CheckConstraint(
                condition=models.Q(to_phone__regex=r"^\+[1-9][0-9]{4,14}$"),
                name="voice_call_batch_entries_phone",
                violation_error_message="Write the number with its country code, such as +971501234567.",
            ),
            models.CheckConstraint(
                condition=models.Q(retry_count__lte=MAX_RETRIES),
                name="voice_call_batch_entries_retries",
                violation_error_message=f"An entry has at most {MAX_RETRIES} retries.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_call_batch_entry_newest"),
            models.Index(fields=["tenant", "batch", "-created_at"], name="voice_call_batch_entry_batch"),
            models.Index(
                fields=["tenant", "batch", "status", "retry_count"],
                condition=LIVE,
                name="voice_call_batch_entry_status",
            ),
            # What is to be dialled next in a batch.
            models.Index(
                fields=["tenant", "batch", "next_attempt_at"],
                condition=LIVE & models.Q(status=EntryStatus.QUEUED),
                name="voice_call_batch_entry_due",
            ),
            models.Index(
                fields=["tenant", "lead", "-created_at"],
                condition=models.Q(lead__isnull=False),
                name="voice_call_batch_entry_lead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to_phone} · {self.get_status_display()}"
