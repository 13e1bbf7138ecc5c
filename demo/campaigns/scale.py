"""Campaigns with their steps, the leads enrolled in them, and what was done for these."""

from typing import Final

from demo.scale import Scale, one_of


def fill(scale: Scale) -> None:
    scale.insert("campaigns", CAMPAIGNS)
    scale.insert("campaign_steps", STEPS)
    scale.insert("communication_templates", TEMPLATES)
    scale.insert("email_accounts", MAILBOXES)
    scale.insert("social_linkedin_accounts", LINKEDIN)
    scale.insert("campaign_linkedin_accounts", ASSIGNMENTS)
    scale.insert("campaign_leads", ENROLMENTS)
    scale.insert("campaign_lead_activities", ACTIVITIES)


# So that a tenant with half of a million leads has about a hundred.
CAMPAIGNS: Final = f"""
INSERT INTO campaigns (id, tenant_id, created_at, updated_at, name, status, starts_at, config, created_by_user_id,
                       execution_state, next_run_at)
SELECT pg_temp.key(made), tenant_id, made, made, 'Campaign ' || place, status, made + interval '1 day',
       jsonb_build_object('campaign_type', 'multi_channel', 'leads_per_day', 50), pg_temp.some(members),
       CASE status WHEN 'running' THEN 'active' WHEN 'completed' THEN 'completed' ELSE 'waiting_for_leads' END,
       CASE WHEN status = 'running' THEN %(now)s + interval '1 hour' * random() END
FROM (SELECT tenant_id, members, place,
             %(beginning)s + (%(now)s - %(beginning)s) * sqrt((place - random()) / total) AS made,
             {one_of({"draft": 1, "running": 4, "paused": 2, "completed": 6, "stopped": 1, "archived": 2})} AS status
      FROM (SELECT t.*, (3 + %(leads)s * count(*) / 5000000)::integer AS total
            FROM pg_temp.scale_tenants t JOIN pg_temp.scale_slots USING (tenant_id) GROUP BY t.tenant_number,
            t.tenant_id,
                 t.members, t.education) AS sized, generate_series(1, total) AS place) AS campaign ORDER BY made
"""

STEPS: Final = """
INSERT INTO campaign_steps (id, tenant_id, created_at, updated_at, campaign_id, type, "order", title, config)
SELECT pg_temp.key(c.created_at), c.tenant_id, c.created_at, c.created_at, c.id, type, place, title, setup::jsonb
FROM campaigns c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id,
     (VALUES (1, 'linkedin_connect', 'Invite', '{}'), (2, 'delay', 'Wait two days', '{"days": 2}'),
             (3, 'linkedin_message', 'Say hello', '{"message": "Hello {{first_name}}"}'),
             (4, 'email_send', 'Introduce us', '{"subject": "Hello", "body": "Dear {{first_name}}, …"}'),
             (5, 'email_followup', 'Ask again', '{"subject": "Once more", "body": "Dear {{first_name}}, …"}'))
         AS step (place, type, title, setup)
"""

TEMPLATES: Final = """
INSERT INTO communication_templates (id, tenant_id, name, channel, template_key, subject, body)
SELECT pg_temp.key(%(now)s), tenant_id, 'Template ' || place, 'email', 'scale-' || place, 'Hello',
'Dear {{first_name}}, …'
FROM pg_temp.scale_tenants, generate_series(1, 20) AS place
"""

MAILBOXES: Final = """
INSERT INTO email_accounts (id, tenant_id, email, smtp_host, smtp_port)
SELECT pg_temp.key(%(now)s), tenant_id, 'sales' || place || '@scale-' || tenant_number || '.example', 'smtp.example',
587
FROM pg_temp.scale_tenants, generate_series(1, 3) AS place
"""

LINKEDIN: Final = """
INSERT INTO social_linkedin_accounts (id, tenant_id, account_name, user_id, unipile_account_id)
SELECT pg_temp.key(%(now)s), tenant_id, 'Account of ' || u.first_name, u.id, 'scale-' || u.id
FROM pg_temp.scale_tenants, unnest(members[1:3]) AS m (id) JOIN users u ON u.id = m.id
"""

ASSIGNMENTS: Final = """
INSERT INTO campaign_linkedin_accounts (id, tenant_id, campaign_id, linkedin_account_id, is_primary)
SELECT pg_temp.key(c.created_at), c.tenant_id, c.id, a.id, true
FROM campaigns c JOIN pg_temp.scale_tenants t ON t.tenant_id = c.tenant_id,
     LATERAL (SELECT id FROM social_linkedin_accounts WHERE tenant_id = c.tenant_id ORDER BY id LIMIT 1) AS a
"""

# Half of the leads are in one campaign, the one that began last before they came.
ENROLMENTS: Final = f"""
INSERT INTO campaign_leads (id, tenant_id, created_at, updated_at, campaign_id, lead_id, first_name, last_name, email,
                            company_name, title, linkedin_url, phone, status, current_step_order, started_at,
                            completed_at)
SELECT pg_temp.key(made), tenant_id, made, made, campaign_id, lead_id, first_name, last_name, email, company_name,
title,
       linkedin_url, phone, progress, CASE progress WHEN 'pending' THEN 0 WHEN 'completed' THEN 5
           ELSE 1 + floor(4 * random()) END,
       CASE WHEN progress <> 'pending' THEN made + (%(now)s - made) * 0.1 END,
       CASE WHEN progress = 'completed' THEN made + (%(now)s - made) * 0.5 END
FROM (SELECT l.*, c.id AS campaign_id, l.id AS lead_id, l.created_at + (%(now)s - l.created_at) * 0.05 AS made,
             {one_of({"pending": 1, "active": 4, "completed": 12, "stopped": 2, "error": 1})} AS progress
      FROM (SELECT * FROM leads WHERE id >= %(low)s AND id < %(high)s AND random() < 0.5) AS l
      JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id,
           LATERAL (SELECT id FROM campaigns WHERE tenant_id = l.tenant_id
                    ORDER BY created_at > l.created_at, abs(extract(epoch FROM l.created_at - created_at)) LIMIT 1) AS c
     ) AS chosen ORDER BY made
"""

ACTIVITIES: Final = f"""
INSERT INTO campaign_lead_activities (id, tenant_id, created_at, updated_at, campaign_id, campaign_lead_id, step_id,
channel,
                                      step_type, action_type, status, subject, message_content, executed_at, provider,
                                      provider_event_id)
SELECT pg_temp.key(made), tenant_id, made, made, campaign_id, enrolment_id, step_id,
       CASE WHEN type LIKE 'linkedin%%' THEN 'linkedin' WHEN type LIKE 'email%%' THEN 'email' END, type, type,
       {
    one_of(
        {
            "sent": 8,
            "delivered": 8,
            "opened": 5,
            "connected": 4,
            "replied": 2,
            "clicked": 1,
            "failed": 1,
            "skipped": 1,
            "queued": 1,
        }
    )
}, CASE WHEN type LIKE 'email%%' THEN 'Hello' ELSE '' END,
       CASE WHEN type <> 'delay' THEN 'Dear ' || first_name || ', we should talk.' ELSE '' END, made, 'scale',
       enrolment_id || '-' || place
FROM (SELECT e.tenant_id, e.campaign_id, e.id AS enrolment_id, e.first_name, s.id AS step_id, s.type, s."order"
    AS place,
             e.started_at + (COALESCE(e.completed_at, %(now)s) - e.started_at) * s."order" / 6 AS made
      FROM campaign_leads e JOIN pg_temp.scale_tenants t ON t.tenant_id = e.tenant_id
      JOIN leads l ON l.id = e.lead_id
      JOIN campaign_steps s ON s.campaign_id = e.campaign_id AND s."order" <= e.current_step_order AND s."order" <= 3
      WHERE e.started_at IS NOT NULL AND e.lead_id >= %(low)s AND e.lead_id < %(high)s) AS done ORDER BY made
"""
