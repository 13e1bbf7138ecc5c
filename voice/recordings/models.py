"""Recordings of calls."""

from django.db import models
from django.db.models import Q

from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.models import TenantModel
from lad.jobs.leases import Leased


class RecordingState(models.TextChoices):
    """Where a recording is."""

    QUEUED = "queued", "To be fetched"
    FETCHING = "fetching", "Being fetched"
    STORED = "stored", "Stored"
    MISSING = "missing", "Not available"
    ERASED = "erased", "Erased"


class CallRecording(Leased, TenantModel):
    """The recording of one call: fetched from the carrier into LAD's storage, and erased when its time is up.

    What is left of an erased one is that it was there: its length, its hash, and who erased it and why.
    """

    event_name = "voice.call_recording"
    bookkeeping = ("attempts", "next_attempt_at", "lease_until", "error")

    call_log = TenantForeignKey(
        "voice.CallLog", on_delete=models.CASCADE, related_name="recordings", db_index=False, verbose_name="call"
    )
    carrier_account = SharedForeignKey(
        "voice.CarrierAccount", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    state = models.CharField(
        max_length=20, choices=RecordingState, default=RecordingState.QUEUED, db_default=RecordingState.QUEUED
    )
    file_key = models.TextField("storage key", blank=True, default="", db_default="", editable=False)
    media_type = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="Detected from the content."
    )
    size = models.BigIntegerField(default=0, db_default=0, help_text="Bytes.")
    checksum = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="SHA-256 of the content."
    )
    duration_seconds = models.PositiveIntegerField("length in seconds", null=True, blank=True)
    stored_at = models.DateTimeField(null=True, blank=True)
    erase_at = models.DateTimeField(null=True, blank=True, help_text="When it is erased by itself.")
    erased_at = models.DateTimeField(null=True, blank=True)
    erased_by_user = TenantUserKey(
        on_delete=models.SET_NULL, null=True, blank=True, db_index=False, verbose_name="erased by"
    )
    erased_reason = models.CharField(max_length=200, blank=True, default="", db_default="")

    announced = False

    class Meta:
        db_table = "voice_call_recordings"
        verbose_name = "recording"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "call_log"],
                name="voice_call_recordings_call_key",
                violation_error_message="This call has a recording already.",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=RecordingState.STORED,
                    size__gt=0,
                    checksum__regex=r"^[0-9a-f]{64}$",
                    stored_at__isnull=False,
                    erase_at__isnull=False,
                )
                & ~Q(file_key="")
                | ~Q(state=RecordingState.STORED) & Q(file_key=""),
                name="voice_call_recordings_stored_whole",
                violation_error_message="A stored recording has its file, size, hash and date of erasure.",
            ),
            models.CheckConstraint(
                condition=Q(state=RecordingState.ERASED, erased_at__isnull=False)
                | ~Q(state=RecordingState.ERASED) & Q(erased_at__isnull=True),
                name="voice_call_recordings_erased_at",
                violation_error_message="Say when the recording was erased.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="voice_recordings_newest"),
            models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="voice_recordings_due"),
            models.Index(fields=["lease_until"], condition=Q(state="fetching"), name="voice_recordings_leased"),
            models.Index(fields=["erase_at"], condition=Q(state="stored"), name="voice_recordings_erase"),
        ]

    def __str__(self) -> str:
        return f"Recording of the call {self.call_log_id}"

    @property
    def is_stored(self) -> bool:
        return self.state == RecordingState.STORED
