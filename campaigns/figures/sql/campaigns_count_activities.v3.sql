-- Write how the figures change with the activities that one statement wrote. Milestones are only taken back where the
-- row that says them can say the opposite; an activity cannot. When activities are deleted, their messages are no
-- longer known, so that the campaign is counted anew.

CREATE OR REPLACE FUNCTION campaigns_count_activities() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What many rows of the statement say alike is one entry; a milestone is each enrolment's own.
    IF TG_OP = 'INSERT' THEN
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, step_type,
            variant, channel, detail, source, number)
        SELECT tenant_id, campaign_id, enrolment, metric, at, step_id, step_type, variant, channel, detail, 'activity',
            count(*)
        FROM (
            SELECT fresh.tenant_id, fresh.campaign_id,
                CASE WHEN fact.is_milestone THEN fresh.campaign_lead_id END AS enrolment, fact.metric, fact.at,
                fresh.step_id, fresh.step_type,
                CASE WHEN fact.metric = 'assigned' THEN left(fresh.metadata ->> 'variant', 30) ELSE '' END AS variant,
                coalesce(fresh.channel, '') AS channel,
                CASE WHEN fresh.channel = 'voice' THEN left(coalesce(fresh.metadata ->> 'outcome', ''), 40) ELSE '' END
                    AS detail
            FROM new_rows AS fresh
            -- OFFSET 0 keeps the planner from looking for the message once for each fact.
            CROSS JOIN LATERAL (SELECT campaigns_has_message(fresh.tenant_id, fresh.campaign_lead_id, fresh.id,
                fresh.status) AS has_message OFFSET 0) AS looked
            CROSS JOIN LATERAL campaigns_activity_facts(fresh.status, fresh.channel, fresh.metadata, fresh.executed_at,
                fresh.created_at, looked.has_message) AS fact
        ) AS said
        GROUP BY tenant_id, campaign_id, enrolment, metric, at, step_id, step_type, variant, channel, detail;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, step_type,
            variant, channel, detail, source, number)
        SELECT tenant_id, campaign_id, enrolment, metric, coalesce(min(at) FILTER (WHERE sign > 0), min(at)), step_id,
            step_type, variant, channel, detail, 'activity', sum(sign)
        FROM (
            SELECT side.sign, side.tenant_id, side.campaign_id,
                CASE WHEN fact.is_milestone THEN side.campaign_lead_id END AS enrolment, side.step_id, side.step_type,
                CASE WHEN fact.metric = 'assigned' THEN left(side.metadata ->> 'variant', 30) ELSE '' END AS variant,
                coalesce(side.channel, '') AS channel,
                CASE WHEN side.channel = 'voice' THEN left(coalesce(side.metadata ->> 'outcome', ''), 40) ELSE '' END
                    AS detail, fact.*
            FROM (
                -- What a row says now counts 1, what it said before -1: what stays the same cancels out. Nothing is
                -- joined, because a join keeps the plan of its session's first statement.
                SELECT sum(sign) AS sign, id, tenant_id, campaign_id, campaign_lead_id, step_id, step_type, channel,
                    status, metadata, executed_at, created_at
                FROM (SELECT 1 AS sign, fresh.* FROM new_rows AS fresh
                    UNION ALL SELECT -1, former.* FROM old_rows AS former) AS sides
                GROUP BY id, tenant_id, campaign_id, campaign_lead_id, step_id, step_type, channel, status, metadata,
                    executed_at, created_at
                HAVING sum(sign) <> 0
            ) AS side
            CROSS JOIN LATERAL (SELECT campaigns_has_message(side.tenant_id, side.campaign_lead_id, side.id,
                side.status) AS has_message OFFSET 0) AS looked
            CROSS JOIN LATERAL campaigns_activity_facts(side.status, side.channel, side.metadata, side.executed_at,
                side.created_at, looked.has_message) AS fact
        ) AS change
        GROUP BY tenant_id, campaign_id, enrolment, metric, CASE WHEN NOT is_milestone THEN at END, step_id, step_type,
            variant, channel, detail, is_milestone
        HAVING sum(sign) > 0 OR (sum(sign) < 0 AND NOT is_milestone);
    ELSE
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, metric, at, step_id, step_type, channel, detail,
            source, number)
        SELECT former.tenant_id, former.campaign_id, fact.metric, fact.at, former.step_id, former.step_type,
            coalesce(former.channel, ''),
            CASE WHEN former.channel = 'voice' THEN left(coalesce(former.metadata ->> 'outcome', ''), 40) ELSE '' END,
            'activity', -1
        FROM old_rows AS former
        CROSS JOIN LATERAL campaigns_activity_facts(former.status, former.channel, former.metadata, former.executed_at,
            former.created_at, true) AS fact
        WHERE NOT fact.is_milestone;
        INSERT INTO campaign_figure_recounts (tenant_id, campaign_id, reason)
        SELECT DISTINCT tenant_id, campaign_id, 'Activities were deleted.' FROM old_rows
        ON CONFLICT (tenant_id, campaign_id) DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
