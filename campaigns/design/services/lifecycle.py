"""From draft to archive: what a campaign may become, and what it needs for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from campaigns.accounts.models import AssignmentStatus, CampaignAccount, EmailAccount, LinkedinStatus
from campaigns.design import step_types as vocabulary
from campaigns.design.models import Campaign, CampaignStatus, CampaignType, Channel, ExecutionState, StepType
from campaigns.enrolment.models import OPEN_ENROLMENTS, ActivityStatus, CampaignLeadActivity, EnrolmentStatus
from lad import writes
from lad.errors import Conflict
from lad.outbox.emission import emit

COPY: Final = "{} (copy)"


NOT_YET_DONE: Final = (ActivityStatus.PENDING, ActivityStatus.QUEUED)


class WrongState(Conflict):
    """The campaign's state does not allow this."""

    code = "wrong_campaign_state"


class NotReady(Conflict):
    """Something is missing before the campaign can run."""

    code = "campaign_not_ready"


class CampaignRuns(Conflict):
    """The campaign is running: pause or stop it first."""

    code = "campaign_running"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that keeps a campaign from running; ``code`` is for programs, ``says`` for people."""

    code: str
    says: str


@transaction.atomic
def start(*, campaign: Campaign, actor: Any, now: datetime | None = None) -> Campaign:
    """Let a draft run, at once or from ``starts_at`` on.

    Emits ``campaigns.campaign.started``. Raises WrongState, or NotReady naming all that is missing.
    """
    now = now or timezone.now()
    campaign = _locked(campaign, CampaignStatus.DRAFT, doing="started")
    _require_ready(campaign, now)
    return _run(campaign, "started", actor=actor, now=now)


@transaction.atomic
def resume(*, campaign: Campaign, actor: Any, now: datetime | None = None) -> Campaign:
    """Let a paused campaign go on where it was.

    Emits ``campaigns.campaign.resumed``. Raises WrongState, or NotReady naming all that is missing.
    """
    now = now or timezone.now()
    campaign = _locked(campaign, CampaignStatus.PAUSED, doing="resumed")
    _require_ready(campaign, now)
    return _run(campaign, "resumed", actor=actor, now=now)


@transaction.atomic
def pause(*, campaign: Campaign, actor: Any) -> Campaign:
    """Hold a running campaign: nothing is lost and nothing is sent. Emits ``campaigns.campaign.paused``."""
    campaign = _locked(campaign, CampaignStatus.RUNNING, doing="paused")
    _become(campaign, CampaignStatus.PAUSED, next_run_at=None)
    emit("campaigns.campaign.paused", aggregate=campaign, actor=actor)
    return campaign


@transaction.atomic
def stop(*, campaign: Campaign, actor: Any) -> Campaign:
    """End a campaign for good: its open enrolments are stopped and what was about to be sent is cancelled.

    Emits ``campaigns.campaign.stopped`` with how many of each. Raises WrongState.
    """
    campaign = _locked(campaign, CampaignStatus.RUNNING, CampaignStatus.PAUSED, doing="stopped")
    enrolments = campaign.enrolments.filter(status__in=OPEN_ENROLMENTS).update(status=EnrolmentStatus.STOPPED)
    waiting = CampaignLeadActivity.objects.filter(campaign=campaign, status__in=NOT_YET_DONE)
    activities = waiting.update(status=ActivityStatus.CANCELLED)
    _become(campaign, CampaignStatus.STOPPED, next_run_at=None)
    payload = {"enrolments": enrolments, "activities": activities}
    emit("campaigns.campaign.stopped", aggregate=campaign, payload=payload, actor=actor)
    return campaign


@transaction.atomic
def complete(*, campaign: Campaign, actor: Any = None) -> Campaign:
    """Say that a campaign has done its work. Emits ``campaigns.campaign.completed``. Raises WrongState.

    Refused while leads are under way: wait for them, or stop the campaign.
    """
    campaign = _locked(campaign, CampaignStatus.RUNNING, CampaignStatus.PAUSED, doing="completed")
    if campaign.enrolments.filter(status__in=OPEN_ENROLMENTS).exists():
        raise WrongState("Leads are still under way in it: wait for them, or stop the campaign.")
    _become(campaign, CampaignStatus.COMPLETED, next_run_at=None, execution_state=ExecutionState.COMPLETED)
    emit("campaigns.campaign.completed", aggregate=campaign, actor=actor)
    return campaign


@transaction.atomic
def archive(*, campaign: Campaign, actor: Any) -> Campaign:
    """Put a campaign that does not run away. Emits ``campaigns.campaign.archived``. Raises WrongState."""
    over = (CampaignStatus.DRAFT, CampaignStatus.COMPLETED, CampaignStatus.STOPPED)
    campaign = _locked(campaign, *over, doing="archived")
    before = campaign.status
    _become(campaign, CampaignStatus.ARCHIVED, next_run_at=None)
    emit("campaigns.campaign.archived", aggregate=campaign, payload={"before": before}, actor=actor)
    return campaign


@transaction.atomic
def duplicate(*, campaign: Campaign, actor: Any, name: str = "") -> Campaign:
    """A new draft with the campaign's steps and accounts, without its leads and dates."""
    longest = Campaign._meta.get_field("name").max_length or 0
    values = {
        "tenant_id": campaign.tenant_id,
        "name": name or COPY.format(campaign.name[: longest - len(COPY)]),
        "description": campaign.description,
        "config": campaign.config,
    }
    copy: Campaign = writes.create(Campaign, values, actor=actor)
    for rows, names in (
        (campaign.steps.order_by("order"), ("type", "order", "title", "description", "config")),
        (campaign.accounts.order_by("pk"), ("linkedin_account_id", "is_primary", "priority", "daily_requests_limit")),
    ):
        kept = [{"tenant_id": copy.tenant_id, "campaign": copy, **{n: getattr(row, n) for n in names}} for row in rows]
        rows.model.objects.bulk_create([rows.model(**values) for values in kept])
    return copy


def missing(campaign: Campaign, now: datetime) -> list[Missing]:
    """All that keeps the campaign from running; empty when it is ready."""
    return list(_missing(campaign, now))


def _missing(campaign: Campaign, now: datetime) -> Iterator[Missing]:
    types = set(campaign.steps.values_list("type", flat=True))
    channels = {vocabulary.channel_of(each) for each in types} - {None}
    if campaign.ends_at and campaign.ends_at <= now:
        yield Missing("over", "Its end has passed: choose a later one.")
    if not channels and StepType.LEAD_GENERATION not in types:
        yield Missing("no_steps", "It has no step that does anything: add one.")
    finds_leads = StepType.LEAD_GENERATION in types or campaign.config.get("campaign_type") == CampaignType.INBOUND
    if not finds_leads and not campaign.enrolments.filter(status__in=OPEN_ENROLMENTS).exists():
        yield Missing("no_leads", "No lead waits in it: enrol some, or add a step that finds leads.")
    if Channel.LINKEDIN in channels and not _linkedin_accounts(campaign).exists():
        yield Missing("no_linkedin_account", "It has LinkedIn steps but no active LinkedIn account: assign one.")
    if Channel.EMAIL in channels and not _email_accounts(campaign).exists():
        yield Missing("no_email_account", "It has e-mail steps but there is no active e-mail account: set one up.")


def _linkedin_accounts(campaign: Campaign) -> Any:
    return CampaignAccount.objects.filter(
        campaign=campaign,
        status=AssignmentStatus.ACTIVE,
        linkedin_account__is_active=True,
        linkedin_account__status=LinkedinStatus.ACTIVE,
        linkedin_account__deleted_at__isnull=True,
    )


def _email_accounts(campaign: Campaign) -> Any:
    return EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True).exclude(smtp_host="")


def _require_ready(campaign: Campaign, now: datetime) -> None:
    faults = missing(campaign, now)
    if faults:
        raise NotReady(" ".join(fault.says for fault in faults), missing=[fault.code for fault in faults])


def _locked(campaign: Campaign, *allowed: CampaignStatus, doing: str) -> Campaign:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.status not in allowed:
        words = " or ".join(status.value for status in allowed)
        raise WrongState(
            f"Only a campaign that is {words} can be {doing}; this one is {campaign.status}.",
            campaign_status=campaign.status,
        )
    return campaign


def _run(campaign: Campaign, verb: str, *, actor: Any, now: datetime) -> Campaign:
    first = max(now, campaign.starts_at) if campaign.starts_at else now
    _become(
        campaign,
        CampaignStatus.RUNNING,
        execution_state=ExecutionState.ACTIVE,
        next_run_at=first,
        last_execution_reason="",
    )
    emit(f"campaigns.campaign.{verb}", aggregate=campaign, payload={"next_run_at": first}, actor=actor)
    return campaign


def _become(campaign: Campaign, status: CampaignStatus, **values: Any) -> None:
    campaign.status = status
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=["status", *values])
    campaign.refresh_from_db(fields=["updated_at"])


class CampaignWriter(writes.Writer):
    """Notes who wrote a campaign; one that runs is not deleted."""

    def create(self, values: Any, *, actor: Any = None) -> Campaign:
        author = _author(actor)
        campaign: Campaign = super().create(
            {**values, "created_by_user": author, "updated_by_user": author}, actor=actor
        )
        return campaign

    def update(self, row: Campaign, values: Any, *, actor: Any = None) -> Campaign:
        if not any(getattr(row, name) != value for name, value in values.items()):
            return row
        campaign: Campaign = super().update(row, {**values, "updated_by_user": _author(actor)}, actor=actor)
        return campaign

    def delete(self, row: Campaign, *, actor: Any = None) -> None:
        if row.status == CampaignStatus.RUNNING:
            raise CampaignRuns
        super().delete(row, actor=actor)


def _author(actor: Any) -> Any:
    return actor if getattr(actor, "pk", None) else None


writes.register(Campaign, CampaignWriter)
