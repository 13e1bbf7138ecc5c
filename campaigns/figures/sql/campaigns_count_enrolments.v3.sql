-- Write how the figures change with the enrolments that one statement wrote.

CREATE OR REPLACE FUNCTION campaigns_count_enrolments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What many rows of the statement say alike is one entry; a milestone is each enrolment's own.
    IF TG_OP = 'INSERT' THEN
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, detail,
            source, number)
        SELECT tenant_id, campaign_id, enrolment, metric, at, step_id, detail, 'enrolment', count(*)
        FROM (
            SELECT fresh.tenant_id, fresh.campaign_id, CASE WHEN fact.is_milestone THEN fresh.id END AS enrolment,
                fact.metric, fact.at, CASE WHEN NOT fact.is_milestone THEN fresh.next_step_id END AS step_id,
                CASE WHEN fact.is_milestone THEN '' ELSE fresh.reason END AS detail
            FROM new_rows AS fresh
            CROSS JOIN LATERAL campaigns_enrolment_facts(fresh.status, fresh.reason, fresh.created_at,
                fresh.started_at, fresh.completed_at, fresh.updated_at, fresh.deleted_at) AS fact
        ) AS said
        GROUP BY tenant_id, campaign_id, enrolment, metric, at, step_id, detail;
    ELSIF TG_OP = 'UPDATE' THEN
        -- What a row says now counts 1, what it said before -1: what stays the same cancels out. Nothing is joined,
        -- because a join keeps the plan of its session's first statement, which may have written a single row.
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, detail,
            source, number)
        SELECT tenant_id, campaign_id, campaign_lead_id, metric,
            coalesce(min(at) FILTER (WHERE sign > 0), min(at)), step_id, detail, 'enrolment', sum(sign)
        FROM (
            SELECT side.sign, side.tenant_id, side.campaign_id, fact.metric, fact.at,
                CASE WHEN fact.is_milestone THEN side.id END AS campaign_lead_id,
                CASE WHEN NOT fact.is_milestone THEN side.next_step_id END AS step_id,
                CASE WHEN fact.is_milestone THEN '' ELSE side.reason END AS detail
            FROM (
                SELECT sum(sign) AS sign, id, tenant_id, campaign_id, status, reason, next_step_id, created_at,
                    started_at, completed_at, max(updated_at) AS updated_at, deleted_at
                FROM (SELECT 1 AS sign, fresh.* FROM new_rows AS fresh
                    UNION ALL SELECT -1, former.* FROM old_rows AS former) AS sides
                GROUP BY id, tenant_id, campaign_id, status, reason, next_step_id, created_at, started_at,
                    completed_at, deleted_at
                HAVING sum(sign) <> 0
            ) AS side
            CROSS JOIN LATERAL campaigns_enrolment_facts(side.status, side.reason, side.created_at, side.started_at,
                side.completed_at, side.updated_at, side.deleted_at) AS fact
        ) AS change
        GROUP BY tenant_id, campaign_id, campaign_lead_id, metric, step_id, detail
        HAVING sum(sign) <> 0;
    ELSE
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, detail,
            source, number)
        SELECT former.tenant_id, former.campaign_id, CASE WHEN fact.is_milestone THEN former.id END, fact.metric,
            fact.at, CASE WHEN NOT fact.is_milestone THEN former.next_step_id END,
            CASE WHEN fact.is_milestone THEN '' ELSE former.reason END, 'enrolment', -1
        FROM old_rows AS former
        CROSS JOIN LATERAL campaigns_enrolment_facts(former.status, former.reason, former.created_at, former.started_at,
            former.completed_at, former.updated_at, former.deleted_at) AS fact;
    END IF;
    RETURN NULL;
END $$;
