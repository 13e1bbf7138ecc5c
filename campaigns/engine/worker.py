"""Run campaigns: one transaction claims a batch of one campaign's enrolments, moves them on and writes everything.

A worker that dies leaves nothing behind, so that another one does the same batch again. A batch that fails is
halved until the enrolment that makes it fail is alone; that one is set aside with an error.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from campaigns.engine import finishing
from campaigns.engine.batch import advance
from campaigns.engine.beginning import intake
from campaigns.engine.claims import BATCH_SIZE, DueCampaign, claim_due, claim_new, due_campaigns, lock_campaign
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Claimed
from campaigns.engine.turns import Pace, Turns
from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services.states import announce_ended
from lad.batches import FailedItem, apply_batch
from lad.observability import mask_text
from lad.tenancy.context import tenant_context

# A run ends long before the time limit of a task, so that other tasks get their turn.
RUN_SECONDS: Final = 10.0

log = structlog.get_logger("lad.campaigns")


@dataclass(slots=True)
class RunReport:
    """How many enrolments a run worked on. ``finished`` is false if time ran out first."""

    handled: int = 0
    failed: int = 0
    finished: bool = True


def has_work() -> bool:
    """Return whether a campaign is due."""
    return bool(due_campaigns(timezone.now(), limit=1))


def run_due(*, now: datetime | None = None, seconds: float = RUN_SECONDS, batch_size: int = BATCH_SIZE) -> RunReport:
    """Work on due campaigns until nothing is due or the time is up.

    ``now`` is the moment to act as of, by default the time of each batch. ``batch_size`` is the most that one
    batch takes. Any number of workers may run at once.
    """
    deadline = time.monotonic() + seconds
    report, turns, pace = RunReport(), Turns(due_campaigns), Pace(batch_size)
    while True:
        moment = now or timezone.now()
        due = turns.next(moment)
        if due is None:
            return report
        begun, before = time.monotonic(), report.handled
        progress = run_batch(due, moment, report, batch_size=pace.size(due.campaign_id, turns.seconds))
        ended = time.monotonic()
        turns.had_turn(due, progress=progress)
        pace.took(due.campaign_id, report.handled - before, ended - begun)
        if ended >= deadline:
            report.finished = False
            return report


def run_batch(due: DueCampaign, now: datetime, report: RunReport, *, batch_size: int = BATCH_SIZE) -> bool:
    """Work on one batch of a campaign, in one transaction. Return whether anything was done."""
    try:
        with tenant_context(due.tenant_id):
            campaign = lock_campaign(due, now)
            if campaign is None:
                return False
            context = Context(campaign, now)
            if finishing.has_ended(campaign, now):
                return finishing.end(campaign, now)
            claimed = claim_due(campaign, now, limit=batch_size)
            if (room := batch_size - len(claimed)) > 0 and (number := intake(context, wanted=room)):
                claimed += claim_new(campaign, limit=number)
            failed = _apply(claimed, context)
            report.handled += len(claimed)
            report.failed += len(failed)
            moved_on = finishing.set_next_run(context, is_full=len(claimed) >= batch_size)
            return bool(claimed) or moved_on
    except (OperationalError, InterfaceError) as error:
        # The database failed, or two workers waited for each other; nothing was written.
        log.warning("campaign interrupted", campaign=str(due.campaign_id), reason=mask_text(str(error)))
        return False


def _apply(claimed: Sequence[Claimed], context: Context) -> list[FailedItem[Claimed]]:
    if not claimed:
        return []
    outcome = apply_batch(
        list(claimed), lambda some: advance(some, context), reraise=(OperationalError, InterfaceError)
    )
    for failure in outcome.failed:
        _set_aside(failure, context)
    return outcome.failed


def _set_aside(failure: FailedItem[Claimed], context: Context) -> None:
    """Give the enrolment that failed alone the status error, with the reason."""
    error = failure.error
    log.error("an enrolment failed", enrolment=str(failure.item.id), exc_info=error)
    CampaignLead.objects.filter(pk=failure.item.id).update(
        status=EnrolmentStatus.ERROR,
        next_action_at=None,
        reason=EnrolmentReason.UNEXPECTED,
        reason_detail=mask_text(f"{type(error).__name__}: {error}")[:500],
    )
    announce_ended([(failure.item.id, EnrolmentStatus.ERROR, EnrolmentReason.UNEXPECTED)])
