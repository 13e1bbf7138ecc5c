"""Count a campaign's figures anew from its enrolments, activities and messages, and say what was different.

Only differences are written, so that counting again changes nothing, and writers need not wait. It fills in the figures
of campaigns that are older than the figures, and repairs them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from campaigns.figures.changes import tell_pages
from campaigns.figures.folding import SLICE, WAIT_FOR_LOCK, fold_locked, zone_of
from campaigns.figures.models import Milestone
from campaigns.figures.statements import (
    ACTIONS,
    CHANGES,
    KEY,
    MERGED,
    PEOPLE,
    SAVE,
    TAKEN,
    WITH_CHANGES,
    parameters,
)
from lad.db.queries import SqlRow, execute, rows
from lad.tenancy.context import platform_context

# Messages that are older than these columns.
NOTE_EVENTS: Final = """
UPDATE messages SET delivered_at = coalesce(messages.delivered_at, event.delivered),
    bounced_at = coalesce(messages.bounced_at, event.bounced)
FROM (
    SELECT event.message_id, min(event.occurred_at) FILTER (WHERE event.kind = 'delivered') AS delivered,
        min(event.occurred_at) FILTER (WHERE event.kind = 'bounced') AS bounced
    FROM message_events AS event
    JOIN messages AS message ON message.tenant_id = event.tenant_id AND message.id = event.message_id
    WHERE event.tenant_id = %(tenant)s AND message.campaign_id = %(campaign)s AND NOT is_machine
        AND event.kind IN ('delivered', 'bounced')
    GROUP BY event.message_id
) AS event
WHERE messages.tenant_id = %(tenant)s AND messages.id = event.message_id
    AND ((messages.delivered_at IS NULL AND event.delivered IS NOT NULL)
        OR (messages.bounced_at IS NULL AND event.bounced IS NOT NULL))
"""

# What the rows say, in the form of entries. The same functions as in the triggers, so that there is one definition.
FACTS: Final = """
with_message AS MATERIALIZED (
    SELECT DISTINCT activity_id FROM messages
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND activity_id IS NOT NULL
), facts AS (
    SELECT each.id AS campaign_lead_id, fact.metric, fact.at, fact.is_milestone,
        CASE WHEN NOT fact.is_milestone THEN each.next_step_id END AS step_id, '' AS step_type, '' AS variant,
        '' AS channel, NULL::uuid AS account_id, CASE WHEN fact.is_milestone THEN '' ELSE each.reason END AS detail,
        'enrolment' AS source
    FROM campaign_leads AS each
    CROSS JOIN LATERAL campaigns_enrolment_facts(each.status, each.reason, each.created_at, each.started_at,
        each.completed_at, each.updated_at, each.deleted_at) AS fact
    WHERE each.tenant_id = %(tenant)s AND each.campaign_id = %(campaign)s
    UNION ALL
    SELECT each.campaign_lead_id, fact.metric, fact.at, fact.is_milestone, each.step_id, each.step_type,
        CASE WHEN fact.metric = 'assigned' THEN left(each.metadata ->> 'variant', 30) ELSE '' END,
        coalesce(each.channel, ''), NULL,
        CASE WHEN each.channel = 'voice' THEN left(coalesce(each.metadata ->> 'outcome', ''), 40) ELSE '' END,
        'activity'
    FROM campaign_lead_activities AS each
    LEFT JOIN with_message ON with_message.activity_id = each.id
    CROSS JOIN LATERAL campaigns_activity_facts(each.status, each.channel, each.metadata, each.executed_at,
        each.created_at, with_message.activity_id IS NOT NULL) AS fact
    WHERE each.tenant_id = %(tenant)s AND each.campaign_id = %(campaign)s
    UNION ALL
    SELECT each.campaign_lead_id, fact.metric, fact.at, fact.is_milestone, each.step_id, '', '', each.channel,
        coalesce(each.email_account_id, each.linkedin_account_id, each.channel_account_id), each.action, 'message'
    FROM messages AS each
    CROSS JOIN LATERAL campaigns_message_facts(each.direction, each.state, each.kind, each.action, each.channel,
        coalesce(each.occurred_at, each.created_at), each.opened_at, each.clicked_at, each.replied_at,
        each.bounced_at, each.delivered_at) AS fact
    WHERE each.tenant_id = %(tenant)s AND each.campaign_id = %(campaign)s AND each.state IN ('sent', 'received')
        AND (NOT fact.is_milestone OR each.campaign_lead_id IS NOT NULL)
    UNION ALL
    SELECT message.campaign_lead_id, event.kind, event.occurred_at, true, message.step_id, '', '', message.channel,
        coalesce(message.email_account_id, message.linkedin_account_id, message.channel_account_id), '', 'message'
    FROM message_events AS event
    JOIN messages AS message ON message.tenant_id = event.tenant_id AND message.id = event.message_id
    WHERE event.tenant_id = %(tenant)s AND message.campaign_id = %(campaign)s AND NOT event.is_machine
        AND event.kind IN ('unsubscribed', 'complained') AND message.campaign_lead_id IS NOT NULL
)
"""

# Milestones that are missing or were reached earlier, and those that facts can take back but have not. What somebody
# recorded, and what the facts no longer say because something later replaced it, stays. They are corrected at once;
# only those of enrolments with entries that wait get a further entry.
MEND_MILESTONES: Final = f"""
WITH {TAKEN}, {MERGED}, {FACTS}, told AS (
    SELECT *, CASE WHEN metric = 'assigned' THEN step_id END AS split_id,
        array_position(%(sources)s::text[], source) AS rank
    FROM facts
    WHERE is_milestone AND (source <> 'activity' OR metric IN ('assigned', 'connected')
        OR step_type = ANY (%(contacting)s))
), said AS (
    SELECT DISTINCT ON (campaign_lead_id, metric, split_id) *,
        count(*) OVER (PARTITION BY campaign_lead_id, metric, split_id) AS number
    FROM told ORDER BY campaign_lead_id, metric, split_id, at, rank
), known AS (
    SELECT campaign_lead_id, milestone, split_id, number, at, step_id, variant, channel, account_id
    FROM enrolment_milestones
    WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s
        AND campaign_lead_id NOT IN (SELECT campaign_lead_id FROM evidence)
    UNION ALL
    SELECT campaign_lead_id, milestone, split_id, number, at, step_id, variant, channel, account_id FROM merged
), compared AS (
    SELECT said.campaign_lead_id AS lead, said.metric, said.at AS said_at, said.step_id, said.step_type, said.variant,
        said.channel, said.account_id, said.source, said.number AS said_number,
        known.campaign_lead_id AS known_lead, known.milestone, known.at AS known_at, known.step_id AS known_step_id,
        known.number AS known_number, coalesce(said.metric, known.milestone::text) = ANY (%(revocable)s) AS revocable
    FROM said FULL JOIN known ON known.campaign_lead_id = said.campaign_lead_id AND known.milestone = said.metric
        AND coalesce(known.split_id, known.campaign_lead_id) = coalesce(said.split_id, said.campaign_lead_id)
), mended AS MATERIALIZED (
    SELECT *, CASE WHEN known_lead IS NULL THEN said_number
        WHEN lead IS NULL THEN CASE WHEN revocable THEN -known_number ELSE 0 END
        WHEN known_number <= 0 OR revocable THEN said_number - known_number
        ELSE 0 END AS number, coalesce(said_at < known_at, false) AS is_earlier
    FROM compared
), wrong AS (
    SELECT coalesce(lead, known_lead) AS lead, coalesce(metric, milestone) AS milestone,
        coalesce(said_at, known_at) AS said_at, least(said_at, known_at) AS first_at,
        CASE WHEN coalesce(metric, milestone) = 'assigned' THEN coalesce(step_id, known_step_id) END AS split_id,
        coalesce(step_id, known_step_id) AS step_id, coalesce(step_type, '') AS step_type,
        coalesce(variant, '') AS variant, coalesce(channel, '') AS channel, account_id,
        coalesce(source, 'message') AS source, number, coalesce(known_number, 0) + number AS right_number,
        coalesce(lead, known_lead) IN (SELECT campaign_lead_id FROM evidence) AS has_entries
    FROM mended WHERE number <> 0 OR is_earlier
), corrected AS (
    INSERT INTO enrolment_milestones (tenant_id, campaign_id, campaign_lead_id, milestone, split_id, number, at,
        step_id, variant, channel, account_id)
    SELECT %(tenant)s, %(campaign)s, lead, milestone, split_id, right_number, first_at, step_id, variant, channel,
        account_id
    FROM wrong WHERE NOT has_entries
    ON CONFLICT (tenant_id, campaign_lead_id, milestone, split_id) DO UPDATE SET number = excluded.number,
        at = excluded.at, step_id = excluded.step_id, variant = excluded.variant, channel = excluded.channel,
        account_id = excluded.account_id
)
INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, step_type, variant,
    channel, account_id, source, number)
SELECT %(tenant)s, %(campaign)s, lead, milestone, said_at, step_id, step_type, variant, channel, account_id, source,
    number
FROM wrong WHERE has_entries
"""

# The counts as they should be, from the rows and the milestones, against those that are kept. Entries that wait are in
# the rows, but not in the milestones yet.
DIFFERENCES: Final = f"""
WITH {FACTS}, taken AS (
    SELECT %(campaign)s::uuid AS campaign_id, NULL::uuid AS campaign_lead_id, metric, at, step_id, step_type, channel,
        account_id, detail, count(*) AS number
    FROM facts WHERE NOT is_milestone
    GROUP BY metric, at, step_id, step_type, channel, account_id, detail
), sided AS (
    SELECT 1 AS sign, campaign_id, campaign_lead_id, milestone, split_id, number, at, variant
    FROM enrolment_milestones WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s
), {PEOPLE}, {ACTIONS}, {CHANGES}
"""
COMPARE: Final = f"""
WITH expected AS ({DIFFERENCES} SELECT * FROM changes),
pending AS ({WITH_CHANGES} SELECT * FROM changes),
differences AS MATERIALIZED (
    SELECT {KEY}, sum(number)::bigint AS number FROM (
        SELECT {KEY}, number FROM expected
        UNION ALL
        SELECT {KEY}, -number FROM campaign_figures WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s
        UNION ALL
        SELECT {KEY}, -number FROM pending WHERE face IN ('step', 'account', 'state')
    ) AS compared
    GROUP BY {KEY} HAVING sum(number) <> 0
), saved AS ({SAVE.replace("FROM changes", "FROM differences")})
SELECT {KEY}, number FROM differences ORDER BY {KEY}
"""
# The planner takes these statements for small ones, as it cannot know what they find, and would go through it again
# and again.
READ_ONCE: Final = "SET LOCAL enable_nestloop = off"
READ_AS_USUAL: Final = "SET LOCAL enable_nestloop = on"
# What facts can take back.
REVOCABLE: Final = (Milestone.ENROLLED, Milestone.DELIVERED, Milestone.FINISHED, Milestone.GOAL)
REQUESTED: Final = "SELECT tenant_id, campaign_id FROM campaign_figure_recounts ORDER BY created_at LIMIT 20"
DONE: Final = "DELETE FROM campaign_figure_recounts WHERE tenant_id = %s AND campaign_id = %s"
REQUEST: Final = """
INSERT INTO campaign_figure_recounts (tenant_id, campaign_id, reason)
SELECT tenant_id, id, %s FROM campaigns WHERE tenant_id = %s
ON CONFLICT (tenant_id, campaign_id) DO NOTHING
"""
TASK: Final = "campaigns.recount_figures"


@dataclass(frozen=True, slots=True)
class Difference:
    """A count that was wrong. ``number`` is what was missing; negative if too much was counted."""

    key: SqlRow
    number: int

    def __str__(self) -> str:
        named = ", ".join(str(part) for part in self.key if part not in (None, ""))
        return f"{named}: {self.number:+d}"


def recount(tenant_id: UUID, campaign_id: UUID) -> list[Difference]:
    """Correct the campaign's figures and return what was wrong. Runs in one transaction; writers go on meanwhile."""
    with platform_context():
        rows(WAIT_FOR_LOCK, [str(campaign_id)])
        zone = zone_of(tenant_id, campaign_id)
        if zone is None:
            execute(DONE, [tenant_id, campaign_id])
            return []
        values = {**parameters(tenant_id, campaign_id, zone), "revocable": [*REVOCABLE]}
        execute(NOTE_EVENTS, values)
        while fold_locked(tenant_id, campaign_id) == SLICE:
            pass
        execute(READ_ONCE)
        execute(MEND_MILESTONES, values)
        execute(READ_AS_USUAL)
        while fold_locked(tenant_id, campaign_id) == SLICE:
            pass
        execute(READ_ONCE)
        found = [Difference(tuple(key), number) for _campaign, *key, number in rows(COMPARE, values)]
        execute(READ_AS_USUAL)
        execute(DONE, [tenant_id, campaign_id])
        if found:
            tell_pages(tenant_id, campaign_id)
    return found


def has_requests() -> bool:
    """Return whether campaigns wait to be counted anew. Runs in a platform scope."""
    return bool(rows("SELECT EXISTS (SELECT FROM campaign_figure_recounts)")[0][0])


def recount_requested() -> int:
    """Count the campaigns anew for which that was asked. Return how many. What is interrupted begins again."""
    number = 0
    for tenant_id, campaign_id in _requested():
        recount(tenant_id, campaign_id)
        number += 1
    return number


def request_recounts(tenant_id: UUID, *, reason: str) -> None:
    """Have all campaigns of a tenant counted anew by a worker. Runs in the tenant's scope."""
    execute(REQUEST, [reason, tenant_id])


def _requested() -> Iterator[SqlRow]:
    while True:
        with platform_context():
            found = rows(REQUESTED)
        if not found:
            return
        yield from found
