-- Record that a server accepted a message. Return whether this attempt still holds it.
-- A tenant's messages are marked one by one: this must stay a change within the row, of columns that no index knows.

CREATE OR REPLACE FUNCTION campaigns_accept(
    tenant_key uuid, message_key uuid, attempt integer, moment timestamptz, facts jsonb
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- The state as an expression: an index of it would be read from end to end while many messages are being sent.
    UPDATE messages SET accepted_at = moment, metadata = metadata || facts
    WHERE tenant_id = tenant_key AND id = message_key AND attempts = attempt AND state || '' = 'sending';
    RETURN FOUND;
END $$;
