"""Enrol leads in campaigns, many at once or one by one."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.utils import timezone

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.schedule import Repetition, schedule_of
from campaigns.design.step_specs import channel_of
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead, EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.enrolment.services.states import wake_campaigns
from campaigns.messages import services as messages
from lad import writes
from lad.db.fields import Stored
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.db.queries import execute
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.types import Actor, Values
from leads.channels import Channel
from leads.contactability.decisions import Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide
from leads.contacts.models import Lead

# One statement writes them all, with their audit entries.
MAX_LEADS: Final = 50_000
LEADS_PER_DECISION: Final = 5_000
BY_HAND: Final = "Somebody ended the lead's enrolment."
STARTS_AGAIN: Final = "The lead began the campaign again."
# The values of an enrolment that has not begun.
BEGINNING: Final[Mapping[str, Any]] = {
    "status": EnrolmentStatus.PENDING,
    "next_step": None,
    "step_entered_at": None,
    "next_action_at": None,
    "reason": "",
    "reason_detail": "",
    "current_step_order": 0,
    "started_at": None,
    "completed_at": None,
}
FINISHED: Final = (CampaignStatus.COMPLETED, CampaignStatus.STOPPED, CampaignStatus.ARCHIVED)
# Columns copied from the lead.
COPIED_COLUMNS: Final = ("first_name", "last_name", "email", "company_name", "title", "linkedin_url", "phone")
HAS_ADDRESS: Final[Mapping[Channel, Q]] = {
    Channel.EMAIL: ~Q(email=""),
    Channel.LINKEDIN: ~Q(linkedin_url=""),
    Channel.VOICE: ~Q(phone=""),
    Channel.WHATSAPP: ~Q(phone=""),
    Channel.SMS: ~Q(phone=""),
}

INSERT = f"""
INSERT INTO campaign_leads
    (id, tenant_id, campaign_id, lead_id, {", ".join(COPIED_COLUMNS)}, lead_data, status, created_at, updated_at)
SELECT {TIME_ORDERED_UUID}, tenant_id, %s, id, {", ".join(COPIED_COLUMNS)},
    jsonb_build_object('location', location, 'source', source, 'custom_fields', custom_fields),
    'pending', clock_timestamp(), clock_timestamp()
FROM leads WHERE tenant_id = %s AND id = ANY(%s) AND deleted_at IS NULL
ON CONFLICT (tenant_id, campaign_id, lead_id) WHERE deleted_at IS NULL DO NOTHING
"""


class CampaignFinished(Conflict):
    """The campaign has finished. Duplicate it and enrol the leads in the copy."""

    code = "campaign_over"


class LeadArchived(Conflict):
    """The lead is archived. Restore it from the archive before enrolling it."""

    code = "lead_archived"


@dataclass(frozen=True, slots=True)
class LeadChoice:
    """Criteria for leads. Each one that is given narrows the choice."""

    stages: Sequence[str] = ()
    statuses: Sequence[str] = ()
    tag: str = ""
    assigned_user_id: UUID | None = None

    def condition(self) -> Q:
        """Return the criteria as a condition. Raise Invalid without any, so that an empty form enrols nobody."""
        condition = Q()
        if self.stages:
            condition &= Q(stage__in=self.stages)
        if self.statuses:
            condition &= Q(status__in=self.statuses)
        if self.tag:
            condition &= Q(tags__contains=[self.tag])
        if self.assigned_user_id:
            condition &= Q(assigned_user=self.assigned_user_id)
        if not condition:
            raise Invalid(errors={"non_field_errors": ["Choose leads by id, stage, status, tag or assigned user."]})
        return condition


@dataclass(frozen=True, slots=True)
class EnrolmentOutcome:
    """How many of the chosen leads were enrolled or left out. ``unknown`` counts ids of no lead of the tenant.

    ``refused`` counts the leads that may not be contacted, by the code of the first reason.
    """

    enrolled: int
    already: int
    archived: int
    without_address: int
    unknown: int
    refused: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        left_out = {
            "already enrolled": self.already,
            "archived": self.archived,
            "without an address for its channels": self.without_address,
            "that may not be contacted": sum(self.refused.values()),
            "unknown": self.unknown,
        }
        parts = [f"{number} {words}" for words, number in left_out.items() if number]
        return f"{self.enrolled} enrolled" + (f"; left out: {', '.join(parts)}." if parts else ".")


@transaction.atomic
def enrol(
    *,
    campaign: Campaign,
    leads: Sequence[UUID] | LeadChoice,
    actor: Actor,
    max_leads: int = MAX_LEADS,
    now: datetime | None = None,
) -> EnrolmentOutcome:
    """Enrol leads, by id or by criteria, with a copy of their current contact details.

    Leaves out leads that are already enrolled, archived, without an address for any channel of the campaign's
    steps, or that may not be contacted on any of them. Repeating the call enrols nobody twice, unless the campaign
    lets leads begin again: then their enrolment is set back to the beginning. Runs in a few statements for each
    thousand leads. Emits ``campaigns.campaign.leads_enrolled``. Raises CampaignFinished and Invalid.
    """
    campaign, now = _lock_open(campaign), now or timezone.now()
    condition = leads.condition() if isinstance(leads, LeadChoice) else Q(pk__in=set(leads))
    channels = _channels(campaign)
    chosen = _chosen(campaign, condition, _reachable(channels), limit=max_leads + 1)
    if len(chosen) > max_leads:
        raise Invalid(errors={"non_field_errors": [f"These are more than {max_leads:,} leads. Narrow the choice."]})
    fresh = [each for each in chosen if not each.is_enrolled]
    suitable = [each.lead_id for each in fresh if each.is_reachable and not each.is_archived]
    refused = _refused(channels, suitable, now)
    enrolled = _write(campaign, [key for key in suitable if key not in refused])
    archived = sum(each.is_archived for each in fresh)
    outcome = EnrolmentOutcome(
        enrolled=enrolled,
        already=len(chosen) - len(fresh) + len(suitable) - len(refused) - enrolled,
        archived=archived,
        without_address=len(fresh) - archived - len(suitable),
        unknown=0 if isinstance(leads, LeadChoice) else len(set(leads)) - len(chosen),
        refused=dict(Counter(refused.values())),
    )
    if outcome.enrolled:
        wake_campaigns([campaign.pk], at=now)
        emit("campaigns.campaign.leads_enrolled", aggregate=campaign, payload=asdict(outcome), actor=actor)
    return outcome


class _Chosen(NamedTuple):
    lead_id: UUID
    is_archived: bool
    is_reachable: bool
    is_enrolled: bool


def _chosen(campaign: Campaign, condition: Q, reachable: Q, *, limit: int) -> list[_Chosen]:
    """Return the chosen leads. Those count as enrolled whom the campaign does not let begin again."""
    enrolments = CampaignLead.objects.filter(campaign=campaign, lead=OuterRef("pk"))
    match schedule_of(campaign).re_enrolment:
        case Repetition.NOT_WHILE_ACTIVE:
            enrolments = enrolments.filter(status__in=OPEN_ENROLMENTS)
        case Repetition.ANY:
            enrolments = enrolments.none()
    rows = Lead.objects.filter(condition, tenant=campaign.tenant_id).annotate(
        reachable=ExpressionWrapper(reachable, output_field=BooleanField()),
        enrolled=Exists(enrolments),
    )
    rows = rows.order_by("pk").values_list("pk", "is_archived", "reachable", "enrolled")
    return [_Chosen(*row) for row in rows[:limit]]


def _refused(channels: Collection[Channel], lead_ids: Sequence[UUID], now: datetime) -> dict[UUID, str]:
    """Return the leads that may not be contacted on any of the channels, each with the code of the reason."""
    refused: dict[UUID, str] = {}
    for start in range(0, len(lead_ids), LEADS_PER_DECISION) if channels else ():
        left = lead_ids[start : start + LEADS_PER_DECISION]
        reasons: dict[UUID, str] = {}
        for channel in sorted(channels):
            decisions = decide(lead_ids=left, channel=channel, purpose=Purpose.OUTREACH, at=now)
            reasons |= {key: each.reasons[0].code for key, each in decisions.items() if each.verdict == Verdict.REFUSE}
            left = [key for key in left if key in reasons]
        refused |= {key: reasons[key] for key in left}
    return refused


def _write(campaign: Campaign, lead_ids: Sequence[UUID]) -> int:
    """Enrol the leads, set the enrolments of those back that have one, and return how many there were."""
    if not lead_ids:
        return 0
    again = 0
    if schedule_of(campaign).re_enrolment != Repetition.ONCE:
        earlier = list(CampaignLead.objects.filter(campaign=campaign, lead__in=lead_ids).values_list("pk", flat=True))
        messages.cancel(reason=STARTS_AGAIN, campaign_lead_ids=earlier)
        again = CampaignLead.objects.filter(pk__in=earlier).update(**BEGINNING)
    return again + execute(INSERT, [campaign.pk, campaign.tenant_id, list(lead_ids)])


def _channels(campaign: Campaign) -> set[Channel]:
    types = campaign.steps.values_list("type", flat=True).distinct()
    return {channel for each in types if (channel := channel_of(each)) is not None}


def _reachable(channels: Collection[Channel]) -> Q:
    """Return a condition: an address for one of the channels, or for any if there are none."""
    if Channel.WEB in channels:
        return Q(pk__isnull=False)
    condition = Q()
    for channel in sorted(channels) or HAS_ADDRESS:
        condition |= HAS_ADDRESS[channel]
    return condition


def _lock_open(campaign: Campaign) -> Campaign:
    """Return the campaign, locked. Raise CampaignFinished if it takes no more leads."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if campaign.status in FINISHED:
        raise CampaignFinished(campaign_status=campaign.status)
    return campaign


class EnrolmentWriter(writes.Writer[CampaignLead]):
    """Writes enrolments: copies the lead's contact details, and sets what a status implies.

    An enrolment that is ended by hand loses its place, its queued messages are cancelled. One that is opened again
    goes on after the step that it did last.
    """

    def prepare(self, row: CampaignLead | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            writes.fixed_fields(row, values, {"campaign", "lead"}, "This cannot be changed. Create another enrolment.")
            return _with_place(row, _with_times(row, values))
        campaign, lead = values.get("campaign"), values.get("lead")
        if campaign is not None and lead is not None:
            _lock_open(campaign)
            if lead.is_archived:
                raise LeadArchived
            values = {**{name: Stored(getattr(lead, name)) for name in COPIED_COLUMNS}, **values}
        return _with_times(None, values)

    def after_save(self, change: writes.Change[CampaignLead]) -> None:
        row = change.row
        if not change.created and "status" not in change.before:
            return
        if row.status in OPEN_ENROLMENTS:
            wake_campaigns([row.campaign_id], at=timezone.now())
        else:
            messages.cancel(reason=BY_HAND, campaign_lead_ids=[row.pk])

    def after_delete(self, row: CampaignLead, *, actor: Actor) -> None:
        messages.cancel(reason=BY_HAND, campaign_lead_ids=[row.pk])


def _with_place(row: CampaignLead, values: dict[str, Any]) -> dict[str, Any]:
    status = values.get("status")
    if status is None or status == row.status:
        return values
    if status in OPEN_ENROLMENTS:
        reopened = row.status not in OPEN_ENROLMENTS
        return {**values, "reason": "", "reason_detail": "", "next_action_at": timezone.now() if reopened else None}
    values = {**values, "next_step": None, "next_action_at": None, "reason_detail": ""}
    return {**values, "reason": EnrolmentReason.STOPPED_BY_HAND}


def _with_times(row: CampaignLead | None, values: Values) -> dict[str, Any]:
    status, now = values.get("status"), timezone.now()
    if status is None or (row is not None and status == row.status):
        return dict(values)
    started = values.get("started_at") or (row.started_at if row else None)
    timed = dict(values)
    if status in (EnrolmentStatus.ACTIVE, EnrolmentStatus.COMPLETED):
        timed["started_at"] = started or now
    if status == EnrolmentStatus.COMPLETED:
        timed.setdefault("completed_at", now)
    elif row is not None:
        timed["completed_at"] = None
    return timed


writes.register(CampaignLead, EnrolmentWriter)
