"""Calls that wait for their analysis: requested in the transaction that wants it, done by the workers.

An analysis can be made again without harm, so a request whose worker died is simply due again.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from lad.db.identifiers import uuid7
from lad.errors import DomainError
from lad.jobs.leases import Backoff, LeaseQueue
from lad.notifier import WorkerNotifier
from lad.observability import mask_text
from lad.tenancy.context import current_tenant_id, platform_context, tenant_context
from lad.types import Actor
from tenants.accounts.models import User
from voice.analysis.models import CallAnalysisRequest, RequestState
from voice.analysis.services import CallNotOver, analyse
from voice.calls.models import CallLog

TASK: Final = "voice.analyse_calls"
# Requests that one run of the task does, before others get their turn.
RUN_SIZE: Final = 50
UNEXPECTED: Final = "LAD failed to analyse this call. It tries again."
notifier: Final = WorkerNotifier(TASK)
queue: Final = LeaseQueue(
    CallAnalysisRequest,
    backoff=Backoff(timedelta(seconds=30), timedelta(hours=1), 6),
    # Longer than the embedded reader takes. Whoever asks a model adds the time that it may take.
    lease=timedelta(minutes=2),
    waiting=RequestState.QUEUED,
    working=RequestState.WORKING,
    unknown=RequestState.FAILED,
)
# A request that is there already is due again at once. The attempts stay: they tell one attempt from another.
INSERT: Final = """
INSERT INTO voice_call_analysis_requests AS request (
    id, tenant_id, call_log_id, requested_by_user_id, state, attempts, next_attempt_at, error, created_at, updated_at
)
SELECT id, %s, call_log_id, %s, 'queued', 0, statement_timestamp(), '', statement_timestamp(), statement_timestamp()
FROM unnest(%s::uuid[], %s::uuid[]) AS wanted (id, call_log_id)
ON CONFLICT (tenant_id, call_log_id) DO UPDATE SET
    state = 'queued', next_attempt_at = EXCLUDED.next_attempt_at, error = '', lease_until = NULL,
    requested_by_user_id = EXCLUDED.requested_by_user_id
"""

log = structlog.get_logger("voice.analysis")


class TakenOver(Exception):
    """Another attempt makes this analysis."""


@transaction.atomic
def request_analyses(calls: Sequence[UUID], *, actor: Actor = None) -> int:
    """Let the workers analyse calls of the current tenant that are over, and return how many those are.

    A call waits once, however often it is requested.
    """
    tenant_id = current_tenant_id()
    rows = CallLog.objects.filter(pk__in=list(calls)).only("pk", "status")
    keys = sorted(call.pk for call in rows if call.is_finished)
    if keys:
        user_id = actor.pk if actor is not None else None
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [tenant_id, user_id, [uuid7() for _key in keys], keys])
        notifier.notify_on_commit()
    return len(keys)


def run_due(*, most: int = RUN_SIZE) -> bool:
    """Analyse calls that wait. Return whether none is left that is due."""
    with platform_context():
        queue.requeue(queue.expired())
    for _number in range(most):
        request = queue.claim()
        if request is None:
            return True
        _run(request)
    return False


def has_work() -> bool:
    """Return whether a call waits. Needs a platform scope."""
    return queue.has_work()


def _run(request: CallAnalysisRequest) -> None:
    with tenant_context(request.tenant_id):
        call = CallLog.objects.filter(pk=request.call_log_id).first()
        actor = User.objects.filter(pk=request.requested_by_user_id).first() if request.requested_by_user_id else None
    try:
        if call is not None:
            analyse(call, actor=actor, before_model=partial(_renew, request))
    except TakenOver:
        log.info("analysis taken over", call=str(request.call_log_id))
    except CallNotOver as error:
        _finish(request, error.detail)
    except DomainError as error:
        _retry(request, error.detail)
    except Exception as error:
        log.exception("analysis failed", call=str(request.call_log_id), error=mask_text(type(error).__name__))
        _retry(request, UNEXPECTED)
    else:
        with platform_context():
            # Requested again meanwhile: another attempt holds it.
            queue.rows.filter(pk=request.pk, attempts=request.attempts, state=RequestState.WORKING).delete()


def _renew(request: CallAnalysisRequest, further: timedelta) -> None:
    """Keep the lease while a model is asked. Raises TakenOver."""
    with platform_context():
        if not queue.renew(request, further=further):
            raise TakenOver


def _retry(request: CallAnalysisRequest, error: str) -> None:
    with platform_context():
        queue.write_back(request, **queue.retry_values(request, error, failed=RequestState.FAILED))


def _finish(request: CallAnalysisRequest, error: str) -> None:
    with platform_context():
        queue.write_back(request, state=RequestState.FAILED, error=error, next_attempt_at=None, lease_until=None)
