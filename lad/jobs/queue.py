"""The queue of jobs, and the order that is fair to tenants."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Expression, F, OuterRef, Subquery
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce, Now

from lad.jobs.leases import Backoff, LeaseQueue
from lad.jobs.models import Job, JobState
from lad.tenancy.context import platform_context

job_queue: Final = LeaseQueue(
    Job,
    # A job never gives up: each crash shrinks the part it runs, until the row that causes it is alone.
    backoff=Backoff(first=timedelta(seconds=1), longest=timedelta(minutes=1), attempts=2**31),
    lease=settings.JOB_LEASE,
    waiting=JobState.QUEUED,
    working=JobState.RUNNING,
    unknown=JobState.UNKNOWN,
)


def claim() -> Job | None:
    """Claim the next job, or return None if none is due or JOBS_AT_ONCE are running.

    It is one of the tenant with the fewest running jobs and, among those, of the one served least recently.
    """
    with platform_context():
        running = Job.objects.filter(state=JobState.RUNNING, lease_until__gte=Now())
        if running.count() >= settings.JOBS_AT_ONCE:
            return None
    return job_queue.claim(*_fair_order(), claimed_at=Now(), started_at=Coalesce(F("started_at"), Now()))


def _fair_order() -> tuple[OrderBy | Expression, ...]:
    of_tenant = Job._base_manager.filter(tenant=OuterRef("tenant"))
    running = of_tenant.filter(state=JobState.RUNNING, lease_until__gte=Now()).order_by().values("tenant")
    served = of_tenant.filter(claimed_at__isnull=False).order_by("-claimed_at").values("claimed_at")[:1]
    count = Coalesce(Subquery(running.annotate(number=Count("pk")).values("number")), 0)
    return count.asc(), Subquery(served).asc(nulls_first=True)
