"""Fill the voice tables for a scale test."""

from typing import Final

from demo.scale import Scale, one_of


def fill(scale: Scale) -> None:
    scale.insert("voice_agents", AGENTS)
    scale.insert("voice_agent_numbers", NUMBERS)
    scale.insert("voice_user_profiles", PROFILES)
    scale.insert("voice_permissions", PERMISSIONS)
    scale.insert("voice_call_logs", CALLS)
    scale.insert("voice_call_analysis", ANALYSES)
    scale.insert("voice_call_batches", BATCHES)
    scale.insert("voice_call_batch_entries", ENTRIES)
    scale.insert("voice_dialing_policies", POLICIES)
    scale.insert("voice_call_placements", PLACEMENTS)
    scale.insert("voice_number_days", NUMBER_DAYS)


AGENTS: Final = """
INSERT INTO voice_agents (tenant_id, name, agent_instructions, outbound_starter_prompt, language)
SELECT tenant_id, name, 'You are friendly and brief.', 'Good day, do you have a minute?', 'en'
FROM pg_temp.scale_tenants, unnest(ARRAY['Nova', 'Juno', 'Iris']) AS name
"""

NUMBERS: Final = """
INSERT INTO voice_agent_numbers (id, tenant_id, country_code, base_number, provider, default_agent_id)
SELECT pg_temp.key(%(beginning)s), a.tenant_id, '+1', 2125550100 + row_number() OVER (PARTITION BY a.tenant_id),
'twilio', a.id
FROM voice_agents a JOIN pg_temp.scale_tenants t ON t.tenant_id = a.tenant_id
"""

PROFILES: Final = """
INSERT INTO voice_user_profiles (id, tenant_id, user_id, default_number_id)
SELECT pg_temp.key(%(now)s), t.tenant_id, member, n.id
FROM pg_temp.scale_tenants t, unnest(members) AS member,
     LATERAL (SELECT id FROM voice_agent_numbers WHERE tenant_id = t.tenant_id ORDER BY id LIMIT 1) AS n
"""

PERMISSIONS: Final = """
INSERT INTO voice_permissions (id, tenant_id, user_id, number_id)
SELECT pg_temp.key(%(now)s), tenant_id, user_id, default_number_id
FROM voice_user_profiles JOIN pg_temp.scale_tenants USING (tenant_id)
"""

CALLS: Final = f"""
INSERT INTO voice_call_logs (id, tenant_id, created_at, updated_at, initiated_by_user_id, lead_id, agent_id,
                             from_number_id, to_country_code, to_base_number, status, direction, started_at, ended_at,
                             duration_seconds, recording_url, transcripts, cost, cost_breakdown)
SELECT pg_temp.key(made), tenant_id, made, made, pg_temp.some(members), lead_id, agents[place], numbers[place],
       country_code, base_number, status, {one_of({"outbound": 9, "inbound": 1})}, begun,
       begun + interval '1 second' * (seconds + 4),
       CASE WHEN status = 'ended' THEN seconds ELSE 0 END,
       CASE WHEN status = 'ended' THEN 'https://recordings.example/' || lead_id || '.mp3' ELSE '' END,
       CASE WHEN status = 'ended' THEN jsonb_build_array(
                jsonb_build_object('role', 'agent', 'text', 'Good day, do you have a minute?'),
                jsonb_build_object('role', 'person', 'text', 'Yes, what is it about?'),
                jsonb_build_object('role', 'agent', 'text', 'I would like to show you what we do for others like you.'))
            ELSE '[]' END,
       CASE WHEN status = 'ended' THEN round(seconds * 0.002, 6) ELSE 0 END, '[]'
FROM (SELECT *, CASE WHEN status IN ('ended', 'failed', 'declined') THEN made + interval '3 seconds' END AS begun
      FROM (SELECT l.tenant_id, t.members, l.id AS lead_id, l.country_code, l.base_number, v.agents, v.numbers,
                   1 + floor(random() * cardinality(v.agents))::integer AS place, floor(5 + 300 * power(random(),
                   2))::integer AS seconds,
                   l.created_at + (%(now)s - l.created_at) * random() AS made,
                   {one_of({"ended": 14, "declined": 4, "failed": 2, "cancelled": 1})} AS status
            FROM leads l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
            JOIN (SELECT tenant_id, array_agg(default_agent_id ORDER BY id) AS agents, array_agg(id ORDER BY id)
                AS numbers
                  FROM voice_agent_numbers GROUP BY tenant_id) AS v ON v.tenant_id = l.tenant_id
            WHERE l.base_number IS NOT NULL AND l.id >= %(low)s AND l.id < %(high)s AND random() < 0.5 OFFSET 0)
                AS drawn
     ) AS call ORDER BY made
"""

ANALYSES: Final = f"""
INSERT INTO voice_call_analysis (id, tenant_id, created_at, updated_at, call_log_id, lead_id, summary, sentiment,
                                 lead_category, disposition, recommended_action, engagement_level, key_points, cost)
SELECT pg_temp.key(made), tenant_id, made, made, call_id, lead_id, {
    one_of(
        {
            "Asked for a demonstration next week.": 2,
            "Has a supplier and is content with them.": 3,
            "Will think about it and asked for an offer by e-mail.": 3,
        }
    )
}, {one_of({"very_interested": 1, "positive": 3, "neutral": 4, "negative": 2})},
       {one_of({"Hot Lead": 1, "Warm Lead": 3, "Cold Lead": 5})},
       {one_of({"PROCEED IMMEDIATELY": 1, "FOLLOW UP IN 3 DAYS": 2, "FOLLOW UP IN 7 DAYS": 2, "NURTURE (7 DAYS)": 3})},
       'Send the offer.', {one_of({"high": 1, "medium": 2, "low": 2})}, '["Budget in the first quarter"]', 0.01
FROM (SELECT c.id AS call_id, c.tenant_id, c.lead_id, c.ended_at + interval '20 seconds' AS made
      FROM voice_call_logs c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id
      WHERE c.status = 'ended' AND c.id >= %(low)s AND c.id < %(high)s) AS over ORDER BY made
"""

# Each holds about a hundred of a tenant's calls, in the order they were made.
BATCHES: Final = """
INSERT INTO voice_call_batches (id, tenant_id, created_at, updated_at, initiated_by_user_id, agent_id, from_number_id,
                                job_id, status, total_calls, completed_calls, failed_calls, started_at, finished_at)
SELECT pg_temp.key(began), tenant_id, began, began, pg_temp.some(members), agent_id, number_id, 'scale-'
    || tenant_id || '-' || place,
       'completed', total, completed, total - completed, began, ended
FROM (SELECT c.tenant_id, t.members, place, min(c.created_at) AS began, max(c.created_at) + interval '1 hour' AS ended,
             count(*) AS total, count(*) FILTER (WHERE status = 'ended') AS completed,
             min(agent_id) AS agent_id, (array_agg(from_number_id))[1] AS number_id
      FROM (SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY id) / 100 AS place FROM voice_call_logs) AS c
      JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id
      GROUP BY c.tenant_id, t.members, place) AS batch ORDER BY began
"""

ENTRIES: Final = """
INSERT INTO voice_call_batch_entries (id, tenant_id, created_at, updated_at, batch_id, lead_id, to_phone, status,
call_log_id)
SELECT pg_temp.key(c.created_at), c.tenant_id, c.created_at, c.created_at, b.id, c.lead_id, c.to_country_code
    || c.to_base_number,
       CASE c.status WHEN 'ended' THEN 'completed' ELSE c.status END, c.id
FROM (SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY id) / 100 AS place FROM voice_call_logs) AS c
JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id
JOIN voice_call_batches b ON b.tenant_id = c.tenant_id AND b.job_id = 'scale-' || c.tenant_id || '-' || place
ORDER BY c.id
ON CONFLICT DO NOTHING
"""

POLICIES: Final = "INSERT INTO voice_dialing_policies (tenant_id) SELECT tenant_id FROM pg_temp.scale_tenants"

PLACEMENTS: Final = """
INSERT INTO voice_call_placements (id, tenant_id, created_at, updated_at, call_log_id, batch_id, entry_id, agent_id,
                                   number_id, to_phone, state, attempts, asked_at, placed_at, answered, answered_at)
SELECT pg_temp.key(c.created_at), c.tenant_id, c.created_at, c.created_at, c.id, e.batch_id, e.id, c.agent_id,
       c.from_number_id, c.to_country_code || c.to_base_number, 'settled', 1, c.created_at, c.created_at,
       c.status = 'ended', CASE WHEN c.status = 'ended' THEN c.started_at END
FROM voice_call_logs c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id
LEFT JOIN voice_call_batch_entries e ON e.tenant_id = c.tenant_id AND e.call_log_id = c.id
WHERE c.direction = 'outbound' ORDER BY c.id
"""

NUMBER_DAYS: Final = """
INSERT INTO voice_number_days (id, tenant_id, number_id, day, placed, answered, talk_seconds)
SELECT pg_temp.key(min(c.created_at)), c.tenant_id, c.from_number_id, c.created_at::date, count(*),
       count(*) FILTER (WHERE c.status = 'ended'), sum(c.duration_seconds)
FROM voice_call_logs c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id
WHERE c.direction = 'outbound' AND c.from_number_id IS NOT NULL
GROUP BY c.tenant_id, c.from_number_id, c.created_at::date
"""
