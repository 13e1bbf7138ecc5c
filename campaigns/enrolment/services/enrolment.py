"""Enrolling leads in campaigns, many at once or one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.utils import timezone

from campaigns.design import step_types as vocabulary
from campaigns.design.models import Campaign, CampaignStatus, Channel
from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from lad import writes
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from leads.contacts.models import Lead

# One statement writes them all with their history; more than this is several campaigns.
MOST_AT_ONCE: Final = 50_000
OVER: Final = (CampaignStatus.COMPLETED, CampaignStatus.STOPPED, CampaignStatus.ARCHIVED)
# What is copied from the lead, under the same name.
SNAPSHOT: Final = ("first_name", "last_name", "email", "company_name", "title", "linkedin_url", "phone")
ADDRESSES: Final[Mapping[Channel, Q]] = {
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
        (id, tenant_id, campaign_id, lead_id, {", ".join(SNAPSHOT)}, lead_data, status, created_at, updated_at)
    SELECT {TIME_ORDERED_UUID}, tenant_id, %s, id, {", ".join(SNAPSHOT)},
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


class CampaignOver(Conflict):
    """The campaign is over: duplicate it and enrol them in the copy."""

    code = "campaign_over"


class LeadArchived(Conflict):
    """The lead is archived: bring it back before enrolling it."""

    code = "lead_archived"


@dataclass(frozen=True, slots=True)
class LeadChoice:
    """Leads by what they are; each criterion given narrows the choice."""

    stages: Sequence[str] = ()
    statuses: Sequence[str] = ()
    tag: str = ""
    assigned_user_id: UUID | None = None

    def condition(self) -> Q:
        """Raises Invalid when nothing is chosen: nobody enrols everybody by leaving a form empty."""
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
            raise Invalid(errors={"non_field_errors": ["Say which leads: by id, stage, status, tag or owner."]})
        return condition


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the leads chosen. ``unknown`` counts ids that are no lead here."""

    enrolled: int
    already: int
    archived: int
    without_address: int
    unknown: int

    def __str__(self) -> str:
        left_out = {
            "enrolled already": self.already,
            "archived": self.archived,
            "without an address for any of its channels": self.without_address,
            "unknown": self.unknown,
        }
        parts = [f"{number} {words}" for words, number in left_out.items() if number]
        return f"{self.enrolled} enrolled" + (f"; left out: {', '.join(parts)}." if parts else ".")


@transaction.atomic
def enrol(*, campaign: Campaign, leads: Sequence[UUID] | LeadChoice, actor: Any, most: int = MOST_AT_ONCE) -> Verdict:
    """Enrol the leads, by id or by what they are, with a copy of their contact details as they are now.

    A lead is left out when it is enrolled already, archived, or has no address for any channel of the
    campaign's steps. Repeating the call enrols nobody twice. One statement, however many they are.
    Emits ``campaigns.campaign.leads_enrolled``. Raises CampaignOver or Invalid.
    """
    campaign = _open(campaign)
    condition = leads.condition() if isinstance(leads, LeadChoice) else Q(pk__in=set(leads))
    chosen, enrolled, archived, without_address = _insert(campaign, condition, limit=most + 1)
    if chosen > most:
        raise Invalid(errors={"non_field_errors": [f"These are more than {most:,} leads: narrow the choice."]})
    verdict = Verdict(
        enrolled=enrolled,
        already=chosen - enrolled - archived - without_address,
        archived=archived,
        without_address=without_address,
        unknown=0 if isinstance(leads, LeadChoice) else len(set(leads)) - chosen,
    )
    if verdict.enrolled:
        emit("campaigns.campaign.leads_enrolled", aggregate=campaign, payload=asdict(verdict), actor=actor)
    return verdict


def _insert(campaign: Campaign, condition: Q, *, limit: int) -> tuple[int, int, int, int]:
    enrolments = CampaignLead.objects.filter(campaign=campaign, lead=OuterRef("pk"))
    chosen = Lead.objects.filter(condition, tenant=campaign.tenant_id).annotate(
        reachable=ExpressionWrapper(_reachable(campaign), output_field=BooleanField()),
        enrolled=Exists(enrolments),
    )
    columns = ("id", "tenant_id", *SNAPSHOT, "location", "source", "custom_fields", "is_archived")
    chosen = chosen.order_by().values(*columns, "reachable", "enrolled")[:limit]
    sql, parameters = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(chosen=sql), [*parameters, campaign.pk])
        return cursor.fetchone()


def _reachable(campaign: Campaign) -> Q:
    """Leads with an address for at least one of the campaign's channels; while it has none, for any."""
    types = campaign.steps.values_list("type", flat=True).distinct()
    channels = {channel for each in types if (channel := vocabulary.channel_of(each)) is not None}
    if Channel.WEB in channels:
        return Q(pk__isnull=False)
    condition = Q()
    for channel in sorted(channels) or ADDRESSES:
        condition |= ADDRESSES[channel]
    return condition


def _open(campaign: Campaign) -> Campaign:
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if campaign.status in OVER:
        raise CampaignOver(campaign_status=campaign.status)
    return campaign


class EnrolmentWriter(writes.Writer):
    """Enrols one lead with its details as they are now, and keeps the times of an enrolment in step with its status."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> CampaignLead:
        campaign, lead = values.get("campaign"), values.get("lead")
        if campaign is not None and lead is not None:
            _open(campaign)
            if lead.is_archived:
                raise LeadArchived
            values = {**{name: getattr(lead, name) for name in SNAPSHOT}, **values}
        enrolment: CampaignLead = super().create(self._timed(None, values), actor=actor)
        return enrolment

    def update(self, row: CampaignLead, values: Mapping[str, Any], *, actor: Any = None) -> CampaignLead:
        fixed = [name for name in ("campaign", "lead") if values.get(name, getattr(row, name)) != getattr(row, name)]
        if fixed:
            raise Invalid(errors={name: ["An enrolment stays what it is: make another."] for name in fixed})
        enrolment: CampaignLead = super().update(row, self._timed(row, values), actor=actor)
        return enrolment

    def _timed(self, row: CampaignLead | None, values: Mapping[str, Any]) -> dict[str, Any]:
        status, now = values.get("status"), timezone.now()
        if status is None or (row is not None and status == row.status):
            return dict(values)
        begun = values.get("started_at") or (row.started_at if row else None)
        timed = dict(values)
        if status in (EnrolmentStatus.ACTIVE, EnrolmentStatus.COMPLETED):
            timed["started_at"] = begun or now
        if status == EnrolmentStatus.COMPLETED:
            timed.setdefault("completed_at", now)
        elif row is not None:
            timed["completed_at"] = None
        return timed


writes.register(CampaignLead, EnrolmentWriter)
