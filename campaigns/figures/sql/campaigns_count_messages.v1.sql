-- Write how the figures change with one message. Before it was sent or received it says nothing, and the trigger does
-- not run. Whether it was delivered can be taken back by a bounce; what else happened stays.

CREATE OR REPLACE FUNCTION campaigns_count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, channel,
        account_id, detail, source, number)
    SELECT tenant_id, campaign_id, CASE WHEN is_milestone THEN campaign_lead_id END, metric,
        coalesce(min(at) FILTER (WHERE sign > 0), min(at)), step_id, channel, account_id, detail, 'message', sum(sign)
    FROM (
        SELECT 1 AS sign, NEW.tenant_id, NEW.campaign_id, NEW.campaign_lead_id, NEW.step_id, NEW.channel,
            coalesce(NEW.email_account_id, NEW.linkedin_account_id, NEW.channel_account_id) AS account_id,
            NEW.action AS detail, fact.*
        FROM campaigns_message_facts(NEW.direction, NEW.state, NEW.kind, NEW.action, NEW.channel,
            coalesce(NEW.occurred_at, NEW.created_at), NEW.opened_at, NEW.clicked_at, NEW.replied_at, NEW.bounced_at,
            NEW.delivered_at) AS fact
        WHERE TG_OP <> 'DELETE'
        UNION ALL
        SELECT -1, OLD.tenant_id, OLD.campaign_id, OLD.campaign_lead_id, OLD.step_id, OLD.channel,
            coalesce(OLD.email_account_id, OLD.linkedin_account_id, OLD.channel_account_id),
            OLD.action, fact.*
        FROM campaigns_message_facts(OLD.direction, OLD.state, OLD.kind, OLD.action, OLD.channel,
            coalesce(OLD.occurred_at, OLD.created_at), OLD.opened_at, OLD.clicked_at, OLD.replied_at, OLD.bounced_at,
            OLD.delivered_at) AS fact
        WHERE TG_OP <> 'INSERT'
    ) AS change
    WHERE campaign_id IS NOT NULL AND (NOT is_milestone OR campaign_lead_id IS NOT NULL)
    GROUP BY tenant_id, campaign_id, campaign_lead_id, metric, CASE WHEN NOT is_milestone THEN at END, step_id,
        channel, account_id, detail, is_milestone
    HAVING sum(sign) > 0 OR (sum(sign) < 0 AND (NOT is_milestone OR metric = 'delivered'));
    RETURN NULL;
END $$;
