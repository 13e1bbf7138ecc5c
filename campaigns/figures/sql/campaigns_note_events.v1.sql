-- Keep on messages when they were delivered or came back, and write the milestones that only events tell. What
-- machines did does not count.

CREATE OR REPLACE FUNCTION campaigns_note_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE messages SET delivered_at = coalesce(messages.delivered_at, event.delivered),
        bounced_at = coalesce(messages.bounced_at, event.bounced)
    FROM (
        SELECT tenant_id, message_id, min(occurred_at) FILTER (WHERE kind = 'delivered') AS delivered,
            min(occurred_at) FILTER (WHERE kind = 'bounced') AS bounced
        FROM new_rows WHERE NOT is_machine AND kind IN ('delivered', 'bounced')
        GROUP BY tenant_id, message_id
    ) AS event
    WHERE messages.tenant_id = event.tenant_id AND messages.id = event.message_id
        AND ((messages.delivered_at IS NULL AND event.delivered IS NOT NULL)
            OR (messages.bounced_at IS NULL AND event.bounced IS NOT NULL));
    INSERT INTO campaign_figure_entries (tenant_id, campaign_id, campaign_lead_id, metric, at, step_id, channel,
        account_id, source, number)
    SELECT message.tenant_id, message.campaign_id, message.campaign_lead_id, event.kind, event.occurred_at,
        message.step_id, message.channel,
        coalesce(message.email_account_id, message.linkedin_account_id, message.channel_account_id), 'message', 1
    FROM new_rows AS event
    JOIN messages AS message ON message.tenant_id = event.tenant_id AND message.id = event.message_id
    WHERE NOT event.is_machine AND event.kind IN ('unsubscribed', 'complained')
        AND message.campaign_id IS NOT NULL AND message.campaign_lead_id IS NOT NULL;
    RETURN NULL;
END $$;
