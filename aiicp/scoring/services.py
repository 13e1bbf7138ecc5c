"""Score leads and companies against a profile, and choose the profile that scores a tenant's leads."""

from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction

from aiicp.profiles.models import IcpProfile
from aiicp.scoring import facts
from aiicp.scoring.facts import Facts
from aiicp.scoring.jobs import SCORE
from aiicp.scoring.models import LeadScore
from aiicp.scoring.scorer import NothingToScore, Score
from aiicp.scoring.selectors import known_leads, leads_of_companies, scoring_profile, unscored_leads
from aiicp.scoring.storing import BATCH, score_leads, scorer_of
from lad import writes
from lad.errors import Conflict, DomainError
from lad.jobs import services as jobs
from lad.jobs.errors import NothingToChange
from lad.jobs.models import Job, JobState
from lad.tenancy.access import Access
from lad.tenancy.context import platform_context, tenant_context
from leads.companies.models import CompanySearchCache, EmployeeCache
from leads.contacts.models import Lead

Row = Lead | EmployeeCache | CompanySearchCache
# Batches of one tenant in one round of the regular task.
MAX_BATCHES: Final = 20
# The version of a score that is outdated whatever the profile says.
OUTDATED: Final = 0


class ProfileNotShared(Conflict):
    """Everybody sees the scores of leads, so only a shared profile can score them. Share it first."""

    code = "profile_not_shared"


def score(profile: IcpProfile, rows: Iterable[Row]) -> dict[Any, Score]:
    """Return the scores of leads, cached employees or cached companies by their ids. Stores nothing.

    Leads are read together, with one statement; those that were deleted have no score. Raises NothingToScore if the
    profile says nothing.
    """
    scorer, rows = scorer_of(profile), list(rows)
    found: dict[Any, Facts] = {}
    if leads := [row.pk for row in rows if isinstance(row, Lead)]:
        found.update({known.id: known.facts for known in known_leads(leads)})
    for row in rows:
        if isinstance(row, EmployeeCache):
            found[row.pk] = facts.of_employee(row)
        elif isinstance(row, CompanySearchCache):
            found[row.pk] = facts.of_company(row)
    return {row.pk: scorer.score(found[row.pk]) for row in rows if row.pk in found}


@transaction.atomic
def choose(*, profile: IcpProfile, access: Access) -> Job | None:
    """Let the list of leads show the scores of this profile, instead of another one's, and score all leads by a job.

    Return the job, or None if the tenant has no leads. Raises ProfileNotShared, NothingToScore if the profile says
    nothing, or what starting a job raises.
    """
    if not profile.is_shared:
        raise ProfileNotShared
    scorer_of(profile)
    before = scoring_profile(profile.tenant_id)
    if before is not None and before.pk != profile.pk:
        writes.update(before, {"scores_leads": False}, actor=access.user)
    writes.update(profile, {"scores_leads": True}, actor=access.user)
    return recompute(profile, access=access)


@transaction.atomic
def stop_scoring(*, profile: IcpProfile, access: Access) -> IcpProfile:
    """Show no scores in the list of leads any more. The stored ones stay."""
    return writes.update(profile, {"scores_leads": False}, actor=access.user)


@transaction.atomic
def recompute(profile: IcpProfile, *, access: Access) -> Job | None:
    """Score all leads by what the profile says now, as a job. A job that scores by an earlier state is cancelled.

    Return the job, or None if the tenant has no leads. Raises NothingToScore, or what starting a job raises.
    """
    scorer_of(profile)
    # Of two at once the second waits here, and then sees the job of the first.
    IcpProfile.objects.select_for_update(no_key=True, of=("self",)).filter(pk=profile.pk).first()
    for job in running_jobs(profile):
        jobs.cancel(job=job)
    try:
        return jobs.start(kind=SCORE, rows=Lead.objects.all(), parameters={"profile": str(profile.pk)}, access=access)
    except NothingToChange:
        return None


@transaction.atomic
def score_of_companies(profile: IcpProfile, domains: Iterable[str]) -> int:
    """Score the leads of companies with these domains again. Return how many were written.

    Of very many leads the rest is marked as outdated, for the regular task.
    """
    found = leads_of_companies(profile.tenant_id, domains)
    now, later = found[:BATCH], found[BATCH:]
    if later:
        rows = LeadScore.objects.filter(tenant=profile.tenant_id, profile=profile.pk, lead__in=later)
        rows.update(criteria_version=OUTDATED)
    try:
        return len(score_leads(profile, now))
    except NothingToScore:
        return 0


def running_jobs(profile: IcpProfile) -> list[Job]:
    """Return the jobs that score by the profile and have not finished."""
    states = (JobState.QUEUED, JobState.RUNNING)
    return list(
        Job.objects.filter(kind=SCORE.key, state__in=states, parameters__profile=str(profile.pk)).filter(
            cancel_requested_at__isnull=True
        )
    )


def score_missing() -> int:
    """Score the leads of every tenant that have no score yet, or an outdated one. Return how many were written.

    Events and jobs score leads at once; this finds what neither told of. A tenant whose job runs is left to it.
    """
    with platform_context():
        chosen = list(IcpProfile.objects.filter(scores_leads=True).values_list("tenant_id", "pk"))
    return sum(_score_missing(tenant_id, key) for tenant_id, key in chosen)


def _score_missing(tenant_id: Any, key: Any) -> int:
    written = 0
    for _batch in range(MAX_BATCHES):
        with tenant_context(tenant_id), transaction.atomic():
            profile = IcpProfile.objects.filter(pk=key, scores_leads=True).first()
            if profile is None or running_jobs(profile):
                break
            ids = unscored_leads(profile, BATCH)
            try:
                written += len(score_leads(profile, ids)) if ids else 0
            except DomainError:
                break
        if len(ids) < BATCH:
            break
    return written
