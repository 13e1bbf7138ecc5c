-- Return what one message says: its counts, all on the day it was sent, and the milestones of its enrolment.
-- E-mail and LinkedIn report what comes back, so that what is sent counts as delivered until then. WhatsApp and SMS
-- report the delivery itself.

CREATE OR REPLACE FUNCTION campaigns_message_facts(
    direction text, state text, kind text, action text, channel text, moment timestamptz, opened_at timestamptz,
    clicked_at timestamptz, replied_at timestamptz, bounced_at timestamptz, delivered_at timestamptz
) RETURNS TABLE (metric text, at timestamptz, is_milestone boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT fact.metric, fact.at, fact.is_milestone
    FROM (SELECT
        direction = 'outbound' AND state = 'sent' AND kind = 'outreach' AS was_sent,
        action IN ('message', 'invitation', 'comment') AS has_words,
        bounced_at IS NULL AND (
            channel NOT IN ('whatsapp', 'sms') OR coalesce(delivered_at, opened_at, clicked_at, replied_at) IS NOT NULL
        ) AS arrived
    ) AS message, LATERAL (VALUES
        ('message_sent', moment, false, was_sent),
        ('message_delivered', moment, false, was_sent AND arrived),
        ('message_opened', moment, false, was_sent AND coalesce(opened_at, clicked_at) IS NOT NULL),
        ('message_clicked', moment, false, was_sent AND clicked_at IS NOT NULL),
        ('message_replied', moment, false, was_sent AND replied_at IS NOT NULL),
        ('message_bounced', moment, false, was_sent AND bounced_at IS NOT NULL),
        ('contacted', moment, true, was_sent AND has_words),
        ('delivered', coalesce(delivered_at, moment), true, was_sent AND has_words AND arrived),
        ('opened', least(opened_at, clicked_at), true, was_sent AND coalesce(opened_at, clicked_at) IS NOT NULL),
        ('clicked', clicked_at, true, was_sent AND clicked_at IS NOT NULL),
        ('replied', replied_at, true, was_sent AND replied_at IS NOT NULL),
        ('bounced', bounced_at, true, was_sent AND bounced_at IS NOT NULL),
        ('replied', moment, true, direction = 'inbound' AND state = 'received' AND kind = 'reply'),
        ('unsubscribed', moment, true, direction = 'inbound' AND state = 'received' AND kind = 'unsubscribe')
    ) AS fact (metric, at, is_milestone, applies)
    WHERE fact.applies
$$;
