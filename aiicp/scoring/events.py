"""React to changes of leads and profiles: score again."""

from typing import Final
from uuid import UUID

from aiicp.features import ICP_ASSISTANT
from aiicp.profiles.content import CRITERIA
from aiicp.profiles.models import IcpProfile
from aiicp.scoring.scorer import NothingToScore
from aiicp.scoring.selectors import scoring_profile
from aiicp.scoring.services import recompute, score_of_companies
from aiicp.scoring.storing import score_leads
from lad.api.permissions import FeatureClosed, require_feature
from lad.errors import DomainError
from lad.outbox.consumers import Batch, Event, consumes
from lad.tenancy.access import Access, access_in_tenant

# The columns of a lead that a score follows from.
SCORED: Final = frozenset({"title", "company_name", "company_domain", "location", "custom_fields", "raw_data"})


@consumes(
    ["leads.lead.created", "leads.lead.updated", "leads.lead.restored"],
    name="changed-leads-are-scored",
    scope="tenant",
)
def score_changed_leads(batch: Batch) -> None:
    """Score new leads, and those of which something changed that a score follows from."""
    changed = [event.aggregate_id for event in batch if event.aggregate_id and _concerns_score(event)]
    profile = scoring_profile(batch.tenant_ids[0]) if changed else None
    if profile is None:
        return
    try:
        score_leads(profile, list(dict.fromkeys(changed)))
    except NothingToScore:
        return


@consumes("leads.company.described", name="leads-of-described-companies-are-scored", scope="tenant")
def score_leads_of_companies(batch: Batch) -> None:
    """Score the leads of companies of which more is known now."""
    domains = {domain for event in batch for domain in event.payload["domains"]}
    profile = scoring_profile(batch.tenant_ids[0])
    if profile is not None:
        score_of_companies(profile, domains)


@consumes("aiicp.icp_profile.updated", name="changed-profiles-score-again", scope="tenant")
def score_by_changed_profiles(batch: Batch) -> None:
    """Score all leads again after the profile that scores them has changed."""
    changed = {event.aggregate_id: event for event in batch if CRITERIA.intersection(event.payload.get("changed", ()))}
    for profile in IcpProfile.objects.filter(pk__in=changed, scores_leads=True):
        access = _access(profile, changed[profile.pk])
        if access is None:
            # Nobody who may: the scores stay, marked as outdated, and the regular task renews them.
            continue
        try:
            recompute(profile, access=access)
        except NothingToScore:
            continue


def _concerns_score(event: Event) -> bool:
    return event.type != "leads.lead.updated" or bool(SCORED.intersection(event.payload.get("changed", ())))


def _access(profile: IcpProfile, event: Event) -> Access | None:
    """Return the rights of the one who changed the profile, or else of its owner, who may score leads."""
    for user_id in filter(None, (event.actor_id, profile.user_id)):
        if (found := _allowed(user_id, profile.tenant_id)) is not None:
            return found
    return None


def _allowed(user_id: UUID, tenant_id: UUID) -> Access | None:
    try:
        access = access_in_tenant(user_id, tenant_id)
        require_feature(access, ICP_ASSISTANT)
    except (FeatureClosed, DomainError):
        return None
    return access if access.allows("assistant.update") else None
