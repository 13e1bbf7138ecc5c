-- Mark a claimed message as begun. Return whether this attempt still holds it and its account, campaign and enrolment
-- still allow it, of which the last two may be none.
-- Whoever pauses or stops a campaign locks it first, and whoever ends an enrolment locks that one: a message begins
-- before they do, or not at all. What is locked is not waited for, because they may wait for messages.
-- A lease is extended only when it is short. Otherwise this is a change within the row, of columns that no index knows.

CREATE OR REPLACE FUNCTION campaigns_begin(
    tenant_key uuid, message_key uuid, attempt integer, moment timestamptz, lease interval,
    account uuid, usable text[], campaign uuid, enrolment uuid, open_enrolments text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- The state as an expression: an index of it would be read from end to end while many messages are being sent.
    UPDATE messages SET begun_at = moment, lease_until = greatest(lease_until, statement_timestamp() + lease)
    WHERE tenant_id = tenant_key AND id = message_key AND attempts = attempt AND state || '' = 'sending'
        AND (
            EXISTS (
                SELECT FROM email_accounts
                WHERE tenant_id = tenant_key AND id = account AND is_active AND deleted_at IS NULL
                    AND status = ANY (usable)
            ) OR EXISTS (
                SELECT FROM social_linkedin_accounts
                WHERE tenant_id = tenant_key AND id = account AND is_active AND deleted_at IS NULL
                    AND status = ANY (usable)
            ) OR EXISTS (
                SELECT FROM channel_accounts
                WHERE tenant_id = tenant_key AND id = account AND is_active AND deleted_at IS NULL
                    AND status = ANY (usable)
            )
        )
        AND (campaign IS NULL OR EXISTS (
            SELECT FROM campaigns
            WHERE tenant_id = tenant_key AND id = campaign AND status = 'running' AND deleted_at IS NULL
            FOR KEY SHARE SKIP LOCKED
        ))
        AND (enrolment IS NULL OR EXISTS (
            SELECT FROM campaign_leads
            WHERE tenant_id = tenant_key AND id = enrolment AND status = ANY (open_enrolments) AND deleted_at IS NULL
            FOR SHARE SKIP LOCKED
        ));
    RETURN FOUND;
END $$;
