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
        INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, detail,
            source, number)
        SELECT tenant_id, campaign_id, campaign_lead_id, metric,
            coalesce(min(at) FILTER (WHERE sign > 0), min(at)), step_id, detail, 'enrolment', sum(sign)
        FROM (
            SELECT CASE pair.place WHEN 1 THEN 1 ELSE -1 END AS sign, fresh.tenant_id, fresh.campaign_id, fact.metric,
                fact.at, CASE WHEN fact.is_milestone THEN fresh.id END AS campaign_lead_id,
                CASE WHEN NOT fact.is_milestone THEN pair.next_step_id END AS step_id,
                CASE WHEN fact.is_milestone THEN '' ELSE pair.reason END AS detail
            FROM new_rows AS fresh
            JOIN old_rows AS former ON former.id = fresh.id
            CROSS JOIN LATERAL (VALUES
                (1, fresh.status, fresh.reason, fresh.next_step_id, fresh.started_at, fresh.completed_at,
                    fresh.updated_at, fresh.deleted_at),
                (2, former.status, former.reason, former.next_step_id, former.started_at, former.completed_at,
                    former.updated_at, former.deleted_at)
            ) AS pair (place, status, reason, next_step_id, started_at, completed_at, updated_at, deleted_at)
            CROSS JOIN LATERAL campaigns_enrolment_facts(pair.status, pair.reason, fresh.created_at, pair.started_at,
                pair.completed_at, pair.updated_at, pair.deleted_at) AS fact
            WHERE (fresh.status, fresh.reason, fresh.next_step_id, fresh.started_at, fresh.completed_at,
                    fresh.deleted_at)
                IS DISTINCT FROM (former.status, former.reason, former.next_step_id, former.started_at,
                    former.completed_at, former.deleted_at)
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
