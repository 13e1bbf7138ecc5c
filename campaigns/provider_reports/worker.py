"""Work on reports that were taken in: account by account, oldest first, each report once."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db.models import F
from django.db.models.functions import Now

from campaigns.accounts.models import NetworkAccount
from campaigns.provider_reports.models import ProviderReport, ReportState
from campaigns.provider_reports.services import TASK, NotYet, account_of, preparer_of, processor_of
from lad.batches import FailedItem, apply_batch
from lad.db.queries import rows
from lad.jobs.leases import Backoff
from lad.notifier import WorkerNotifier
from lad.tenancy.context import read_across_tenants, tenant_context

RUN_SECONDS: Final = 20.0
ROUND_SIZE: Final = 50
BATCH_SIZE: Final = 200
# With so many accounts a second worker helps.
MANY_ACCOUNTS: Final = 4
# What a report is about may be under way for as long as a provider takes to answer.
SOON: Final = timedelta(seconds=15)
MOST_WAITS: Final = 40
NOT_UNDERSTOOD: Final = "LAD could not work on this report. It tries again."
NEVER_CAME: Final = "What this report is about was never recorded."
BACKOFF: Final = Backoff(timedelta(seconds=10), timedelta(hours=2), 12, jitter=0.3)
# Workers of one account wait for each other, so that its reports are worked on in their order.
LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('campaigns.provider_reports:' || %s, 0))"
DUE: Final = """
SELECT tenant_id, provider, account_id FROM provider_reports
WHERE state = 'waiting' AND next_attempt_at <= statement_timestamp()
GROUP BY tenant_id, provider, account_id ORDER BY min(next_attempt_at) LIMIT %s
"""

log = structlog.get_logger("lad.campaigns.reports")


def has_work() -> bool:
    """Return whether a report waits. Needs a platform scope."""
    return bool(_due_rows().exists())


def run_due(*, seconds: float = RUN_SECONDS) -> int:
    """Work on the reports that are due until there are none or the time is up. Return how many were worked on."""
    deadline, done = time.monotonic() + seconds, 0
    while time.monotonic() < deadline and (due := read_across_tenants(DUE, [ROUND_SIZE])):
        if len(due) >= MANY_ACCOUNTS:
            WorkerNotifier(TASK).ask_for_help()
        before = done
        for tenant_id, provider, account_id in due:
            if time.monotonic() >= deadline:
                return done
            done += _work_on(tenant_id, provider, account_id)
        if done == before:
            break
    return done


def _work_on(tenant_id: UUID, provider: str, account_id: UUID) -> int:
    """Work on the due reports of one account. Return how many there were."""
    with tenant_context(tenant_id):
        account = account_of(account_id)
        waiting = list(_of_account(provider, account_id)[:BATCH_SIZE])
    try:
        facts = _asked(provider, account, waiting)
    except Exception as error:
        with tenant_context(tenant_id):
            _fail([FailedItem(report, error) for report in waiting])
        return len(waiting)
    with tenant_context(tenant_id):
        if rows(LOCK, [str(account_id)]) != [(True,)]:
            return 0
        claimed = _of_account(provider, account_id).filter(pk__in=[report.pk for report in waiting])
        reports = list(claimed.select_for_update(no_key=True, skip_locked=True))
        for report in reports:
            report.content = {**report.content, **facts.get(report.pk, {})}
        return _process(provider, account, reports)


def _asked(
    provider: str, account: NetworkAccount | None, reports: Sequence[ProviderReport]
) -> Mapping[UUID, Mapping[str, Any]]:
    """Return what the provider says about the reports. Called outside any scope."""
    preparer = preparer_of(provider)
    return preparer(account, reports) if preparer is not None and account is not None else {}


def _process(provider: str, account: NetworkAccount | None, reports: Sequence[ProviderReport]) -> int:
    processor = processor_of(provider)
    if account is None or processor is None:
        # Nobody wants to know any more.
        _finish(reports)
        return len(reports)
    outcome = apply_batch(reports, lambda part: processor(account, part))
    _finish(outcome.done)
    _fail(outcome.failed)
    return len(reports)


def _finish(reports: Sequence[ProviderReport]) -> None:
    """Mark reports as done and forget what was in them."""
    ProviderReport.objects.filter(pk__in=[report.pk for report in reports]).update(
        state=ReportState.DONE, content={}, error="", next_attempt_at=None, attempts=F("attempts") + 1
    )


def _fail(failed: Sequence[FailedItem[ProviderReport]]) -> None:
    """Let reports wait that cannot be worked on now. After many attempts nobody tries again."""
    for failure in failed:
        report, attempts = failure.item, failure.item.attempts + 1
        patient = isinstance(failure.error, NotYet)
        over = attempts >= MOST_WAITS if patient else BACKOFF.exhausted(attempts)
        if not patient:
            log.error("a report failed", report=str(report.pk), kind=report.kind, exc_info=failure.error)
        ProviderReport.objects.filter(pk=report.pk).update(
            attempts=attempts,
            state=ReportState.FAILED if over else ReportState.WAITING,
            error=NEVER_CAME if patient else NOT_UNDERSTOOD,
            next_attempt_at=None if over else Now() + (SOON if patient else BACKOFF.delay(attempts)),
        )


def _due_rows() -> Any:
    return ProviderReport.objects.filter(state=ReportState.WAITING, next_attempt_at__lte=Now())


def _of_account(provider: str, account_id: UUID) -> Any:
    rows_of_account = _due_rows().filter(provider=provider, account_id=account_id)
    return rows_of_account.order_by(F("happened_at").asc(nulls_last=True), "created_at", "pk")
