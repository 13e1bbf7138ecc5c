"""Read what is known of leads, many at a time, and the profile that scores a tenant's leads."""

from collections.abc import Iterator, Sequence
from json import loads
from typing import Any, Final
from uuid import UUID

from django.db import connection

from aiicp.profiles.models import IcpProfile
from aiicp.scoring import facts
from aiicp.scoring.facts import Facts

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
READ_LEADS: Final = f"""
SELECT leads.id, title, company_name, company_domain, location,
    {PICKED.format(column="custom_fields")},
    {PICKED.format(column="raw_data")},
    {PICKED.format(column="raw_data->'organization'")},
    {PICKED.format(column="company.company_data")}
FROM leads
LEFT JOIN LATERAL (
    SELECT company_data FROM company_search_cache
    WHERE tenant_id = leads.tenant_id AND company_search_cache.company_domain = leads.company_domain
    AND leads.company_domain <> ''
    ORDER BY created_at DESC LIMIT 1
) AS company ON true
WHERE leads.id = ANY(%(ids)s::uuid[]) AND leads.deleted_at IS NULL
ORDER BY leads.id
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


def facts_of_leads(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Facts]]:
    """Yield what is known of each lead, deleted ones left out, with one statement.

    What the tenant entered comes before what a provider said of the person, and that before what the cache of
    companies says of the lead's domain.
    """
    with connection.cursor() as cursor:
        cursor.execute(READ_LEADS, {"ids": list(ids), "keys": KEYS})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    for key, title, company, domain, location, *data in found:
        known = {"title": title, "company": company, "domain": domain, "location": location}
        own, person, organization, cached = map(_parsed, data)
        provided = {**(person or {}), "organization": organization}
        yield key, facts.from_data(known, own, provided, {"organization": cached})


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


def _parsed(value: Any) -> Any:
    """Return JSON as Django's cursors return it: as text."""
    return loads(value) if isinstance(value, str) else value
