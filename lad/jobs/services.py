"""Start, cancel, resume and purge jobs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from lad.api.permissions import MissingRight, require_feature
from lad.db.models import LadModel
from lad.errors import Conflict, Invalid
from lad.jobs.errors import JobNotResumable, JobOver, NothingToChange
from lad.jobs.kinds import JobKind, RowOutcome, Rows, Verdict
from lad.jobs.models import Job, JobState
from lad.notifier import WorkerNotifier
from lad.tenancy.access import Access
from lad.tenancy.context import current_tenant_id, platform_context
from lad.types import Values

# Declared in tenants/access/rights.py. Others see and cancel their own jobs only.
OVERSEE: Final = "jobs.oversee"
RESUMABLE: Final = (JobState.FAILED, JobState.UNKNOWN)

notifier: Final = WorkerNotifier("lad.run_jobs")

# One statement sees one state of the rows: the set is exact, however many people write at the same time.
INSERT_PARTS: Final = """
WITH chosen (id) AS ({chosen}),
numbered AS (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS number FROM (SELECT DISTINCT id FROM chosen) AS once
),
written AS (
    INSERT INTO job_parts (id, tenant_id, job_id, number, row_ids, created_at)
    SELECT gen_random_uuid(), %s, %s, number, array_agg(id::text ORDER BY id), statement_timestamp()
    FROM numbered GROUP BY number
    RETURNING cardinality(row_ids) AS size
)
SELECT COALESCE(sum(size), 0) FROM written
"""


PURGE_BATCH: Final = 100
DELETE_FINISHED: Final = """
WITH old AS MATERIALIZED (SELECT id FROM jobs WHERE finished_at < %s ORDER BY finished_at LIMIT %s)
DELETE FROM jobs USING old WHERE jobs.id = old.id
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows were changed, how many were as wanted already or left alone, and how many failed."""

    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    # The rows with something to say about them.
    told: Sequence[RowOutcome] = ()

    @property
    def total(self) -> int:
        return self.changed + self.unchanged + self.skipped + self.failed


@transaction.atomic
def start(
    *, kind: JobKind, rows: QuerySet[Any] | Callable[[Job], QuerySet[Any]], parameters: Values, access: Access
) -> Job:
    """Start a job for exactly the rows of the current tenant that the queryset selects now, and return it.

    ``rows`` may be a function of the new job that writes its rows first and returns them.
    Raises MissingRight or FeatureClosed if the caller may not change such rows, NothingToChange for an empty set.
    """
    require_possible(kind, parameters, access)
    job = Job(kind=kind.key, title="", created_by_user=access.user, parameters=dict(parameters))
    job.tenant_id = current_tenant_id()
    job.next_attempt_at = cast(datetime, Now())
    job.save()
    job.total = _write_parts(job, rows(job) if callable(rows) else rows, kind.part_size)
    if not job.total:
        raise NothingToChange
    job.title = kind.title(parameters, counted(kind.model(parameters), job.total))[:200]
    job.save(update_fields=["total", "title"])
    job.refresh_from_db()
    notifier.notify_on_commit()
    return job


@transaction.atomic
def run_now(*, kind: JobKind, rows: QuerySet[Any], parameters: Values, access: Access) -> Counts:
    """Change a small set of rows of the current tenant at once and return the counts.

    Raises what ``start`` raises. The first row that fails rolls all of them back, unless the kind keeps going: raises
    its error.
    """
    require_possible(kind, parameters, access)
    keys = list(own_rows(rows).order_by("pk").values_list("pk", flat=True).distinct())
    if not keys:
        raise NothingToChange
    found: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
    told: list[RowOutcome] = []
    for first in range(0, len(keys), kind.part_size):
        batch = Rows(keys[first : first + kind.part_size], parameters, access.user)
        for outcome in kind.change(batch):
            if outcome.verdict == Verdict.FAILED and not kind.keeps_going:
                raise _error_of(outcome)
            found[outcome.verdict] += 1
            told += [outcome] if outcome.reason else []
    return Counts(found[Verdict.CHANGED], found[Verdict.UNCHANGED], found[Verdict.SKIPPED], found[Verdict.FAILED], told)


@transaction.atomic
def cancel(*, job: Job) -> Job:
    """Cancel a job and return it. A running one stops after its current part; what was changed stays changed.

    Raises JobOver.
    """
    row: Job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    if row.is_finished:
        raise JobOver(f"The job is {row.get_state_display().lower()} already; there is nothing left to cancel.")
    row.cancel_requested_at = row.cancel_requested_at or cast(datetime, Now())
    values = ["cancel_requested_at"]
    if row.state != JobState.RUNNING:
        row.state, row.finished_at, row.next_attempt_at = JobState.CANCELLED, cast(datetime, Now()), None
        values += ["state", "finished_at", "next_attempt_at"]
        row.parts.all().delete()
    row.save(update_fields=values)
    row.refresh_from_db()
    return row


@transaction.atomic
def resume(*, job: Job) -> Job:
    """Queue a job that failed or is unknown for the rows it has left, and return it. Raises JobNotResumable."""
    row: Job = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    if not is_resumable(row):
        raise JobNotResumable
    row.state, row.next_attempt_at, row.finished_at = JobState.QUEUED, cast(datetime, Now()), None
    row.error, row.crashes = "", 0
    row.save(update_fields=["state", "next_attempt_at", "finished_at", "error", "crashes"])
    row.refresh_from_db()
    notifier.notify_on_commit()
    return row


def is_resumable(job: Job) -> bool:
    """Return whether the job stopped before its last row and may go on."""
    return job.state in RESUMABLE and bool(job.parts.exists())


def purge(*, now: datetime) -> int:
    """Delete jobs that finished longer ago than JOB_RETENTION_DAYS. Return how many were deleted."""
    deleted = 0
    while True:
        with platform_context(), connection.cursor() as cursor:
            # The database deletes what belongs to them.
            cursor.execute(DELETE_FINISHED, [now - settings.JOB_RETENTION, PURGE_BATCH])
            count = cursor.rowcount
        deleted += count
        if count < PURGE_BATCH:
            return deleted


def visible_jobs(access: Access, rows: QuerySet[Any], *, path: str = "") -> QuerySet[Any]:
    """Return the rows of the caller's own jobs, or all rows for callers who may oversee jobs.

    ``path`` leads from a row to its job, such as ``job__``.
    """
    return rows if access.allows(OVERSEE) else rows.filter(**{f"{path}created_by_user": access.user})


def require_possible(kind: JobKind, parameters: Values, access: Access) -> None:
    """Raise MissingRight or FeatureClosed unless the caller may change such rows, and what ``kind.check`` raises."""
    right = kind.right(parameters)
    if not access.allows(right):
        raise MissingRight(right=right)
    feature = kind.feature(parameters)
    if feature:
        require_feature(access, feature)
    kind.check(parameters)


def counted(model: type[Model], number: int) -> str:
    """Return the number with the model's noun: "1 lead", "1,200 leads"."""
    noun = model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural
    return f"{number:,} {noun}"


def own_rows(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows that belong to the current tenant, without their joins and order."""
    model = cast(type[LadModel], rows.model)
    field = model.tenancy.field
    if field is None:
        raise Invalid(f"{model._meta.verbose_name_plural} belong to no tenant.")
    return rows.filter(**{field: current_tenant_id()}).order_by()


def keys_of(model: type[Model], row_ids: Iterable[str]) -> list[UUID | int]:
    """Return ids as the model's keys."""
    return [model._meta.pk.to_python(each) for each in row_ids]


def _write_parts(job: Job, rows: QuerySet[Any], part_size: int) -> int:
    sql, parameters = own_rows(rows).values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(INSERT_PARTS.format(chosen=sql), [*parameters, part_size, job.tenant_id, job.pk])
        return int(cursor.fetchone()[0])


def _error_of(outcome: RowOutcome) -> Conflict | Invalid:
    if outcome.field:
        return Invalid(outcome.reason, errors={outcome.field: [outcome.reason]})
    return Conflict(outcome.reason)
