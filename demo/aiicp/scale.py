"""What people asked the assistant, and what they kept of it."""

from typing import Final

from demo.scale import Scale, one_of


def fill(scale: Scale) -> None:
    scale.insert("ai_conversations", CONVERSATIONS)
    scale.insert("ai_messages", MESSAGES)
    scale.insert("ai_icp_profiles", PROFILES)
    scale.insert("ai_keyword_expansions", EXPANSIONS)


CONVERSATIONS: Final = f"""
INSERT INTO ai_conversations (id, organization_id, created_at, updated_at, user_id, title, status, icp_data,
archived_at)
SELECT pg_temp.key(made), tenant_id, made, made, pg_temp.some(members), 'Whom to reach next (' || number || ')', status,
       '{{"roles": ["Head of Sales"], "industries": ["Software"]}}', CASE WHEN status = 'archived' THEN made END
FROM (SELECT number, tenant_id, members, %(now)s - interval '1 year' * (1 - number * 40 / %(leads)s::float) AS made,
             {one_of({"active": 3, "archived": 1, "completed": 4})} AS status
      FROM (SELECT number, floor(random() * 1000)::integer AS slot
            FROM generate_series(1, %(leads)s / 40) AS number) AS drawn
      JOIN pg_temp.scale_slots USING (slot) JOIN pg_temp.scale_tenants USING (tenant_id))
          AS conversation ORDER BY number
"""

MESSAGES: Final = """
INSERT INTO ai_messages (id, organization_id, created_at, conversation_id, role, content, tokens_used, model)
SELECT pg_temp.key(made), organization_id, made, id, role,
       CASE role WHEN 'user' THEN 'Heads of sales at software companies, if you can.'
                 ELSE 'How large are the companies you have in mind?' END,
       CASE role WHEN 'assistant' THEN 120 END, CASE role WHEN 'assistant' THEN 'rules' ELSE '' END
FROM (SELECT c.id, c.organization_id, CASE place %% 2 WHEN 1 THEN 'user' ELSE 'assistant' END AS role,
             c.created_at + interval '20 seconds' * place AS made
      FROM ai_conversations c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.organization_id,
           generate_series(1, 10) AS place) AS message ORDER BY made
"""

PROFILES: Final = """
INSERT INTO ai_icp_profiles (id, organization_id, created_at, updated_at, user_id, name, icp_data,
source_conversation_id,
                             is_active)
SELECT pg_temp.key(c.created_at), c.organization_id, c.created_at, c.created_at, c.user_id, 'Profile '
    || left(c.id::text, 8),
       c.icp_data, c.id, random() < 0.8
FROM ai_conversations c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.organization_id
WHERE random() < 0.2
ORDER BY c.id
"""

EXPANSIONS: Final = """
INSERT INTO ai_keyword_expansions (id, organization_id, original_keyword, expanded_keywords, model, usage_count)
SELECT pg_temp.key(%(now)s), tenant_id, 'keyword ' || place, '["one", "another"]', 'rules', floor(1 + 30 * random())
FROM pg_temp.scale_tenants, generate_series(1, GREATEST(%(leads)s / 2000, 5)) AS place
"""
