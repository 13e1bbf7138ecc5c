"""Batches: many calls asked for at once."""

from uuid import uuid4

from django.db import models

from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.models import SoftDeletable, TenantModel
from lad.db.shapes import Shape
from voice.json_schemas import BATCH, ENTRY
from voice.statuses import BATCH_OVER, BatchStatus, EntryStatus

LIVE = models.Q(deleted_at__isnull=True)
MAX_RETRIES = 10


def new_job_id() -> str:
    """The name under which workers know a batch."""
    return f"batch-{uuid4().hex}"


class CallBatch(SoftDeletable, TenantModel):
    """One list of people to be called by one agent. Its counters are folded from its entries."""

    event_name = "voice.call_batch"

    initiated_by_user = TenantUserKey(null=True, blank=True, editable=False, db_index=False)
    agent = TenantForeignKey("voice.VoiceAgent", on_delete=models.DO_NOTHING, related_name="batches", db_index=False)
    voice = SharedForeignKey(
        "voice.Voice",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Instead of the agent's own.",
    )
    from_number = TenantForeignKey(
        "voice.VoiceNumber", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    job_id = models.CharField(max_length=100, default=new_job_id, editable=False)
    status = models.CharField(
        max_length=20, choices=BatchStatus, default=BatchStatus.QUEUED, db_default=BatchStatus.QUEUED, editable=False
    )
    total_calls = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    completed_calls = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    failed_calls = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    scheduled_at = models.DateTimeField(null=True, blank=True, help_text="Nobody is called before; empty means now.")
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(BATCH)])

    class Meta:
        db_table = "voice_call_batches"
        verbose_name_plural = "call batches"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "job_id"], name="voice_call_batches_job_key"),
            models.CheckConstraint(
                condition=models.Q(total_calls__gte=models.F("completed_calls") + models.F("failed_calls")),
                name="voice_call_batches_counters",
                violation_error_message="No more calls can be over than there are.",
            ),
            models.CheckConstraint(
                condition=models.Q(finished_at__gte=models.F("started_at")),
                name="voice_call_batches_finished_after_start",
                violation_error_message="A batch finishes after it started.",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=BATCH_OVER, finished_at__isnull=False)
                | (~models.Q(status__in=BATCH_OVER) & models.Q(finished_at__isnull=True)),
                name="voice_call_batches_finished_when_over",
                violation_error_message="A batch has a moment at which it finished when, and only when, it is over.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=BatchStatus.RUNNING) | models.Q(started_at__isnull=False),
                name="voice_call_batches_running_started",
                violation_error_message="A running batch has started.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_call_batches_newest"),
            models.Index(fields=["tenant", "status", "-created_at"], condition=LIVE, name="voice_call_batches_status"),
            models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_batches_agent"),
            # What a dialer would take next.
            models.Index(
                fields=["tenant", "scheduled_at"],
                condition=LIVE & models.Q(status=BatchStatus.QUEUED),
                name="voice_call_batches_due",
            ),
        ]

    def __str__(self) -> str:
        agent = self._state.fields_cache.get("agent") or f"agent {self.agent_id}"
        return f"{agent}: {self.total_calls} calls, {self.created_at:%d %b %H:%M}"

    @property
    def over_calls(self) -> int:
        """How many calls are over, reached or not."""
        return self.completed_calls + self.failed_calls


class CallBatchEntry(SoftDeletable, TenantModel):
    """One person to be called in a batch. ``to_phone`` is always there: it is what is dialled, lead or none."""

    event_name = "voice.call_batch_entry"

    batch = TenantForeignKey(CallBatch, on_delete=models.CASCADE, related_name="entries", db_index=False)
    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="call_entries", db_index=False
    )
    to_phone = models.CharField(
        max_length=50, blank=True, help_text="With its country, such as +971501234567; empty: the lead's."
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
    metadata = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(ENTRY)])

    audited = False

    class Meta:
        db_table = "voice_call_batch_entries"
        verbose_name_plural = "call batch entries"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "batch", "to_phone"],
                condition=LIVE,
                name="voice_call_batch_entries_phone_key",
                violation_error_message="The batch calls this number already.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_call_batch_entries_call_key",
                violation_error_message="This call belongs to another entry.",
            ),
            models.CheckConstraint(
                condition=models.Q(to_phone__regex=r"^\+[1-9][0-9]{4,14}$"),
                name="voice_call_batch_entries_phone",
                violation_error_message="Write the number with its country, such as +971501234567.",
            ),
            models.CheckConstraint(
                condition=models.Q(retry_count__lte=MAX_RETRIES),
                name="voice_call_batch_entries_retries",
                violation_error_message=f"At most {MAX_RETRIES} retries.",
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
            models.Index(
                fields=["tenant", "lead", "-created_at"],
                condition=models.Q(lead__isnull=False),
                name="voice_call_batch_entry_lead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.to_phone} · {self.get_status_display()}"
