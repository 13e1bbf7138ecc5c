-- Return what one activity says: its counts, and the milestones of its enrolment. What an activity that has a message
-- says is not counted beside what the message says: the counts "alone" are those without one. Who reads milestones
-- keeps those of steps that deliver something.

CREATE OR REPLACE FUNCTION campaigns_activity_facts(
    status text, channel text, metadata jsonb, executed_at timestamptz, created_at timestamptz, has_message boolean
) RETURNS TABLE (metric text, at timestamptz, is_milestone boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT fact.metric, coalesce(executed_at, created_at), fact.is_milestone
    FROM (VALUES
        ('activity_' || status, false, true),
        ('alone_' || status, false, NOT has_message AND channel IS NOT NULL
            AND status IN ('sent', 'delivered', 'opened', 'clicked', 'connected', 'replied')),
        ('contacted', true, NOT has_message AND channel IS NOT NULL
            AND status IN ('sent', 'delivered', 'opened', 'clicked', 'connected', 'replied')),
        ('delivered', true, NOT has_message AND channel IS NOT NULL
            AND status IN ('delivered', 'opened', 'clicked', 'connected', 'replied')),
        ('opened', true, NOT has_message AND channel IS NOT NULL AND status IN ('opened', 'clicked')),
        ('clicked', true, NOT has_message AND channel IS NOT NULL AND status = 'clicked'),
        ('replied', true, NOT has_message AND channel IS NOT NULL AND status = 'replied'),
        ('connected', true, channel IS NOT NULL AND status = 'connected'),
        ('assigned', true, coalesce(metadata ? 'variant', false))
    ) AS fact (metric, is_milestone, applies)
    WHERE fact.applies
$$;
