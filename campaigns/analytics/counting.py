"""Count what became of a campaign's enrolments, messages and activities. Each function runs one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from campaigns.design.models import Campaign
from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import ActivityStatus, EnrolmentStatus
from lad.db.queries import SqlRow, rows

# The statuses of an activity that was carried out, and what each says besides.
CARRIED_OUT: Final = (
    ActivityStatus.SENT,
    ActivityStatus.DELIVERED,
    ActivityStatus.OPENED,
    ActivityStatus.CLICKED,
    ActivityStatus.CONNECTED,
    ActivityStatus.REPLIED,
)
DELIVERED: Final = tuple(status for status in CARRIED_OUT if status != ActivityStatus.SENT)
OPENED: Final = (ActivityStatus.OPENED, ActivityStatus.CLICKED)
# An enrolment with one of these has something under way that its activity already counts.
UNDER_WAY: Final = ("sending", "manual_task", "calling")


@dataclass(frozen=True, slots=True)
class EnrolmentGroup:
    """Enrolments of one status and reason. ``next_at`` is when the engine next works on one of them."""

    status: str
    reason: str
    number: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class People:
    """How many of the enrolled leads a campaign reached, and how they reacted. Each lead counts once."""

    contacted: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True)
class StepActivities:
    """Activities of one step in one status. ``alone`` are those without a message, which says more than they do."""

    step_id: UUID | None
    status: str
    number: int
    alone: int


@dataclass(frozen=True, slots=True)
class StepMessages:
    """The messages of one step, counted by outcome."""

    step_id: UUID | None
    opened: int
    clicked: int
    answered: int
    bounced: int


# Only an index is read: campaign_leads_reasons.
ENROLMENTS: Final = """
SELECT status, reason, count(*), min(next_action_at)
FROM campaign_leads
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND deleted_at IS NULL AND status = ANY (%(statuses)s)
GROUP BY status, reason
"""

# Messages say what became of them. Activities count where no message stands for them: other channels, and what other
# systems recorded. A bounced message was not delivered. ``opened_at`` and ``clicked_at`` are set by people only.
PEOPLE: Final = """
WITH said AS (
    SELECT campaign_lead_id AS enrolment, true AS contacted, bounced.message_id IS NULL AS delivered,
        opened_at IS NOT NULL OR clicked_at IS NOT NULL AS opened, clicked_at IS NOT NULL AS clicked,
        replied_at IS NOT NULL AS answered
    FROM messages AS message
    LEFT JOIN (
        SELECT DISTINCT message_id FROM message_events WHERE tenant_id = %(tenant)s AND kind = 'bounced'
    ) AS bounced ON bounced.message_id = message.id
    WHERE message.tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND state = 'sent' AND direction = 'outbound'
    UNION ALL
    SELECT campaign_lead_id, false, false, false, false, true
    FROM messages
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND state = 'received' AND kind = 'reply'
    UNION ALL
    SELECT campaign_lead_id, true, status = ANY (%(delivered)s), status = ANY (%(opened)s), status = 'clicked',
        status = 'replied'
    FROM campaign_lead_activities AS activity
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND status = ANY (%(carried_out)s)
        AND step_type = ANY (%(contacting)s)
        AND id NOT IN (
            SELECT activity_id FROM messages
            WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND activity_id IS NOT NULL
        )
), people AS (
    SELECT enrolment, bool_or(contacted) AS contacted, bool_or(delivered) AS delivered, bool_or(opened) AS opened,
        bool_or(clicked) AS clicked, bool_or(answered) AS answered
    FROM said GROUP BY enrolment
)
SELECT count(*) FILTER (WHERE contacted), count(*) FILTER (WHERE contacted AND delivered),
    count(*) FILTER (WHERE contacted AND opened), count(*) FILTER (WHERE contacted AND clicked),
    count(*) FILTER (WHERE contacted AND answered)
FROM people JOIN campaign_leads ON campaign_leads.tenant_id = %(tenant)s AND campaign_leads.id = people.enrolment
WHERE campaign_leads.deleted_at IS NULL
"""

ACTIVITIES: Final = """
SELECT step_id, status, count(*), count(*) FILTER (WHERE id NOT IN (
    SELECT activity_id FROM messages
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND activity_id IS NOT NULL))
FROM campaign_lead_activities
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s
GROUP BY step_id, status
"""

MESSAGES: Final = """
SELECT step_id, count(*) FILTER (WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL),
    count(clicked_at), count(replied_at), count(bounced.message_id)
FROM messages AS message
LEFT JOIN (
    SELECT DISTINCT message_id FROM message_events WHERE tenant_id = %(tenant)s AND kind = 'bounced'
) AS bounced ON bounced.message_id = message.id
WHERE message.tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND state = 'sent' AND direction = 'outbound'
GROUP BY step_id
"""

# Enrolments that stand at a step and have no activity of it yet.
AT_STEPS: Final = """
SELECT next_step_id, count(*), count(*) FILTER (WHERE NOT reason = ANY (%(under_way)s))
FROM campaign_leads
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND deleted_at IS NULL
    AND status IN ('pending', 'active') AND next_step_id IS NOT NULL
GROUP BY next_step_id
"""

# Whose answers count for a variant: the enrolments that were given it.
VARIANTS: Final = """
SELECT split.step_id, split.metadata ->> 'variant', count(DISTINCT split.campaign_lead_id),
    count(DISTINCT split.campaign_lead_id) FILTER (WHERE answered.enrolment IS NOT NULL)
FROM campaign_lead_activities AS split
LEFT JOIN (
    SELECT campaign_lead_id AS enrolment FROM messages
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND replied_at IS NOT NULL AND direction = 'outbound'
    UNION
    SELECT campaign_lead_id FROM messages
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND state = 'received' AND kind = 'reply'
    UNION
    SELECT campaign_lead_id FROM campaign_lead_activities
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND status = 'replied'
) AS answered ON answered.enrolment = split.campaign_lead_id
WHERE split.tenant_id = %(tenant)s AND split.step_id = ANY (%(steps)s) AND split.metadata ? 'variant'
GROUP BY split.step_id, split.metadata ->> 'variant'
"""


def enrolment_groups(campaign: Campaign, *, only: Sequence[str] = EnrolmentStatus.values) -> list[EnrolmentGroup]:
    """Return the campaign's enrolments in these statuses by status and reason. Reads only an index."""
    return [EnrolmentGroup(*row) for row in _rows(ENROLMENTS, campaign, statuses=[*only])]


def people(campaign: Campaign) -> People:
    """Return how many leads were contacted and how they reacted."""
    [row] = _rows(
        PEOPLE,
        campaign,
        carried_out=[*CARRIED_OUT],
        delivered=[*DELIVERED],
        opened=[*OPENED],
        contacting=[spec.key for spec in step_types if spec.delivers],
    )
    return People(*row)


def step_activities(campaign: Campaign) -> list[StepActivities]:
    """Return the activities of each step by status."""
    return [StepActivities(*row) for row in _rows(ACTIVITIES, campaign)]


def step_messages(campaign: Campaign) -> dict[UUID | None, StepMessages]:
    """Return what became of the sent messages of each step."""
    return {row[0]: StepMessages(*row) for row in _rows(MESSAGES, campaign)}


def at_steps(campaign: Campaign) -> dict[UUID, tuple[int, int]]:
    """Return how many enrolments wait at each step, and how many of these have no activity of it yet."""
    found = _rows(AT_STEPS, campaign, under_way=[*UNDER_WAY])
    return {step_id: (waiting, untouched) for step_id, waiting, untouched in found}


def variants(campaign: Campaign, steps: Sequence[UUID]) -> dict[tuple[UUID, str], tuple[int, int]]:
    """Return how many leads were given each variant of the steps, and how many of these answered."""
    found = _rows(VARIANTS, campaign, steps=list(steps)) if steps else ()
    return {(step_id, variant): (number, answered) for step_id, variant, number, answered in found}


def _rows(statement: str, campaign: Campaign, **parameters: Sequence[str] | Sequence[UUID]) -> list[SqlRow]:
    return rows(statement, {"tenant": campaign.tenant_id, "campaign": campaign.pk, **parameters})
