"""Change the rows of one part of a job, and report those that could not be changed."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Final, cast

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from lad.api.errors import as_domain_error
from lad.batches import apply_batch
from lad.db.models import LadModel
from lad.errors import Invalid
from lad.jobs.kinds import JobKind, RowKey, RowOutcome, Rows, Verdict
from lad.jobs.models import Job, JobFailure, JobPart, JobState
from lad.jobs.queue import job_queue
from lad.jobs.services import keys_of
from lad.tenancy.access import Access
from lad.tenancy.context import tenant_context

# A part waits this long for a row that somebody else is changing; then the job is tried again later.
LOCK_TIMEOUT: Final = "5s"
MAX_LABEL_LENGTH: Final = 200
UNEXPECTED: Final = "LAD failed to change it. Send the id of this job to support so that they can find the cause."

log = structlog.get_logger("lad.jobs")

Outcomes = dict[RowKey, RowOutcome]


class Step(Enum):
    """The next step of a job after one of its parts."""

    CONTINUE = auto()
    FINISH = auto()
    CANCEL = auto()
    # Another worker has taken the job over.
    LEAVE = auto()


class JobTakenOver(Exception):
    """Another worker has it now: the transaction of this one must roll back."""


def run_part(job: Job, kind: JobKind, access: Access) -> Step:
    """Change the rows of the job's next part, in one transaction with the count of them.

    Raises OperationalError or InterfaceError if the database failed.
    """
    try:
        with tenant_context(job.tenant_id, user_id=access.user.pk):
            return _run_part(job, kind, access)
    except JobTakenOver:
        return Step.LEAVE


def _run_part(job: Job, kind: JobKind, access: Access) -> Step:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    held = Job.objects.filter(pk=job.pk, attempts=job.attempts, state=JobState.RUNNING)
    current = held.values_list("cancel_requested_at", "result").first()
    if current is None:
        raise JobTakenOver
    cancel_requested_at, result = current
    if cancel_requested_at is not None:
        return Step.CANCEL
    part: JobPart | None = JobPart.objects.filter(job=job.pk).order_by("number").select_for_update().first()
    if part is None:
        return Step.FINISH
    size = part.batch_limit or len(part.row_ids)
    outcomes = _change(job, kind, access, keys_of(kind.model(job.parameters), part.row_ids[:size]))
    _report(job, kind, outcomes)
    _shorten(part, size)
    _count(job, result, outcomes)
    return Step.CONTINUE


def _change(job: Job, kind: JobKind, access: Access, keys: Sequence[RowKey]) -> Outcomes:
    outcomes: Outcomes = {}

    def change(some: Sequence[RowKey]) -> None:
        for outcome in kind.change(Rows(some, job.parameters, access.user)):
            outcomes[outcome.key] = outcome

    # If the database failed, no row did: the whole part is tried again.
    failed = apply_batch(keys, change, reraise=(OperationalError, InterfaceError)).failed
    return outcomes | {failure.item: _failure(job, failure.item, failure.error) for failure in failed}


def _failure(job: Job, key: RowKey, error: Exception) -> RowOutcome:
    known = as_domain_error(error)
    if known is None:
        log.error("a job failed to change a row", job=str(job.pk), row=str(key), exc_info=error)
        return RowOutcome(key, Verdict.FAILED, UNEXPECTED)
    if isinstance(known, Invalid) and known.errors:
        field, texts = next(iter(known.errors.items()))
        return RowOutcome(key, Verdict.FAILED, " ".join(texts), "" if field == "non_field_errors" else field)
    return RowOutcome(key, Verdict.FAILED, known.detail)


def _report(job: Job, kind: JobKind, outcomes: Outcomes) -> None:
    reported = [each for each in outcomes.values() if each.verdict in (Verdict.SKIPPED, Verdict.FAILED)]
    if not reported:
        return
    model = cast(type[LadModel], kind.model(job.parameters))
    labels = {row.pk: str(row) for row in model.all_objects.filter(pk__in=[each.key for each in reported])}
    JobFailure.objects.bulk_create(
        JobFailure(
            tenant_id=job.tenant_id,
            job_id=job.pk,
            row_id=str(each.key),
            label=labels.get(each.key, "")[:MAX_LABEL_LENGTH],
            verdict=each.verdict,
            field=each.field,
            reason=each.reason,
        )
        for each in reported
    )


def _shorten(part: JobPart, size: int) -> None:
    part.row_ids = part.row_ids[size:]
    if part.row_ids:
        part.save(update_fields=["row_ids"])
    else:
        part.delete()


def _count(job: Job, result: dict[str, Any], outcomes: Outcomes) -> None:
    """Count the rows, renew the lease and check the fencing token, in one statement."""
    number = dict.fromkeys(Verdict, 0)
    for outcome in outcomes.values():
        number[outcome.verdict] += 1
    renewed = job_queue.renew(
        job,
        crashes=0,
        done=F("done") + number[Verdict.CHANGED] + number[Verdict.UNCHANGED],
        failed=F("failed") + number[Verdict.FAILED],
        skipped=F("skipped") + number[Verdict.SKIPPED],
        result={
            verdict.value: result.get(verdict.value, 0) + number[verdict]
            for verdict in (Verdict.CHANGED, Verdict.UNCHANGED)
        },
    )
    if not renewed:
        raise JobTakenOver
