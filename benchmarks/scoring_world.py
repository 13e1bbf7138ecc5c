"""A tenant with a customer profile, many leads and a cache of their companies, for the benchmark of scores."""

from typing import Any, Final
from uuid import UUID

import orjson
import psycopg

MOST_COMPANIES: Final = 20_000
ICP: Final = {
    "roles": ["Head of Operations", "COO"],
    "industries": ["Logistics & supply chain", "Hospitals & clinics"],
    "locations": ["DACH", "Dubai, United Arab Emirates"],
    "employees": {"min": 50, "max": 500},
    "keywords": ["cold chain"],
    "technologies": ["SAP"],
    "excluded": {"industries": ["Marketing & advertising"]},
}
# A company of number n, the same for the same number.
COMPANY: Final = """
jsonb_build_object(
    'industry', (ARRAY['fintech','Hospital & Health Care','Farming','Software','Logistics','Marketing & Advertising'])
        [1 + n %% 6],
    'estimated_num_employees', 5 + n::bigint * 7919 %% 2000,
    'keywords', (
        SELECT jsonb_agg(CASE WHEN i = 10 AND n %% 2 = 0 THEN 'cold chain' ELSE 'word ' || n %% 999 * i %% 500 END)
        FROM generate_series(1, 10) AS i
    ),
    'technology_names', CASE WHEN n %% 3 = 0 THEN '["SAP", "Slack"]'::jsonb ELSE '["Shopify", "Jira"]'::jsonb END,
    'short_description', repeat('We move what others make. ', 20)
)
"""
INSERT_COMPANIES: Final = f"""
INSERT INTO company_search_cache (tenant_id, search_keywords, apollo_organization_id, company_domain, company_data)
SELECT %s, 'bench', 'org-' || n, 'company-' || n || '.example', {COMPANY} FROM generate_series(1, %s::integer) AS n
"""
INSERT_LEADS: Final = f"""
INSERT INTO leads (id, tenant_id, first_name, title, company_name, company_domain, location, raw_data, last_activity_at)
SELECT gen_random_uuid(), %s, 'Lead ' || n,
    (ARRAY['Head of','VP','Director of','Senior Manager','Chief','Junior','Lead','Group Head of'])[1 + n %% 8] || ' ' ||
    (ARRAY['Sales','Operations','Marketing','IT','Finance','HR','Procurement','Quality','Beekeeping'])[1 + n / 8 %% 9]
        || CASE WHEN n %% 4 = 0 THEN ', team ' || n %% 2000 ELSE '' END,
    'Company ' || n::bigint * 7919 %% %s, 'company-' || 1 + n::bigint * 7919 %% %s || '.example',
    (ARRAY['Berlin, Germany','München','Paris, France','Austin, TX','Dubai','Wien','Somewhere',''])[1 + n / 72 %% 8],
    CASE WHEN n %% 3 = 0 THEN jsonb_build_object('organization', {COMPANY}) END, now()
FROM generate_series(%s::integer, %s::integer) AS n
RETURNING id
"""
# As many points as there are, for leads that no job scored.
INSERT_SCORES: Final = """
INSERT INTO ai_lead_scores (id, created_at, scored_at, organization_id, profile_id, criteria_version, lead_id, points,
    known, is_excluded, reasons)
SELECT gen_random_uuid(), now(), now(), %(tenant)s, %(profile)s, sample.criteria_version, leads.id, sample.points,
    sample.known, sample.is_excluded, sample.reasons
FROM (SELECT id, row_number() OVER () AS number FROM leads WHERE tenant_id = %(tenant)s) AS leads
JOIN (
    SELECT *, row_number() OVER () AS number FROM (SELECT * FROM ai_lead_scores LIMIT 997) AS kept
) AS sample ON sample.number = 1 + leads.number %% 997
ON CONFLICT DO NOTHING
"""


def tenant_with_profile(database: psycopg.Connection[Any], companies: int) -> tuple[UUID, UUID, UUID]:
    """Make a tenant with an owner, a profile that scores its leads, and a cache of companies. Return their keys."""
    from lad.tenancy.context import platform_context
    from leads.pipeline.services import ensure
    from tenants.access.roles import Role
    from tenants.accounts.models import User
    from tenants.teams.models import Membership, PlanTier, Tenant

    with platform_context():
        tenant = Tenant.objects.create(name="Bench", slug="bench", plan_tier=PlanTier.ENTERPRISE)
        user = User.objects.create(email="bench@example.com", is_staff=True, primary_tenant=tenant)
    with platform_context(tenant_id=tenant.pk):
        Membership.objects.create(user=user, role=Role.OWNER)
        ensure(tenant.pk)
    row = database.execute(
        "INSERT INTO ai_icp_profiles (id, organization_id, user_id, name, icp_data, scores_leads)"
        " VALUES (gen_random_uuid(), %s, %s, 'Bench', %s, true) RETURNING id",
        [tenant.pk, user.pk, orjson.dumps(ICP).decode()],
    ).fetchone()
    assert row is not None
    database.execute(INSERT_COMPANIES, [tenant.pk, companies])
    return tenant.pk, user.pk, row[0]


def fill_leads(
    database: psycopg.Connection[Any], tenant_id: UUID, companies: int, present: int, count: int
) -> list[UUID]:
    """Add leads without events, audit entries and search texts. Return their keys in the order of the keys."""
    keys: list[UUID] = []
    database.execute("SET session_replication_role = replica")
    for first in range(present + 1, present + count + 1, 50_000):
        last = min(first + 49_999, present + count)
        rows = database.execute(INSERT_LEADS, [tenant_id, companies, companies, first, last]).fetchall()
        keys += [key for (key,) in rows]
    database.execute("SET session_replication_role = origin")
    return sorted(keys)


def fill_scores(database: psycopg.Connection[Any], tenant_id: UUID, profile_id: UUID) -> None:
    """Give a score to every lead that has none."""
    database.execute("SET session_replication_role = replica")
    database.execute(INSERT_SCORES, {"tenant": tenant_id, "profile": profile_id})
    database.execute("SET session_replication_role = origin")
