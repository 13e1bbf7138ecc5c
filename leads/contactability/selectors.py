"""Read what decisions depend on: four statements in two round trips, for any number of leads."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from lad.db.queries import results
from lad.moments import WEEKDAYS
from leads.contactability.addresses import Hasher, Kind, addresses_of, company_domains
from leads.contactability.calendar import ALL_DAYS, HORIZON
from leads.contactability.facts import Caps, Facts, LeadFacts, Rules, SuppressionFact, TouchFact
from leads.contactability.limits import WEEK
from leads.contactability.models import ContactPolicy, PublicHolidays, Purpose
from leads.contactability.whereabouts import whereabouts

# Many values as one text, which costs a tenth of sending an array.
KEYS: Final = "string_to_array(%s, ',')::uuid[]"
HASHES: Final = "string_to_array(%s, ',')"
# Django leaves jsonb as text; json is read by psycopg.
LEADS: Final = f"""
SELECT leads.id, leads.email, leads.phone, leads.linkedin_url, leads.company_domain, leads.location,
    leads.is_archived, lead_social.data::json
FROM leads LEFT JOIN lead_social ON lead_social.tenant_id = leads.tenant_id AND lead_social.lead_id = leads.id
WHERE leads.tenant_id = %s AND leads.id = ANY({KEYS}) AND leads.deleted_at IS NULL
"""
# In the order of the keys, so that two workers never wait for each other.
LOCKED: Final = LEADS + "ORDER BY leads.id FOR NO KEY UPDATE OF leads"
RULES: Final = """
SELECT tenants.timezone, tenants.country, policy.id IS NOT NULL, policy.contact_from, policy.contact_until,
    policy.contact_days::json, policy.skips_holidays, policy.consent_required::json, policy.caps::json,
    policy.max_per_day, policy.max_per_week, policy.public_holidays, policy.holiday_countries::json,
    (SELECT json_agg(json_build_array(day, country, name)) FROM contact_holidays
     WHERE tenant_id = tenants.id AND day BETWEEN %s AND %s)
FROM tenants LEFT JOIN contact_policies AS policy ON policy.tenant_id = tenants.id
WHERE tenants.id = %s
"""
SUPPRESSIONS: Final = f"""
SELECT address_hash, channel, scope, reason, expires_at, lead_id FROM suppressions
WHERE tenant_id = %s AND address_hash = ANY({HASHES}) AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
UNION
SELECT address_hash, channel, scope, reason, expires_at, lead_id FROM suppressions
WHERE tenant_id = %s AND lead_id = ANY({KEYS}) AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
"""
HISTORY: Final = f"""
SELECT lead_id, channel, NULL::text, occurred_at FROM lead_touches
WHERE tenant_id = %s AND lead_id = ANY({KEYS}) AND occurred_at > %s AND direction = 'outbound' AND purpose = 'outreach'
    AND source_id <> ALL(%s)
UNION ALL
SELECT lead_id, channel, status, given_at FROM (
    SELECT DISTINCT ON (lead_id, channel) lead_id, channel, status, given_at FROM consent_records
    WHERE tenant_id = %s AND lead_id = ANY({KEYS}) AND channel = ANY(%s) AND purpose = 'outreach'
    ORDER BY lead_id, channel, given_at DESC, created_at DESC, id DESC
) AS newest
"""
_DAY: Final = timedelta(days=1)
_Statement = tuple[str, list[Any]]


def read(
    *,
    tenant_id: UUID,
    lead_ids: Sequence[UUID],
    channels: Collection[str],
    purpose: str,
    at: datetime,
    ignoring: Collection[UUID] = (),
    lock: bool = False,
    phones: Mapping[UUID, str] | None = None,
) -> Facts:
    """Return what decides about contacting the leads, at ``phones`` in place of their own numbers where there is one.

    With ``lock`` the leads are locked until the transaction ends, before anything else is read, so that what others
    recorded while this one waited is seen.
    """
    hasher = Hasher(tenant_id)
    who: _Statement = (LOCKED if lock else LEADS, [tenant_id, _joined(lead_ids)])
    first_day, last_day = at.date() - _DAY, at.date() + HORIZON + _DAY
    rows, rules_rows = results([who, (RULES, [first_day, last_day, tenant_id])])
    rules = _rules(rules_rows[0] if rules_rows else None, first_day, last_day)
    facts = Facts(rules=rules, leads={row[0]: _lead(row, hasher, rules, (phones or {}).get(row[0])) for row in rows})
    found = _joined(facts.leads)
    wanted = ",".join(_hashes_of(facts.leads.values()))
    questions: list[_Statement] = [(SUPPRESSIONS, [tenant_id, wanted, at, tenant_id, found, at])]
    if purpose != Purpose.SERVICE:
        counted = [tenant_id, found, at - WEEK, list(ignoring)]
        questions.append((HISTORY, [*counted, tenant_id, found, list(channels)]))
    suppressions, *history = results(questions)
    _add_suppressions(facts, suppressions)
    _add_history(facts, history[0] if history else ())
    return facts


def _joined(keys: Iterable[UUID]) -> str:
    return ",".join(map(str, keys))


def rules_of_policy(
    policy: ContactPolicy, *, zone: str, country: str, first_day: date = date.min, last_day: date = date.min
) -> Rules:
    """Return the rules of a policy, without the tenant's own holidays. A limit of 0 is none.

    Public holidays count from the first to the last day.
    """
    return Rules(
        zone=zone,
        country=country,
        start=policy.contact_from,
        end=policy.contact_until,
        days=frozenset(map(WEEKDAYS.index, policy.contact_days)) or ALL_DAYS,
        skips_holidays=policy.skips_holidays,
        consent_required=frozenset(policy.consent_required),
        caps={channel: Caps(each.get("per_day"), each.get("per_week")) for channel, each in policy.caps.items()},
        total=Caps(policy.max_per_day or None, policy.max_per_week or None),
        public=public_countries(policy, country),
        first_day=first_day,
        last_day=last_day,
    )


def public_countries(policy: ContactPolicy, country: str) -> frozenset[str] | None:
    """Return the countries whose public holidays count, None for all. ``country`` is the tenant's."""
    match policy.public_holidays:
        case PublicHolidays.OWN:
            return frozenset({country} - {""})
        case PublicHolidays.LEADS:
            return None
        case PublicHolidays.CHOSEN:
            return frozenset(policy.holiday_countries)
    return frozenset()


def _rules(row: tuple[Any, ...] | None, first_day: date, last_day: date) -> Rules:
    zone, country, exists, *columns, holidays = row or ("UTC", "", False, None)
    names = (
        "contact_from",
        "contact_until",
        "contact_days",
        "skips_holidays",
        "consent_required",
        "caps",
        "max_per_day",
        "max_per_week",
        "public_holidays",
        "holiday_countries",
    )
    policy = ContactPolicy(**dict(zip(names, columns, strict=True))) if exists else ContactPolicy()
    rules = rules_of_policy(policy, zone=zone, country=country, first_day=first_day, last_day=last_day)
    by_country: dict[str, dict[date, str]] = defaultdict(dict)
    for day, where, name in holidays or ():
        by_country[where][date.fromisoformat(day)] = name
    rules.holidays.update(by_country)  # type: ignore[attr-defined]  # this dict was just made
    return rules


def _lead(row: tuple[Any, ...], hasher: Hasher, rules: Rules, called: str | None = None) -> LeadFacts:
    key, email, phone, linkedin_url, company_domain, location, is_archived, social = row
    found = addresses_of(email_address=email, phone=phone, linkedin_url=linkedin_url, social=social)
    hashes = {address.kind: hasher.hashes(address.kind, address.value) for address in found}
    if called and called != phone:
        hashes[Kind.PHONE] = [*hasher.hashes(Kind.PHONE, called), *hashes.get(Kind.PHONE, ())]
        phone = called
    return LeadFacts(
        id=key,
        is_archived=is_archived,
        hashes=hashes,
        domain_hashes=hasher.of_domains(company_domains(company_domain, email)),
        place=whereabouts(phone, location, tenant_zone=rules.zone, tenant_country=rules.country),
    )


def _hashes_of(leads: Iterable[LeadFacts]) -> set[str]:
    wanted: set[str] = set()
    for lead in leads:
        wanted.update(lead.domain_hashes, *lead.hashes.values())
    return wanted


def _add_suppressions(facts: Facts, rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        fact = SuppressionFact(*row)
        facts.by_hash.setdefault(fact.address_hash, []).append(fact)
        if fact.lead_id is not None:
            facts.by_lead.setdefault(fact.lead_id, []).append(fact)


def _add_history(facts: Facts, rows: Iterable[tuple[Any, ...]]) -> None:
    for lead_id, channel, status, at in rows:
        if status is None:
            facts.touches.setdefault(lead_id, []).append(TouchFact(channel, at))
        else:
            facts.consents[lead_id, channel] = status
    for touches in facts.touches.values():
        touches.sort(key=lambda each: each.at)
