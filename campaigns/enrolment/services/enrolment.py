"""Enrol leads in campaigns, many at once or one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.utils import timezone

from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.step_specs import channel_of
from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from lad import writes
from lad.db.fields import Stored
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.types import Actor, Values
from leads.channels import Channel
from leads.contacts.models import Lead

# One statement writes them all, with their audit entries.
MAX_LEADS: Final = 50_000
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
WITH chosen AS MATERIALIZED ({{chosen}}),
added AS (
    INSERT INTO campaign_leads
        (id, tenant_id, campaign_id, lead_id, {", ".join(COPIED_COLUMNS)}, lead_data, status, created_at, updated_at)
    SELECT {TIME_ORDERED_UUID}, tenant_id, %s, id, {", ".join(COPIED_COLUMNS)},
        jsonb_build_object('location', location, 'source', source, 'custom_fields', custom_fields),
        'pending', clock_timestamp(), clock_timestamp()
    FROM chosen WHERE reachable AND NOT is_archived AND NOT enrolled
    ON CONFLICT (tenant_id, campaign_id, lead_id) WHERE deleted_at IS NULL DO NOTHING
    RETURNING 1
)
SELECT count(*),
    (SELECT count(*) FROM added),
    count(*) FILTER (WHERE NOT enrolled AND is_archived),
    count(*) FILTER (WHERE NOT enrolled AND NOT is_archived AND NOT reachable)
FROM chosen
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
    """How many of the chosen leads were enrolled or left out. ``unknown`` counts ids of no lead of the tenant."""

    enrolled: int
    already: int
    archived: int
    without_address: int
    unknown: int

    def __str__(self) -> str:
        left_out = {
            "already enrolled": self.already,
            "archived": self.archived,
            "without an address for its channels": self.without_address,
            "unknown": self.unknown,
        }
        parts = [f"{number} {words}" for words, number in left_out.items() if number]
        return f"{self.enrolled} enrolled" + (f"; left out: {', '.join(parts)}." if parts else ".")


@transaction.atomic
def enrol(
    *, campaign: Campaign, leads: Sequence[UUID] | LeadChoice, actor: Actor, max_leads: int = MAX_LEADS
) -> EnrolmentOutcome:
    """Enrol leads, by id or by criteria, with a copy of their current contact details.

    Leaves out leads that are already enrolled, archived, or without an address for any channel of the campaign's
    steps. Repeating the call enrols nobody twice. Runs in one statement. Emits
    ``campaigns.campaign.leads_enrolled``. Raises CampaignFinished and Invalid.
    """
    campaign = _lock_open(campaign)
    condition = leads.condition() if isinstance(leads, LeadChoice) else Q(pk__in=set(leads))
    chosen, enrolled, archived, without_address = _insert(campaign, condition, limit=max_leads + 1)
    if chosen > max_leads:
        raise Invalid(errors={"non_field_errors": [f"These are more than {max_leads:,} leads. Narrow the choice."]})
    outcome = EnrolmentOutcome(
        enrolled=enrolled,
        already=chosen - enrolled - archived - without_address,
        archived=archived,
        without_address=without_address,
        unknown=0 if isinstance(leads, LeadChoice) else len(set(leads)) - chosen,
    )
    if outcome.enrolled:
        emit("campaigns.campaign.leads_enrolled", aggregate=campaign, payload=asdict(outcome), actor=actor)
    return outcome


def _insert(campaign: Campaign, condition: Q, *, limit: int) -> tuple[int, int, int, int]:
    enrolments = CampaignLead.objects.filter(campaign=campaign, lead=OuterRef("pk"))
    chosen = Lead.objects.filter(condition, tenant=campaign.tenant_id).annotate(
        reachable=ExpressionWrapper(_reachable(campaign), output_field=BooleanField()),
        enrolled=Exists(enrolments),
    )
    columns = ("id", "tenant_id", *COPIED_COLUMNS, "location", "source", "custom_fields", "is_archived")
    chosen = chosen.order_by().values(*columns, "reachable", "enrolled")[:limit]
    sql, parameters = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(chosen=sql), [*parameters, campaign.pk])
        return cursor.fetchone()


def _reachable(campaign: Campaign) -> Q:
    """Return a condition: an address for one of the campaign's channels, or for any while it has none."""
    types = campaign.steps.values_list("type", flat=True).distinct()
    channels = {channel for each in types if (channel := channel_of(each)) is not None}
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
    """Writes enrolments: copies the lead's contact details, and sets the times that a status implies."""

    def prepare(self, row: CampaignLead | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            writes.fixed_fields(row, values, {"campaign", "lead"}, "This cannot be changed. Create another enrolment.")
            return _with_times(row, values)
        campaign, lead = values.get("campaign"), values.get("lead")
        if campaign is not None and lead is not None:
            _lock_open(campaign)
            if lead.is_archived:
                raise LeadArchived
            values = {**{name: Stored(getattr(lead, name)) for name in COPIED_COLUMNS}, **values}
        return _with_times(None, values)


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
