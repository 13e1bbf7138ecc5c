-- Return whether a message stands for the activity. Only asked of activities that were carried out.

CREATE OR REPLACE FUNCTION campaigns_has_message(
    tenant uuid, enrolment uuid, activity uuid, status text
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT status IN ('sent', 'delivered', 'opened', 'clicked', 'connected', 'replied') AND EXISTS (
        SELECT FROM messages
        WHERE messages.tenant_id = tenant AND messages.campaign_lead_id = enrolment
            AND messages.activity_id = activity
    )
$$;
