"""Run jobs: claim one, change its rows a part at a time, give it back after a few seconds.

A part's rows change in the transaction that removes them from the job's parts, counts them and checks that
this worker still holds the job. So each row changes exactly once, whenever the worker dies. Giving a job back
after a slice lets the jobs of other tenants run beside one of a million rows.
"""

import time
from typing import Final

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError
from django.db.models.functions import Now

from lad.errors import DomainError, NotAllowed
from lad.jobs import recovery
from lad.jobs.kinds import JobKind, job_kinds
from lad.jobs.models import Job, JobPart, JobState
from lad.jobs.parts import Step, run_part
from lad.jobs.queue import claim, job_queue
from lad.jobs.services import require_possible
from lad.observability import mask_text
from lad.registry import UnknownKey
from lad.tenancy.access import Access, access_in_tenant
from lad.tenancy.context import origin, tenant_context

# A run ends long before the time limit of a task, so that other tasks get their turn.
RUN_SECONDS: Final = 10.0
SLICE_SECONDS: Final = 3.0
RIGHT_LOST: Final = "{user} may not do this any more: {reason} Rows that were changed stay changed."

log = structlog.get_logger("lad.jobs")


class UserGone(NotAllowed):
    """The user who started this job no longer exists. Rows that were changed stay changed."""

    code = "user_gone"


class KindUnknown(NotAllowed):
    """This version of LAD does not know this kind of job."""

    code = "job_kind_unknown"


def run_due(*, seconds: float = RUN_SECONDS) -> bool:
    """Run due jobs until none can be claimed or the time is up. Return whether none could be claimed.

    Any number of workers may run at once; JOBS_AT_ONCE limits how many of their jobs do.
    """
    deadline = time.monotonic() + seconds
    recovery.recover()
    while (job := claim()) is not None:
        run_slice(job)
        if time.monotonic() >= deadline:
            return False
    return True


def run_slice(job: Job, *, seconds: float = SLICE_SECONDS) -> None:
    """Change parts of a claimed job until it is over or the time is up, and write its state back."""
    deadline = time.monotonic() + seconds
    step = Step.CONTINUE
    try:
        with origin(str(job.pk), source=f"job {job.kind}"):
            kind, access = _allowed(job)
            while step == Step.CONTINUE and time.monotonic() < deadline:
                step = run_part(job, kind, access)
        _settle(job, step)
    except DomainError as error:
        _finish(job, JobState.FAILED, error.detail)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded) as error:
        # The database or the time failed, not a row. If this cannot be written either, the lease expires.
        log.warning("job interrupted", job=str(job.pk), reason=mask_text(f"{type(error).__name__}: {error}"))
        recovery.postpone(job)


def _allowed(job: Job) -> tuple[JobKind, Access]:
    """Return the job's kind and its user's access, as it is now. Raises a DomainError if the user may not go on."""
    try:
        kind = job_kinds.get(job.kind)
    except UnknownKey:
        raise KindUnknown from None
    if job.created_by_user_id is None:
        raise UserGone
    access = access_in_tenant(job.created_by_user_id, job.tenant_id)
    try:
        if access.error is not None:
            raise access.error
        with tenant_context(job.tenant_id, user_id=access.user.pk):
            require_possible(kind, job.parameters, access)
    except DomainError as error:
        user = access.user.full_name if access.user else "The user who started this job"
        raise NotAllowed(RIGHT_LOST.format(user=user, reason=error.detail)) from error
    return kind, access


def _settle(job: Job, step: Step) -> None:
    match step:
        case Step.CONTINUE:
            with tenant_context(job.tenant_id):
                job_queue.write_back(job, state=JobState.QUEUED, next_attempt_at=Now(), lease_until=None)
        case Step.FINISH:
            _finish(job, JobState.SUCCEEDED)
        case Step.CANCEL:
            _finish(job, JobState.CANCELLED)
        case Step.LEAVE:
            log.warning("job taken over by another worker", job=str(job.pk))


def _finish(job: Job, state: JobState, error: str = "") -> None:
    """End the job. A cancelled one forgets its remaining rows; one that failed keeps them, to be resumed."""
    with tenant_context(job.tenant_id, user_id=job.created_by_user_id):
        ended = job_queue.write_back(
            job, state=state, error=error, finished_at=Now(), lease_until=None, next_attempt_at=None
        )
        if ended and state == JobState.CANCELLED:
            JobPart.objects.filter(job=job.pk).delete()
    log.info("job ended", job=str(job.pk), kind=job.kind, state=str(state), written=ended)
