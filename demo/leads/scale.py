"""Leads and what hangs on them, in the proportions of a pipeline that has been at work for two years."""

from typing import Final

from demo.scale import Scale, one_of, words

STAGES: Final = (
    ("new", "New", "#3B82F6"),
    ("contacted", "Contacted", "#8B5CF6"),
    ("qualified", "Qualified", "#10B981"),
    ("proposal", "Proposal", "#F59E0B"),
    ("negotiation", "Negotiation", "#EF4444"),
    ("won", "Won", "#059669"),
    ("lost", "Lost", "#6B7280"),
)
STATUSES: Final = (
    ("active", "Active", "#10B981"),
    ("on_hold", "On hold", "#F59E0B"),
    ("closed_won", "Closed, won", "#059669"),
    ("closed_lost", "Closed, lost", "#6B7280"),
    ("archived", "Archived", "#9CA3AF"),
)


def fill(scale: Scale) -> None:
    _pipeline(scale)
    scale.insert("leads", LEADS, **words())
    scale.insert("lead_notes", NOTES)
    scale.insert("lead_social", SOCIAL)
    scale.insert("lead_attachments", ATTACHMENTS)
    scale.insert("lead_bookings", BOOKINGS)
    scale.insert("education_counsellors", COUNSELLORS)
    scale.insert("education_students", STUDENTS)
    scale.insert("company_search_cache", COMPANIES, **words())
    scale.insert("employees_cache", EMPLOYEES, **words())
    scale.insert("domain_events", EVENTS)
    scale.insert("activity_entries", ACTIVITY)


def _pipeline(scale: Scale) -> None:
    keys, labels, colours = (list(column) for column in zip(*STAGES, strict=True))
    scale.insert("lead_stages", STAGE_ROWS, keys=keys, labels=labels, colours=colours)
    keys, labels, colours = (list(column) for column in zip(*STATUSES, strict=True))
    scale.insert("lead_statuses", STATUS_ROWS, keys=keys, labels=labels, colours=colours)


STAGE_ROWS: Final = """
INSERT INTO lead_stages (id, tenant_id, key, label, color, display_order)
SELECT pg_temp.key(%(now)s), tenant_id, key, label, color, place
FROM pg_temp.scale_tenants,
     unnest(%(keys)s::text[], %(labels)s::text[], %(colours)s::text[]) WITH ORDINALITY AS s (key, label, color, place)
"""

STATUS_ROWS: Final = """
INSERT INTO lead_statuses (id, tenant_id, key, label, color)
SELECT pg_temp.key(%(now)s), tenant_id, key, label, color
FROM pg_temp.scale_tenants, unnest(%(keys)s::text[], %(labels)s::text[], %(colours)s::text[]) AS s (key, label, color)
"""

_SOURCE: Final = one_of(
    {"apollo_io": 8, "website": 4, "linkedin_search": 3, "inbound_csv": 2, "manual": 2, "referral": 1}
)

# The older a lead, the further it has come; the first of the members have most of them.
LEADS: Final = f"""
INSERT INTO leads (
    id, tenant_id, created_at, updated_at, created_by_user_id, assigned_user_id, assigned_at, first_name, last_name,
    email, phone, country_code, base_number, title, company_name, company_domain, location, linkedin_url, stage,
    status, priority, estimated_value, currency, source, source_id, tags, custom_fields, raw_data, notes, is_archived,
    last_activity_at, last_contacted_at, next_follow_up_at, deleted_at, deletion_id)
SELECT pg_temp.key(made), tenant_id, made, made + (%(now)s - made) * chance, members[1], person,
       CASE WHEN person IS NOT NULL THEN made END, first_name, last_name,
       CASE WHEN chance < 0.9 THEN regexp_replace(lower(first_name || '.' || last_name), '[^a-z.]', '', 'g')
            || number || '@' || domain ELSE '' END,
       CASE WHEN has_phone THEN '+1' || phone ELSE '' END, CASE WHEN has_phone THEN '+1' ELSE '' END,
       CASE WHEN has_phone THEN phone END, job, company, domain, place,
       CASE WHEN chance < 0.6 THEN 'https://linkedin.example/in/' || number ELSE '' END, stage,
       CASE WHEN stage = 'won' THEN 'closed_won' WHEN stage = 'lost' THEN 'closed_lost'
            ELSE {one_of({"active": 17, "on_hold": 2, "archived": 1})} END,
       floor(5 * power(chance, 3)), CASE WHEN chance < 0.7 THEN round((500 + 90000 * power(random(), 4))::numeric,
       2) END,
       {one_of({"USD": 6, "EUR": 3, "GBP": 1})}, source,
       CASE WHEN source LIKE 'apollo%%' THEN md5(number::text) ELSE '' END,
       to_jsonb(ARRAY[{one_of({"Hot Lead": 2, "Warm Lead": 5, "Cold Lead": 9})}]),
       jsonb_build_object('budget', floor(random() * 100), 'region', place),
       CASE WHEN source LIKE 'apollo%%' THEN jsonb_build_object('title', job, 'headline', job || ' at ' || company,
            'employment_history', jsonb_build_array(jsonb_build_object('organization_name', company))) END,
       '', stage = 'lost' AND chance < 0.5, made + (%(now)s - made) * chance,
       CASE WHEN stage <> 'new' THEN made + (%(now)s - made) * chance * 0.9 END,
       CASE WHEN stage NOT IN ('won', 'lost') AND chance < 0.3 THEN %(now)s + interval '30 days' * (random() - 0.2) END,
       CASE WHEN gone THEN made + (%(now)s - made) * 0.9 END, CASE WHEN gone THEN gen_random_uuid() END
FROM (
    SELECT *, first || ' ' || second AS company, lower(first || '-' || second) || '.example' AS domain,
           2015550100::bigint + (number %% 780) * 10000000::bigint + (number / 780) %% 100 AS phone,
           CASE WHEN progress < 0.40 THEN 'new' WHEN progress < 0.62 THEN 'contacted' WHEN progress < 0.75
               THEN 'qualified'
                WHEN progress < 0.83 THEN 'proposal' WHEN progress < 0.87 THEN 'negotiation'
                WHEN progress < 0.92 THEN 'won' ELSE 'lost' END AS stage
    FROM (
        SELECT number, tenant_id, members, made, random() AS chance, random() < 0.8 AS has_phone, random() < 0.02
            AS gone,
               random() * 0.75 + 0.3 * (1 - extract(epoch FROM made - %(beginning)s)
                                            / extract(epoch FROM %(now)s - %(beginning)s)) AS progress,
               CASE WHEN random() < 0.85 THEN pg_temp.some(members) END AS person,
               pg_temp.one(%(firsts)s::text[]) AS first_name, pg_temp.one(%(lasts)s::text[]) AS last_name,
               pg_temp.one(%(jobs)s::text[]) AS job, pg_temp.one(%(places)s::text[]) AS place,
               pg_temp.one(%(company_firsts)s::text[]) AS first, pg_temp.one(%(company_seconds)s::text[]) AS second,
               {_SOURCE} AS source
        FROM (
            SELECT number, floor(random() * 1000)::integer AS slot,
                   %(beginning)s + (%(now)s - %(beginning)s) * sqrt((number - random()) / %(leads)s) AS made
            FROM generate_series(%(first)s::integer, %(last)s::integer) AS number
        ) AS numbered JOIN pg_temp.scale_slots USING (slot) JOIN pg_temp.scale_tenants USING (tenant_id)
    ) AS drawn
) AS lead ORDER BY number
"""

NOTES: Final = f"""
INSERT INTO lead_notes (id, tenant_id, created_at, updated_at, lead_id, created_by_user_id, content)
SELECT pg_temp.key(made), tenant_id, made, made, lead_id, person,
       {
    one_of(
        {
            "Spoke briefly, asked to be called again after the holidays.": 3,
            "Budget is decided in the first quarter; sends us their tender.": 2,
            "Left a message with the front desk.": 3,
            "Wants a demonstration for the whole team, prefers mornings.": 1,
            "Met at the trade fair, is comparing us with two others.": 1,
        }
    )
} || ' (' || number || ')'
FROM (SELECT l.tenant_id, l.id AS lead_id, pg_temp.some(members) AS person, number,
             l.created_at + (%(now)s - l.created_at) * power(random(), 3) AS made
      FROM leads l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id,
           generate_series(1, floor(3 * power(('x' || right(l.id::text, 4))::bit(16)::integer / 65536.0,
           3))::integer) AS number
      WHERE l.id >= %(low)s AND l.id < %(high)s) AS note ORDER BY made
"""

SOCIAL: Final = """
INSERT INTO lead_social (id, tenant_id, created_at, updated_at, lead_id, data)
SELECT pg_temp.key(l.created_at), l.tenant_id, l.created_at, l.created_at, l.id,
       jsonb_build_object('linkedin', l.linkedin_url)
       || CASE WHEN l.phone <> '' THEN jsonb_build_object('whatsapp', l.phone) ELSE '{}' END
FROM leads l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
WHERE l.id >= %(low)s AND l.id < %(high)s AND l.linkedin_url <> ''
ORDER BY l.id
"""

ATTACHMENTS: Final = f"""
INSERT INTO lead_attachments (id, tenant_id, created_at, updated_at, lead_id, file_url, file_name, file_type,
                              file_size, checksum, uploaded_by_user_id)
SELECT key, tenant_id, made, made, lead_id, 'scale/' || tenant_id || '/' || key || '.pdf',
       {one_of({"Offer": 3, "Contract": 1, "Requirements": 2, "Minutes": 2, "Brochure": 1})} || ' '
           || left(md5(key::text), 6)
       || '.pdf', 'application/pdf', floor(20000 + 900000 * random()), encode(sha256(key::text::bytea), 'hex'), person
FROM (SELECT l.tenant_id, l.id AS lead_id, pg_temp.some(members) AS person, made, pg_temp.key(made) AS key
      FROM (SELECT *, created_at + (%(now)s - created_at) * random() AS made
            FROM leads WHERE id >= %(low)s AND id < %(high)s AND random() < 0.05) AS l
      JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id OFFSET 0) AS attachment ORDER BY made
"""

# Everybody's bookings stand evenly from a year ago until in three weeks, so that no two are at one time.
BOOKINGS: Final = f"""
INSERT INTO lead_bookings (id, tenant_id, created_at, updated_at, lead_id, assigned_user_id, booking_type,
                           booking_source, scheduled_at, buffer_until, timezone, status, call_result,
                           created_by_user_id,
                           task_name, task_scheduled_at, task_status, executed_at, execution_attempts)
SELECT pg_temp.key(made), tenant_id, made, made, lead_id, person, kind,
       {one_of({"user_ui": 5, "voice_agent": 2, "campaign": 2, "system": 1})},
       starts, starts + interval '15 minutes', {one_of({"UTC": 3, "Europe/London": 2, "America/New_York": 1})}, status,
       CASE WHEN status = 'completed' THEN {one_of({"answered": 4, "voicemail": 1})}
            WHEN status = 'missed' THEN {one_of({"no_answer": 4, "busy": 1, "rejected": 1})} END, person,
       CASE WHEN automatic THEN 'follow-up-call' ELSE '' END, CASE WHEN automatic THEN starts END,
       CASE WHEN NOT automatic THEN 'pending' WHEN status = 'completed' THEN 'executed'
            WHEN status IN ('missed', 'failed') THEN 'failed' WHEN status = 'cancelled' THEN 'cancelled'
            ELSE 'scheduled' END,
       CASE WHEN automatic AND status = 'completed' THEN starts END, (automatic AND status <> 'scheduled')::integer
FROM (
    SELECT *, least(%(now)s, greatest(lead_made, starts - interval '3 days')) AS made, kind = 'auto_followup'
        AS automatic,
           CASE WHEN starts > %(now)s THEN {one_of({"scheduled": 6, "confirmed": 3, "cancelled": 1})}
                ELSE {one_of({"completed": 13, "missed": 3, "cancelled": 3, "failed": 1})} END AS status
    FROM (
        SELECT *, %(now)s + interval '21 days' - interval '386 days' * (1 - place / (total + 1.0)) AS starts,
               {
    one_of(
        {
            "manual_followup": 6,
            "auto_followup": 4,
            "callback_requested": 3,
            "demo": 3,
            "consultation": 2,
            "onboarding": 1,
        }
    )
} AS kind
        FROM (
            SELECT id AS lead_id, tenant_id, assigned_user_id AS person, created_at AS lead_made,
                   row_number() OVER mine AS place, count(*) OVER (PARTITION BY assigned_user_id) AS total
            FROM (SELECT l.* FROM leads l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
                  WHERE l.assigned_user_id IS NOT NULL AND l.deleted_at IS NULL AND random() < 0.25) AS booked
            WINDOW mine AS (PARTITION BY assigned_user_id ORDER BY created_at)
        ) AS placed
    ) AS timed
) AS booking ORDER BY made
"""

COUNSELLORS: Final = """
INSERT INTO education_counsellors (id, tenant_id, user_id, counselor_code, display_name, designation, specialization,
                                   timezone, availability_rules)
SELECT pg_temp.key(%(now)s), t.tenant_id, u.id, 'C' || place, u.first_name || ' ' || u.last_name, 'Counsellor',
       pg_temp.one('{undergraduate,graduate,mba,stem,arts,visa,scholarships}'), 'Europe/London', '{}'
FROM pg_temp.scale_tenants t, unnest(members) WITH ORDINALITY AS m (id, place) JOIN users u ON u.id = m.id
WHERE education AND place %% 2 = 1
"""

STUDENTS: Final = f"""
INSERT INTO education_students (id, tenant_id, created_at, updated_at, lead_id, student_parent_name,
                                parent_designation, program_interested_in, country_interested, intake_year,
                                intake_month)
SELECT pg_temp.key(l.created_at), l.tenant_id, l.created_at, l.created_at, l.id, 'Parent of ' || l.first_name,
       {one_of({"Mother": 1, "Father": 1, "Guardian": 1})},
       {one_of({"Computer Science": 5, "Business": 4, "Medicine": 2, "Law": 1, "Design": 1})},
       {one_of({"uk": 5, "canada": 3, "usa": 3, "australia": 2, "germany": 1})},
       extract(year FROM %(now)s)::integer + floor(2 * random())::integer,
       {one_of({"september": 6, "january": 3, "may": 1})}
FROM leads l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
WHERE education AND l.id >= %(low)s AND l.id < %(high)s AND random() < 0.3
ORDER BY l.id
"""

COMPANIES: Final = """
INSERT INTO company_search_cache (tenant_id, created_at, updated_at, search_keywords, search_location, search_industry,
                                  apollo_organization_id, company_name, company_domain, company_data, page_number,
                                  access_count, last_accessed_at)
SELECT tenant_id, made, made, 'search ' || number / 25, lower(place), '', md5(number::text), first || ' ' || second,
       lower(first || '-' || second) || '.example',
       jsonb_build_object('estimated_num_employees', floor(random() * 5000), 'city', place), 1 + number %% 25 / 10,
       floor(9 * random()), made + (%(now)s - made) * random()
FROM (SELECT number, tenant_id, %(now)s - interval '1 year' * (1 - number / %(leads)s::float) AS made,
             pg_temp.one(%(places)s::text[]) AS place, pg_temp.one(%(company_firsts)s::text[]) AS first,
             pg_temp.one(%(company_seconds)s::text[]) AS second
      FROM (SELECT number, floor(random() * 1000)::integer AS slot FROM generate_series(1, %(leads)s / 10)
          AS number) AS n
      JOIN pg_temp.scale_slots USING (slot)) AS company ORDER BY made
"""

EMPLOYEES: Final = """
INSERT INTO employees_cache (tenant_id, created_at, updated_at, company_id, company_name, company_domain, employee_name,
                             employee_title, employee_email, employee_linkedin_url, employee_city, apollo_person_id,
                             employee_data, last_fetched_at)
SELECT tenant_id, made, made, md5((number / 8)::text), first || ' ' || second, lower(first || '-' || second)
    || '.example',
       first_name || ' ' || last_name, job, '', 'https://linkedin.example/in/p' || number, place, md5('p' || number),
       jsonb_build_object('seniority', 'manager', 'headline', job), made
FROM (SELECT number, tenant_id, %(now)s - interval '1 year' * (1 - number * 5 / %(leads)s::float) AS made,
             pg_temp.one(%(firsts)s::text[]) AS first_name, pg_temp.one(%(lasts)s::text[]) AS last_name,
             pg_temp.one(%(jobs)s::text[]) AS job, pg_temp.one(%(places)s::text[]) AS place,
             pg_temp.one(%(company_firsts)s::text[]) AS first, pg_temp.one(%(company_seconds)s::text[]) AS second
      FROM (SELECT number, floor(random() * 1000)::integer AS slot FROM generate_series(1, %(leads)s / 5)
          AS number) AS n
      JOIN pg_temp.scale_slots USING (slot)) AS employee ORDER BY made
"""

# A fifth of the leads were added by hand; the rest came in by the thousand, which is no news.
EVENTS: Final = """
INSERT INTO domain_events (id, tenant_id, created_at, event_type, aggregate_type, aggregate_id, payload, processed,
                           processed_at, metadata)
SELECT pg_temp.key(l.created_at), l.tenant_id, l.created_at, 'leads.lead.created', 'lead', l.id, '{}', true,
l.created_at,
       jsonb_build_object('version', 1, 'actor_id', l.created_by_user_id)
FROM leads l JOIN pg_temp.scale_tenants t ON t.tenant_id = l.tenant_id
WHERE l.source IN ('manual', 'website') AND l.id >= %(low)s AND l.id < %(high)s
ORDER BY l.id
"""

ACTIVITY: Final = """
INSERT INTO activity_entries (id, tenant_id, created_at, event_id, event_type, actor_id, actor_label, verb,
subject_type,
                              subject_id, subject_label, summary, occurred_at)
SELECT pg_temp.key(e.created_at), e.tenant_id, e.created_at, e.id, e.event_type, u.id, u.first_name || ' '
    || u.last_name,
       'created', 'lead', l.id, l.first_name || ' ' || l.last_name,
       u.first_name || ' ' || u.last_name || ' created the lead ' || l.first_name || ' ' || l.last_name, e.created_at
FROM domain_events e JOIN pg_temp.scale_tenants t ON t.tenant_id = e.tenant_id
JOIN leads l ON l.id = e.aggregate_id JOIN users u ON u.id = l.created_by_user_id
WHERE e.id >= %(low)s AND e.id < %(high)s
ORDER BY e.id
"""
