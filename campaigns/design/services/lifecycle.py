"""The lifecycle of campaigns, from draft to archive."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing import money
from campaigns.charging import quotes
from campaigns.charging.hooks import on_credit_ended
from campaigns.design.models import Campaign, CampaignStatus, CampaignType, ExecutionState, StepLink
from campaigns.design.services import readiness, sendable
from campaigns.design.services.readiness import MissingRequirement
from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import (
    NOT_YET_DONE,
    OPEN_ENROLMENTS,
    ActivityStatus,
    CampaignLeadActivity,
    EnrolmentStatus,
)
from campaigns.enrolment.reasons import EnrolmentReason, sentence
from campaigns.enrolment.services import states
from campaigns.enrolment.services.enrolment import enrol
from campaigns.messages import services as messages
from campaigns.messages.models import Message, MessageState
from lad import writes
from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.types import Actor, Values
from leads.contactability.decisions import ReasonCode

COPY: Final = "{} (copy)"
END_HAS_PASSED: Final = "This time has passed. Choose a later one, or leave it empty for no end."


# Reasons to wait that other hours of the campaign may end.
WAITS_FOR_HOURS: Final = (ReasonCode.OUTSIDE_WINDOW, ReasonCode.HOLIDAY, ReasonCode.NO_OPEN_TIME)


class WrongState(Conflict):
    """The campaign's status does not allow this."""

    code = "wrong_campaign_state"


class NotReady(Conflict):
    """The campaign is not ready to run."""

    code = "campaign_not_ready"


class CampaignRunning(Conflict):
    """The campaign is running. Pause or stop it first."""

    code = "campaign_running"


class StatusChange(Protocol):
    """A function that changes a campaign's status and returns the campaign."""

    def __call__(self, *, campaign: Campaign, actor: Actor) -> Campaign: ...


@transaction.atomic
def start(*, campaign: Campaign, actor: Actor, now: datetime | None = None) -> Campaign:
    """Start a draft, at once or at ``starts_at``.

    Emits ``campaigns.campaign.started``. Raises WrongState, and NotReady with everything that is missing.
    """
    now = now or timezone.now()
    campaign = _locked(campaign, CampaignStatus.DRAFT, doing="started")
    _require_ready(campaign, now)
    return _run(campaign, "started", actor=actor, now=now)


@transaction.atomic
def resume(*, campaign: Campaign, actor: Actor, now: datetime | None = None) -> Campaign:
    """Resume a paused campaign where it was.

    Emits ``campaigns.campaign.resumed``. Raises WrongState, and NotReady with everything that is missing.
    """
    now = now or timezone.now()
    campaign = _locked(campaign, CampaignStatus.PAUSED, doing="resumed")
    _require_ready(campaign, now)
    return _run(campaign, "resumed", actor=actor, now=now)


@transaction.atomic
def pause(*, campaign: Campaign, actor: Actor) -> Campaign:
    """Pause a running campaign. Emits ``campaigns.campaign.paused``. Raises WrongState.

    Queued messages stay queued; nothing is sent until the campaign is resumed. A message that is being sent
    already still arrives.
    """
    campaign = _locked(campaign, CampaignStatus.RUNNING, doing="paused")
    _set_status(campaign, CampaignStatus.PAUSED, next_run_at=None)
    emit("campaigns.campaign.paused", aggregate=campaign, actor=actor)
    return campaign


@transaction.atomic
def halt(*, campaign: Campaign, reason: str) -> bool:
    """Pause a running campaign because of its results, and say why. Return whether it was running.

    Emits ``campaigns.campaign.halted``.
    """
    row = Campaign.objects.select_for_update().filter(pk=campaign.pk, status=CampaignStatus.RUNNING).first()
    if row is None:
        return False
    _set_status(
        row,
        CampaignStatus.PAUSED,
        next_run_at=None,
        execution_state=ExecutionState.ERROR,
        last_execution_reason=reason,
    )
    emit("campaigns.campaign.halted", aggregate=row, payload={"reason": reason})
    return True


@on_credit_ended
def halt_unpaid(campaigns: Mapping[UUID, str]) -> None:
    """Pause the running campaigns whose next message cannot be paid, each with its reason.

    Their messages stay queued, and go on when somebody resumes the campaign.
    """
    for campaign in Campaign.objects.filter(pk__in=campaigns).order_by("pk"):
        halt(campaign=campaign, reason=campaigns[campaign.pk])


@transaction.atomic
def stop(*, campaign: Campaign, actor: Actor) -> Campaign:
    """End a campaign for good. Stop its open enrolments and cancel its pending activities.

    Emits ``campaigns.campaign.stopped`` with the number of each. Raises WrongState.
    """
    campaign = _locked(campaign, CampaignStatus.RUNNING, CampaignStatus.PAUSED, doing="stopped")
    ended = _end_everything(campaign, EnrolmentReason.CAMPAIGN_STOPPED)
    _set_status(campaign, CampaignStatus.STOPPED, next_run_at=None)
    emit("campaigns.campaign.stopped", aggregate=campaign, payload=ended, actor=actor)
    return campaign


@transaction.atomic
def expire(*, campaign: Campaign, now: datetime) -> bool:
    """Complete a running campaign whose end has come, with its open enrolments. Return whether it was running.

    Emits ``campaigns.campaign.completed``.
    """
    row = Campaign.objects.select_for_update().filter(pk=campaign.pk, status=CampaignStatus.RUNNING).first()
    if row is None or row.ends_at is None or row.ends_at > now:
        return False
    _end_everything(row, EnrolmentReason.CAMPAIGN_OVER)
    _set_status(
        row,
        CampaignStatus.COMPLETED,
        next_run_at=None,
        execution_state=ExecutionState.COMPLETED,
        last_execution_reason="Its end has come.",
    )
    emit("campaigns.campaign.completed", aggregate=row)
    return True


def _end_everything(campaign: Campaign, reason: EnrolmentReason) -> dict[str, int]:
    """Stop the open enrolments, cancel what is queued or pending, and return the number of each."""
    open_ones = campaign.enrolments.filter(status__in=OPEN_ENROLMENTS)
    enrolments = open_ones.update(
        status=EnrolmentStatus.STOPPED, next_step=None, next_action_at=None, reason=reason, reason_detail=""
    )
    pending = CampaignLeadActivity.objects.filter(campaign=campaign, status__in=NOT_YET_DONE)
    # Messages that are being sent, or just were, have activities that will say so.
    is_sending = Q(state__in=(MessageState.SENDING, MessageState.UNKNOWN)) | Q(follow_up_due_at__isnull=False)
    sending = Message.objects.filter(is_sending, campaign=campaign)
    pending = pending.exclude(pk__in=sending.filter(activity_id__isnull=False).values("activity_id"))
    activities = pending.update(status=ActivityStatus.CANCELLED)
    messages.cancel(reason=sentence(reason), campaign_ids=[campaign.pk])
    return {"enrolments": enrolments, "activities": activities}


@transaction.atomic
def complete(*, campaign: Campaign, actor: Actor = None) -> Campaign:
    """Mark a campaign as completed. Emits ``campaigns.campaign.completed``.

    Raises WrongState, also while the campaign has open enrolments.
    """
    campaign = _locked(campaign, CampaignStatus.RUNNING, CampaignStatus.PAUSED, doing="completed")
    if campaign.enrolments.filter(status__in=OPEN_ENROLMENTS).exists():
        raise WrongState("The campaign still has open enrolments. Wait for them, or stop the campaign.")
    _set_status(campaign, CampaignStatus.COMPLETED, next_run_at=None, execution_state=ExecutionState.COMPLETED)
    emit("campaigns.campaign.completed", aggregate=campaign, actor=actor)
    return campaign


@transaction.atomic
def archive(*, campaign: Campaign, actor: Actor) -> Campaign:
    """Archive a campaign that is not running. Emits ``campaigns.campaign.archived``. Raises WrongState."""
    allowed = (CampaignStatus.DRAFT, CampaignStatus.COMPLETED, CampaignStatus.STOPPED)
    campaign = _locked(campaign, *allowed, doing="archived")
    before = campaign.status
    _set_status(campaign, CampaignStatus.ARCHIVED, next_run_at=None)
    emit("campaigns.campaign.archived", aggregate=campaign, payload={"before": before}, actor=actor)
    return campaign


@transaction.atomic
def duplicate(*, campaign: Campaign, actor: Actor, name: str = "", with_leads: bool = False) -> Campaign:
    """Return a new draft with the campaign's steps, paths and accounts, without its dates.

    With ``with_leads`` everybody who was enrolled begins anew in it, apart from those who may not be contacted.
    """
    max_length = Campaign._meta.get_field("name").max_length or 0
    values = {
        "tenant_id": campaign.tenant_id,
        "name": name or COPY.format(campaign.name[: max_length - len(COPY)]),
        "description": campaign.description,
        "config": campaign.config,
    }
    copy = writes.create(Campaign, values, actor=actor)
    for rows, names in (
        (campaign.steps.order_by("order"), ("type", "order", "title", "description", "config")),
        (campaign.accounts.order_by("pk"), ("linkedin_account_id", "is_primary", "priority", "daily_requests_limit")),
    ):
        kept = [{"tenant_id": copy.tenant_id, "campaign": copy, **{n: getattr(row, n) for n in names}} for row in rows]
        rows.model.objects.bulk_create([rows.model(**values) for values in kept])
    _copy_links(campaign, copy)
    if with_leads and (leads := list(campaign.enrolments.values_list("lead", flat=True))):
        enrol(campaign=copy, leads=leads, actor=actor)
    return copy


def _copy_links(campaign: Campaign, copy: Campaign) -> None:
    """Link the steps of a copy as those of the original, which have the same places."""
    of_place = dict(copy.steps.values_list("order", "pk"))
    copied = {key: of_place[order] for key, order in campaign.steps.values_list("pk", "order")}
    links = StepLink.objects.filter(campaign=campaign, step__in=copied).order_by("pk")
    StepLink.objects.bulk_create(
        StepLink(
            tenant_id=copy.tenant_id,
            campaign=copy,
            step_id=copied[link.step_id],
            outcome=link.outcome,
            target_id=copied.get(link.target_id),
        )
        for link in links
    )


def missing_requirements(campaign: Campaign, now: datetime) -> list[MissingRequirement]:
    """Return all reasons why the campaign cannot run; none if it is ready."""
    return list(_missing_requirements(campaign, now))


def _missing_requirements(campaign: Campaign, now: datetime) -> Iterator[MissingRequirement]:
    keys = set(campaign.steps.values_list("type", flat=True))
    specs = [spec for spec in step_types if spec.key in keys]
    channels = {spec.channel for spec in specs} - {None}
    has_lead_step = any(spec.finds_leads for spec in specs)
    if campaign.ends_at and campaign.ends_at <= now:
        yield MissingRequirement("over", "Its end has passed. Choose a later one.")
    if not channels and not has_lead_step and not any(spec.calls_system for spec in specs):
        yield MissingRequirement("no_steps", "It has no step that contacts or finds leads. Add one.")
    if not finds_leads(campaign) and not campaign.enrolments.filter(status__in=OPEN_ENROLMENTS).exists():
        yield MissingRequirement("no_leads", "It has no open enrolments. Enrol leads, or add a step that finds them.")
    for step in campaign.steps.filter(type__in=[spec.key for spec in specs if spec.delivers]).order_by("order"):
        for problem in sendable.problems(step):
            yield MissingRequirement("texts", f"Its step “{step.title}” cannot be sent. {problem}")
    yield from readiness.without_account(campaign)
    yield from readiness.faults(campaign)
    cost = quotes.quote(campaign, now=now)
    if not cost.payable:
        have, price = money.plain(cost.available), money.plain(cost.first or quotes.ZERO)
        message = f"Its first charged message costs {price} {cost.currency}, but the wallet has {have}. Top it up."
        yield MissingRequirement("no_credit", message)


def finds_leads(campaign: Campaign) -> bool:
    """Return whether leads come in while the campaign runs, so that it goes on without open enrolments."""
    if campaign.config.get("campaign_type") == CampaignType.INBOUND:
        return True
    return campaign.steps.filter(type__in=[spec.key for spec in step_types if spec.finds_leads]).exists()


def _require_ready(campaign: Campaign, now: datetime) -> None:
    missing = missing_requirements(campaign, now)
    if missing:
        raise NotReady(" ".join(each.message for each in missing), missing=[each.code for each in missing])


def _locked(campaign: Campaign, *allowed: CampaignStatus, doing: str) -> Campaign:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.status not in allowed:
        words = " or ".join(status.value for status in allowed)
        raise WrongState(
            f"Only a {words} campaign can be {doing}. This one is {campaign.status}.",
            campaign_status=campaign.status,
        )
    return campaign


def _run(campaign: Campaign, verb: str, *, actor: Actor, now: datetime) -> Campaign:
    first = max(now, campaign.starts_at) if campaign.starts_at else now
    _set_status(
        campaign,
        CampaignStatus.RUNNING,
        execution_state=ExecutionState.ACTIVE,
        next_run_at=first,
        last_execution_reason="",
        health_since=now,
    )
    emit(f"campaigns.campaign.{verb}", aggregate=campaign, payload={"next_run_at": first}, actor=actor)
    return campaign


def _set_status(campaign: Campaign, status: CampaignStatus, **values: datetime | str | None) -> None:
    campaign.status = status
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=["status", *values])
    campaign.refresh_from_db(fields=["updated_at"])


class CampaignWriter(writes.Writer[Campaign]):
    """Writes campaigns. Stores who wrote them; a new end is still to come; a running campaign is not deleted."""

    def prepare(self, row: Campaign | None, values: Values, *, actor: Actor) -> Values:
        author = _author(actor)
        writes.require_not_past(row, values, {"ends_at": END_HAS_PASSED}, now=timezone.now())
        if row is None:
            return {**values, "created_by_user": author, "updated_by_user": author}
        return {**values, "updated_by_user": author} if writes.differing(row, values) else values

    def after_save(self, change: writes.Change[Campaign]) -> None:
        """Let leads and messages that wait for the campaign's hours be looked at under the new ones."""
        if not change.created and "config" in change.before and change.row.status == CampaignStatus.RUNNING:
            now = timezone.now()
            waiting = states.open_enrolments().filter(campaign=change.row, reason__in=WAITS_FOR_HOURS)
            states.wake(waiting, now=now)
            messages.ask_again(campaign_id=change.row.pk, now=now)

    def before_delete(self, row: Campaign, *, actor: Actor) -> None:
        if row.status == CampaignStatus.RUNNING:
            raise CampaignRunning


def _author(actor: Actor) -> Actor:
    return actor if getattr(actor, "pk", None) else None


writes.register(Campaign, CampaignWriter)
