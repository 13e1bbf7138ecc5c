-- Return what one enrolment says: where it stands, and its milestones. A deleted one says nothing.

CREATE OR REPLACE FUNCTION campaigns_enrolment_facts(
    status text, reason text, created_at timestamptz, started_at timestamptz, completed_at timestamptz,
    changed_at timestamptz, deleted_at timestamptz
) RETURNS TABLE (metric text, at timestamptz, is_milestone boolean) LANGUAGE sql IMMUTABLE AS $$
    SELECT fact.metric, fact.at, fact.is_milestone
    FROM (VALUES
        ('enrolment_' || status, NULL::timestamptz, false, true),
        ('enrolled', created_at, true, true),
        ('started', started_at, true, started_at IS NOT NULL),
        ('finished', completed_at, true, status = 'completed' AND completed_at IS NOT NULL),
        ('goal', coalesce(completed_at, changed_at), true, reason IN ('goal_reached', 'booked'))
    ) AS fact (metric, at, is_milestone, applies)
    WHERE fact.applies AND deleted_at IS NULL
$$;
