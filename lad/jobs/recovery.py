"""Recover jobs whose worker died or was interrupted.

Such a job goes on after its last committed part. From the second crash in a row on, the part runs in ever
smaller transactions, until a row that kills its worker is alone; that row is reported as failed.
"""

from typing import Any, Final

import structlog
from django.db.models import F
from django.db.models.functions import Now

from lad.jobs.kinds import Verdict, job_kinds
from lad.jobs.models import Job, JobFailure, JobPart
from lad.jobs.queue import job_queue
from lad.tenancy.context import platform_context

# The first crash is nearly always a restart. A part of 500 rows shrinks to one row in three more.
CRASHES_BEFORE_SHRINKING: Final = 2
SHRINK_FACTOR: Final = 8
WORKER_DIED: Final = "The worker died while it ran a part of this job. Rows of that part may have been handled."
ROW_KILLS: Final = "The worker failed each time it changed this row."

log = structlog.get_logger("lad.jobs")


def recover() -> int:
    """Release the jobs whose lease has expired and return how many there were."""
    with platform_context():
        lost = list(job_queue.expired().select_for_update(no_key=True, skip_locked=True))
        outside = [job.pk for job in lost if job.kind in job_kinds and job_kinds.get(job.kind).outside_effects]
        job_queue.mark_unknown(Job.objects.filter(pk__in=outside), WORKER_DIED)
        for job in lost:
            log.warning("job lost its worker", job=str(job.pk), kind=job.kind, crashes=job.crashes + 1)
            if job.pk not in outside:
                job_queue.requeue(Job.objects.filter(pk=job.pk), crashes=F("crashes") + 1)
                _shrink(job)
    return len(lost)


def postpone(job: Job) -> None:
    """Give a job back after its part was rolled back. It is tried again after a delay that grows."""
    with platform_context():
        due = Now() + job_queue.backoff.delay(job.crashes + 1)
        values: dict[str, Any] = {"state": job_queue.waiting, "lease_until": None, "next_attempt_at": due}
        if job_queue.write_back(job, crashes=F("crashes") + 1, **values):
            _shrink(job)


def _shrink(job: Job) -> None:
    """Let the next part of a job that keeps crashing run in smaller transactions; report a row that was alone."""
    if job.crashes + 1 < CRASHES_BEFORE_SHRINKING:
        return
    part: JobPart | None = JobPart.objects.filter(job=job.pk).order_by("number").select_for_update().first()
    if part is None:
        return
    if part.batch_limit == 1 or len(part.row_ids) == 1:
        _give_up_row(job, part)
    else:
        part.batch_limit = max((part.batch_limit or len(part.row_ids)) // SHRINK_FACTOR, 1)
        part.save(update_fields=["batch_limit"])


def _give_up_row(job: Job, part: JobPart) -> None:
    row_id, *rest = part.row_ids
    JobFailure.objects.create(tenant=job.tenant, job=job, row_id=row_id, verdict=Verdict.FAILED, reason=ROW_KILLS)
    Job.objects.filter(pk=job.pk).update(failed=F("failed") + 1, crashes=0)
    if rest:
        part.row_ids = rest
        part.save(update_fields=["row_ids"])
    else:
        part.delete()
