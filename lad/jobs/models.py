"""Jobs, the rows they have left to change, and the rows they could not change."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from lad.db.constraints import TableStorage
from lad.db.fields import RegisteredKeyField, TenantForeignKey, TenantUserKey
from lad.db.models import TenantModel
from lad.jobs.kinds import Verdict, job_kinds
from lad.jobs.leases import Leased


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Finished"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNKNOWN = "unknown", "Unknown"


FINISHED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Job(Leased, TenantModel):
    """A change of many rows that a user started and workers carry out, a part at a time.

    ``attempts`` counts the claims by workers and is their fencing token. ``crashes`` counts the claims in a row
    that ended without progress. ``done`` counts the rows that are as the job wants them, changed or not;
    ``result`` has the number of changed ones.
    """

    event_name = "tenants.job"

    kind = RegisteredKeyField(max_length=50, registry=job_kinds)
    title = models.CharField(max_length=200)
    created_by_user = TenantUserKey(null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    state = models.CharField(max_length=20, choices=JobState, default=JobState.QUEUED, db_default=JobState.QUEUED)
    total = models.PositiveIntegerField(default=0, db_default=0)
    done = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    skipped = models.PositiveIntegerField(default=0, db_default=0)
    parameters = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="What to change, as the kind of the job defines it."
    )
    result = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="The numbers of changed and unchanged rows."
    )
    crashes = models.PositiveSmallIntegerField(default=0, db_default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    # The state alternates between queued and running with every slice.
    audited_columns = ("cancel_requested_at", "finished_at")
    announced = False
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "jobs"
        constraints = [TableStorage(name="jobs_storage", parameters={"fillfactor": "70"})]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="jobs_newest"),
            models.Index(fields=["tenant", "created_by_user", "-created_at"], name="jobs_user"),
            # Claims cross tenants: the next job is the one of the tenant that was served least recently.
            models.Index(fields=["next_attempt_at"], condition=Q(state="queued"), name="jobs_queued"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="jobs_leased"),
            models.Index(fields=["tenant", "claimed_at"], name="jobs_served"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="jobs_finished"),
        ]

    def __str__(self) -> str:
        return str(self.title)

    @property
    def processed(self) -> int:
        """Return how many rows the job has been through."""
        return self.done + self.failed + self.skipped

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    @property
    def percent(self) -> int:
        return 100 * self.processed // self.total if self.total else 100

    @property
    def elapsed(self) -> timedelta:
        """Return how long the job has run, from its first part on."""
        if self.started_at is None:
            return timedelta()
        return (self.finished_at or timezone.now()) - self.started_at

    @property
    def rate(self) -> float:
        """Return the rows a second since the job started; 0 before its first part."""
        seconds = self.elapsed.total_seconds()
        return self.processed / seconds if seconds > 0 else 0.0

    @property
    def remaining(self) -> timedelta | None:
        """Return the estimated time until the end, or None if it cannot be estimated."""
        if self.is_finished or not self.rate:
            return None
        return timedelta(seconds=(self.total - self.processed) / self.rate)


class JobPart(TenantModel):
    """Rows that a job has left to change. Deleted in the transaction that changes its last row.

    ``batch_limit`` is the most rows of it that one transaction may change, set after a worker died with it.
    """

    event_name = "tenants.job_part"

    updated_at = None
    job = TenantForeignKey(Job, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    row_ids = ArrayField(models.CharField(max_length=36))
    batch_limit = models.PositiveSmallIntegerField(null=True, blank=True)

    audited = False
    announced = False
    tenant_key = False

    class Meta:
        db_table = "job_parts"
        constraints = [models.UniqueConstraint(fields=["tenant", "job", "number"], name="job_parts_number")]

    def __str__(self) -> str:
        return f"Part {self.number + 1}"


class JobFailure(TenantModel):
    """A row that a job could not change (failed) or left alone (skipped), and why."""

    event_name = "tenants.job_failure"

    updated_at = None
    job = TenantForeignKey(Job, on_delete=models.CASCADE, related_name="failures", db_index=False)
    row_id = models.CharField(max_length=36)
    label = models.CharField(max_length=200, blank=True, default="", db_default="")
    verdict = models.CharField(
        max_length=20, choices=[(Verdict.FAILED.value, "Failed"), (Verdict.SKIPPED.value, "Skipped")]
    )
    field = models.CharField(max_length=100, blank=True, default="", db_default="")
    reason = models.TextField()

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT")

    class Meta:
        db_table = "job_failures"
        constraints = [models.UniqueConstraint(fields=["tenant", "job", "row_id"], name="job_failures_row")]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="job_failures_newest")]

    def __str__(self) -> str:
        return str(self.label or self.row_id)
