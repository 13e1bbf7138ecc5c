"""The SQL that turns changes into counts. Folding, reading and recounting share it, so that they cannot differ.

It joins nothing but the milestones that are kept, by their index: the planner cannot know how many entries wait.

Its parameters are those of ``parameters()``: one campaign or all of a tenant, the tenant's time zone, and the last
entry to look at.
"""

from typing import Any, Final
from uuid import UUID

from campaigns.design.step_specs import step_types
from campaigns.figures.models import RECORDED, Milestone
from campaigns.messages.models import WORDED

KEY: Final = "campaign_id, face, day, step_id, step_type, variant, channel, account_id, detail, metric"
LAST: Final = 2**63 - 1
# Reached whether or not the campaign has contacted the lead.
BEFORE_CONTACT: Final = (Milestone.ENROLLED, Milestone.STARTED, Milestone.FINISHED, Milestone.GOAL)
# A message says more about what happened than the activity that stands for it.
SOURCES: Final = ("message", "recorded", "activity", "enrolment")

TAKEN: Final = """
taken AS MATERIALIZED (
    SELECT * FROM campaign_figure_entries
    WHERE tenant_id = %(tenant)s AND id <= %(last)s
        AND (%(campaign)s::uuid IS NULL OR campaign_id = %(campaign)s::uuid)
)
"""

# What is known of the enrolments that the entries are about, and what will be known. Each milestone keeps its first
# time. What is recorded by hand is what was recorded last.
MERGED: Final = """
evidence AS (
    SELECT campaign_id, campaign_lead_id, metric AS milestone,
        CASE WHEN metric = 'assigned' THEN step_id END AS split_id, number, at, step_id, variant, channel, account_id,
        array_position(%(sources)s::text[], source::text) AS rank, id
    FROM taken
    WHERE campaign_lead_id IS NOT NULL
        AND (source <> 'activity' OR metric IN ('assigned', 'connected') OR step_type = ANY (%(contacting)s))
), stored AS MATERIALIZED (
    SELECT * FROM enrolment_milestones
    WHERE tenant_id = %(tenant)s AND campaign_lead_id IN (SELECT campaign_lead_id FROM evidence)
), pieces AS (
    SELECT * FROM evidence
    UNION ALL
    SELECT campaign_id, campaign_lead_id, milestone, split_id, number, at, step_id, variant, channel, account_id, 0, 0
    FROM stored
), weighed AS (
    SELECT *, CASE WHEN milestone = ANY (%(recorded)s) THEN first_value(number) OVER (same ORDER BY id DESC)
        ELSE sum(number) OVER same END AS total
    FROM pieces WINDOW same AS (PARTITION BY campaign_lead_id, milestone, split_id)
), merged AS MATERIALIZED (
    SELECT DISTINCT ON (campaign_lead_id, milestone, split_id) campaign_id, campaign_lead_id, milestone, split_id,
        total AS number, at, step_id, variant, channel, account_id
    FROM weighed WHERE number > 0 OR rank = 0 OR (number = 0 AND milestone <> ALL (%(recorded)s))
    ORDER BY campaign_lead_id, milestone, split_id, at, rank, id
)
"""

# What milestones count for: given as ``sided``, with a sign.
PEOPLE: Final = """
known AS (
    SELECT *,
        min(at) FILTER (WHERE milestone = 'contacted' AND number > 0) OVER enrolment AS contacted_at,
        min(at) FILTER (WHERE milestone = 'started' AND number > 0) OVER enrolment AS started_at,
        max(number) FILTER (WHERE milestone = 'enrolled') OVER enrolment AS enrolled,
        array_agg(split_id) FILTER (WHERE milestone = 'assigned' AND number > 0) OVER enrolment AS splits,
        array_agg(variant) FILTER (WHERE milestone = 'assigned' AND number > 0) OVER enrolment AS variants,
        array_agg(at) FILTER (WHERE milestone = 'assigned' AND number > 0) OVER enrolment AS given_at
    FROM sided WINDOW enrolment AS (PARTITION BY sign, campaign_lead_id)
), people AS MATERIALIZED (
    SELECT * FROM known
    WHERE enrolled > 0 AND number > 0
        AND (contacted_at IS NOT NULL OR milestone = ANY (%(before_contact)s) OR milestone = 'assigned')
), counted_people AS (
    SELECT campaign_id, 'people' AS face, face_day.day, NULL::uuid AS step_id, '' AS variant, milestone AS metric, sign
    FROM people CROSS JOIN LATERAL (VALUES
        ((CASE WHEN milestone = ANY (%(before_contact)s) THEN at ELSE contacted_at END AT TIME ZONE %(zone)s)::date),
        (NULL::date)
    ) AS face_day (day)
    WHERE milestone <> 'assigned'
    UNION ALL
    SELECT campaign_id, 'happened', (at AT TIME ZONE %(zone)s)::date, NULL, '', milestone, sign
    FROM people WHERE milestone <> 'assigned'
    UNION ALL
    SELECT campaign_id, 'cohort', date_trunc('week', started_at AT TIME ZONE %(zone)s)::date, NULL, '', milestone, sign
    FROM people WHERE milestone <> 'assigned' AND started_at IS NOT NULL
    UNION ALL
    SELECT campaign_id, 'variant', face_day.day, given.split_id, given.variant, milestone, sign
    FROM people
    CROSS JOIN LATERAL unnest(splits, variants, given_at) AS given (split_id, variant, at)
    CROSS JOIN LATERAL (VALUES ((given.at AT TIME ZONE %(zone)s)::date), (NULL::date)) AS face_day (day)
    WHERE people.at >= given.at AND (milestone <> 'assigned' OR people.split_id = given.split_id)
)
"""

SIDED: Final = """
sided AS (
    SELECT -1 AS sign, campaign_id, campaign_lead_id, milestone, split_id, number, at, variant FROM stored
    UNION ALL
    SELECT 1, campaign_id, campaign_lead_id, milestone, split_id, number, at, variant FROM merged
)
"""

ACTIONS: Final = """
counted_actions AS (
    SELECT campaign_id, face.face, face_day.day, face.step_id, face.step_type, face.channel, face.account_id,
        face.detail, metric, number
    FROM taken
    CROSS JOIN LATERAL (VALUES
        ('step', taken.step_id, taken.step_type::text, taken.channel::text, NULL::uuid, taken.detail::text,
            metric NOT LIKE 'enrolment%%'),
        ('account', NULL, '', taken.channel, taken.account_id, taken.detail, taken.account_id IS NOT NULL),
        ('state', taken.step_id, '', '', NULL, taken.detail, metric LIKE 'enrolment%%'),
        ('happened', NULL, '', '', NULL, '', metric = 'message_sent' AND taken.detail = ANY (%(worded)s))
    ) AS face (face, step_id, step_type, channel, account_id, detail, applies)
    CROSS JOIN LATERAL (
        VALUES (false, (taken.at AT TIME ZONE %(zone)s)::date), (true, NULL::date)
    ) AS face_day (is_total, day)
    WHERE campaign_lead_id IS NULL AND face.applies
        AND CASE face.face WHEN 'state' THEN is_total WHEN 'happened' THEN NOT is_total ELSE true END
)
"""

# How the entries change the figures, by their key.
CHANGES: Final = f"""
changes AS (
    SELECT {KEY}, sum(number)::bigint AS number
    FROM (
        SELECT campaign_id, face, day, step_id, step_type, '' AS variant, channel, account_id, detail, metric, number
        FROM counted_actions
        UNION ALL
        SELECT campaign_id, face, day, step_id, '', variant, '', NULL, '', metric, sign FROM counted_people
    ) AS counted
    GROUP BY {KEY}
    HAVING sum(number) <> 0
)
"""

WITH_CHANGES: Final = f"WITH {TAKEN}, {MERGED}, {SIDED}, {PEOPLE}, {ACTIONS}, {CHANGES}"

SAVE: Final = f"""
INSERT INTO campaign_figures (tenant_id, {KEY}, number)
SELECT %(tenant)s, {KEY}, number FROM changes
ON CONFLICT (tenant_id, {KEY}) DO UPDATE SET number = campaign_figures.number + excluded.number
"""

FOLD: Final = f"""
{WITH_CHANGES}, saved AS ({SAVE}), milestones AS (
    INSERT INTO enrolment_milestones (tenant_id, campaign_id, campaign_lead_id, milestone, split_id, number, at,
        step_id, variant, channel, account_id)
    SELECT %(tenant)s, campaign_id, campaign_lead_id, milestone, split_id, number, at, step_id, variant, channel,
        account_id FROM merged
    ON CONFLICT (tenant_id, campaign_lead_id, milestone, split_id) DO UPDATE SET number = excluded.number,
        at = excluded.at, step_id = excluded.step_id, variant = excluded.variant, channel = excluded.channel,
        account_id = excluded.account_id
    WHERE (enrolment_milestones.number, enrolment_milestones.at) IS DISTINCT FROM (excluded.number, excluded.at)
)
DELETE FROM campaign_figure_entries
WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND id <= %(last)s
"""


def parameters(tenant_id: UUID, campaign_id: UUID | None, zone: str, *, last: int = LAST) -> dict[str, Any]:
    """Return the parameters of the statements. Without a campaign they are about all of the tenant; only to read."""
    return {
        "tenant": tenant_id,
        "campaign": campaign_id,
        "zone": zone,
        "last": last,
        "sources": [*SOURCES],
        "recorded": [*RECORDED],
        "before_contact": [*BEFORE_CONTACT],
        "worded": [*WORDED],
        "contacting": [spec.key for spec in step_types if spec.delivers],
    }
