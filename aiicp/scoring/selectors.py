"""Read what is known of leads, many at a time, and the profile that scores a tenant's leads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from aiicp.profiles.models import IcpProfile
from aiicp.scoring import facts
from aiicp.scoring.facts import Facts
from leads.contacts.models import Lead

# Of a provider's data only these keys are read: the rest can be large.
KEYS: Final = [
    *facts.INDUSTRY,
    *facts.EMPLOYEES,
    *facts.KEYWORDS,
    *facts.TECHNOLOGIES,
    *facts.DESCRIPTIONS,
    "seniority",
    "departments",
]
PICKED: Final = (
    "CASE WHEN jsonb_typeof({column}) = 'object' THEN"
    " (SELECT jsonb_object_agg(key, value) FROM jsonb_each({column}) WHERE key = ANY(%(keys)s)) END"
)
# The companies are read together: one by one, the newest of each would be looked for among all of the tenant's. The
# leads' domains are in byte order; without the collation of the cache, its index would not find them.
READ_LEADS: Final = f"""
WITH chosen AS MATERIALIZED (
    SELECT id, tenant_id, title, company_name, company_domain COLLATE "default" AS company_domain, location,
        custom_fields, raw_data, statement_timestamp() AS read_at
    FROM leads WHERE id = ANY(%(ids)s::uuid[]) AND deleted_at IS NULL
),
domains AS MATERIALIZED (SELECT DISTINCT tenant_id, company_domain FROM chosen WHERE company_domain <> ''),
companies AS MATERIALIZED (
    SELECT DISTINCT ON (tenant_id, company_domain) tenant_id, company_domain, company_data
    FROM company_search_cache JOIN domains USING (tenant_id, company_domain)
    ORDER BY tenant_id, company_domain, created_at DESC, company_search_cache.id DESC
)
SELECT id, read_at, title, company_name, company_domain, location,
    {PICKED.format(column="custom_fields")},
    {PICKED.format(column="raw_data")},
    {PICKED.format(column="raw_data->'organization'")},
    {PICKED.format(column="company_data")}
FROM chosen LEFT JOIN companies USING (tenant_id, company_domain)
ORDER BY id
"""
UNSCORED: Final = """
SELECT leads.id FROM leads
WHERE leads.tenant_id = %(tenant)s AND leads.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM ai_lead_scores
    WHERE organization_id = %(tenant)s AND profile_id = %(profile)s AND lead_id = leads.id
    AND criteria_version >= %(version)s
)
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class KnownLead:
    """What was known of a lead at one moment."""

    id: UUID
    facts: Facts
    read_at: datetime


def known_leads(ids: Sequence[UUID]) -> Iterator[KnownLead]:
    """Yield what is known of each lead in the order of their ids, deleted ones left out, with one statement.

    What the tenant entered comes before what a provider said of the person, and that before what the cache of
    companies says of the lead's domain.
    """
    with connection.cursor() as cursor:
        cursor.execute(READ_LEADS, {"ids": list(ids), "keys": KEYS})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    for key, read_at, title, company, domain, location, *data in found:
        known = {"title": title, "company": company, "domain": domain, "location": location}
        own, person, organization, cached = map(_parsed, data)
        provided = {**(person or {}), "organization": organization}
        yield KnownLead(key, facts.from_data(known, own, provided, {"organization": cached}), read_at)


def scoring_profile(tenant_id: UUID | None) -> IcpProfile | None:
    """Return the profile whose scores the list of leads shows, or None."""
    if tenant_id is None:
        return None
    return IcpProfile.objects.filter(tenant=tenant_id, scores_leads=True).first()


def unscored_leads(profile: IcpProfile, limit: int) -> list[UUID]:
    """Return leads without a score by what the profile says now."""
    values: dict[str, Any] = {
        "tenant": profile.tenant_id,
        "profile": profile.pk,
        "version": profile.criteria_version,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNSCORED, values)
        return [key for (key,) in cursor.fetchall()]


def leads_of_companies(tenant_id: UUID, domains: Iterable[str]) -> list[UUID]:
    """Return the leads of companies with these domains."""
    rows = Lead.objects.filter(tenant=tenant_id, company_domain__in={each.lower() for each in domains} - {""})
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _parsed(value: Any) -> Any:
    """Return JSON as Django's cursors return it: as text."""
    return orjson.loads(value) if isinstance(value, str) else value
