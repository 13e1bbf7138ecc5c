-- Write how the figures change with the activities that one statement wrote. Milestones are only taken back where the
-- row that says them can say the opposite; an activity cannot. When activities are deleted, their messages are no
-- longer known, so that the campaign is counted anew.

CREATE OR REPLACE FUNCTION campaigns_count_activities() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, step_type,
            variant, channel, detail, source, number)
        SELECT fresh.tenant_id, fresh.campaign_id, CASE WHEN fact.is_milestone THEN fresh.campaign_lead_id END,
            fact.metric, fact.at, fresh.step_id, fresh.step_type,
            CASE WHEN fact.metric = 'assigned' THEN left(fresh.metadata ->> 'variant', 30) ELSE '' END,
            coalesce(fresh.channel, ''),
            CASE WHEN fresh.channel = 'voice' THEN left(coalesce(fresh.metadata ->> 'outcome', ''), 40) ELSE '' END,
            'activity', 1
        FROM new_rows AS fresh
        CROSS JOIN LATERAL campaigns_activity_facts(fresh.status, fresh.channel, fresh.metadata, fresh.executed_at,
            fresh.created_at,
            campaigns_has_message(fresh.tenant_id, fresh.campaign_lead_id, fresh.id, fresh.status)) AS fact;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, step_type,
            variant, channel, detail, source, number)
        SELECT tenant_id, campaign_id, CASE WHEN is_milestone THEN campaign_lead_id END, metric,
            coalesce(min(at) FILTER (WHERE sign > 0), min(at)), step_id, step_type, variant, channel, detail,
            'activity', sum(sign)
        FROM (
            SELECT side.sign, side.tenant_id, side.campaign_id, side.campaign_lead_id, side.step_id, side.step_type,
                CASE WHEN fact.metric = 'assigned' THEN left(side.metadata ->> 'variant', 30) ELSE '' END AS variant,
                coalesce(side.channel, '') AS channel,
                CASE WHEN side.channel = 'voice' THEN left(coalesce(side.metadata ->> 'outcome', ''), 40) ELSE '' END
                    AS detail, fact.*
            FROM (
                SELECT CASE pair.place WHEN 1 THEN 1 ELSE -1 END AS sign, pair.*
                FROM new_rows AS fresh
                JOIN old_rows AS former ON former.id = fresh.id
                CROSS JOIN LATERAL (VALUES
                    (1, fresh.id, fresh.tenant_id, fresh.campaign_id, fresh.campaign_lead_id, fresh.step_id,
                        fresh.step_type, fresh.channel, fresh.status, fresh.metadata, fresh.executed_at,
                        fresh.created_at),
                    (2, former.id, former.tenant_id, former.campaign_id, former.campaign_lead_id, former.step_id,
                        former.step_type, former.channel, former.status, former.metadata, former.executed_at,
                        former.created_at)
                ) AS pair (place, id, tenant_id, campaign_id, campaign_lead_id, step_id, step_type, channel, status,
                    metadata, executed_at, created_at)
                WHERE (fresh.status, fresh.step_id, fresh.executed_at, fresh.channel, fresh.metadata)
                    IS DISTINCT FROM (former.status, former.step_id, former.executed_at, former.channel,
                        former.metadata)
            ) AS side
            CROSS JOIN LATERAL campaigns_activity_facts(side.status, side.channel, side.metadata, side.executed_at,
                side.created_at,
                campaigns_has_message(side.tenant_id, side.campaign_lead_id, side.id, side.status)) AS fact
        ) AS change
        GROUP BY tenant_id, campaign_id, campaign_lead_id, metric, CASE WHEN NOT is_milestone THEN at END, step_id,
            step_type, variant, channel, detail, is_milestone
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
