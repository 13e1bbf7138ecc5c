"""The values that messages are filled with, read for many leads in a few statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.languages import get_official_languages
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.design.models import Campaign
from campaigns.enrolment.models import CampaignLead
from campaigns.templates.filters import Weekday, locale_of
from campaigns.templates.variables import CUSTOM, SYNONYMS, UNSUBSCRIBE_MARKER, VARIABLES
from leads.contactability.whereabouts import whereabouts
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant

Account = EmailAccount | LinkedinAccount | ChannelAccount
Accounts = Account | Mapping[UUID, Account | None] | None

DEFAULT_LANGUAGE: Final = "en"
# Custom fields that name the lead's language, the first that is filled.
LANGUAGE_FIELDS: Final = ("language", "Language", "locale", "lang")
COMMON_LANGUAGES: Final = (
    *("ar", "cs", "da", "de", "el", "es", "fi", "fr", "he", "hi", "hu", "it", "ja", "ko"),
    *("nl", "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh"),
)

_LEAD_TEXTS: Final = ("first_name", "last_name", "title", "company_name", "email", "phone", "linkedin_url")
_LEAD_COLUMNS: Final = ("id", *_LEAD_TEXTS, "company_domain", "location", "custom_fields", "assigned_user_id")


class Context(dict[str, object]):
    """The values of one lead. Other names for a variable and bare names of custom fields are found too.

    ``seed`` is the same whenever a message of the enrolment is filled; ``language`` is the lead's.
    """

    seed: str = ""
    language: str = DEFAULT_LANGUAGE

    def __missing__(self, name: str) -> object:
        if name in SYNONYMS:
            found: Any = self
            for part in SYNONYMS[name].split("."):
                found = found[part]
            return found
        return self.get(CUSTOM, {})[name]  # type: ignore[index]  # always a mapping


def contexts(
    *,
    enrolments_or_leads: Sequence[CampaignLead] | Sequence[Lead],
    account: Accounts = None,
    campaign: Campaign | None = None,
    now: datetime | None = None,
) -> dict[UUID, Context]:
    """Return the values for each enrolment or lead, by its id. Costs three statements, whatever the number.

    ``account`` sends the messages: one for all, or one for each id. Values that are empty are left out, so that
    they count as missing. Call it in the tenant's scope.
    """
    rows: list[CampaignLead | Lead] = [*enrolments_or_leads]
    if not rows:
        return {}
    now = now or timezone.now()
    leads = _leads({_lead_id(row) for row in rows})
    accounts = {row.pk: account.get(row.pk) if isinstance(account, Mapping) else account for row in rows}
    users = _users(leads.values(), accounts.values(), campaign)
    tenant = campaign.tenant if campaign is not None else _tenant_of(rows[0])
    return {
        row.pk: _context(row, leads[_lead_id(row)], accounts[row.pk], campaign, users, tenant, now)
        for row in rows
        if _lead_id(row) in leads
    }


def enrolments(ids: Iterable[UUID]) -> list[CampaignLead]:
    """Return enrolments with the columns that ``contexts`` reads: instances with all of them cost twice as much."""
    return list(CampaignLead.objects.filter(pk__in=list(ids)).only("tenant", "lead", "lead_data", *_LEAD_TEXTS))


def sample_context(declared: Mapping[str, Mapping[str, Any]] | None = None, *, now: datetime | None = None) -> Context:
    """Return made-up values for all variables; ``declared`` adds those that a template declares."""
    found = Context()
    for variable in VARIABLES:
        if variable.sample:
            _put(found, variable.name, variable.sample)
    _put_dates(found, now or timezone.now(), ZoneInfo("UTC"))
    for name, about in (declared or {}).items():
        found[name] = str(about.get("sample") or about.get("label") or name) if isinstance(about, Mapping) else name
    return found


def language_of(custom: Mapping[str, object], country: str) -> str:
    """Return the lead's language: the one in its custom fields, or the first official one of its country."""
    for name in LANGUAGE_FIELDS:
        if isinstance(named := custom.get(name), str) and named.strip():
            return _language_named(named.strip())
    return _language_of_country(country)


@lru_cache(maxsize=1_000)
def _language_named(written: str) -> str:
    """Return the code of a language given as a code, or by its English or own name."""
    parts = written.replace("_", "-").split("-")
    code = "-".join([parts[0].lower(), *(part.upper() if len(part) == 2 else part.title() for part in parts[1:])])
    known = locale_of(code)
    if known.language == parts[0].lower():
        return code
    return _languages_by_name().get(written.lower(), DEFAULT_LANGUAGE)


@cache
def _languages_by_name() -> dict[str, str]:
    """Return the codes of languages by their names in English, and those of common ones by their own names."""
    found = {name.lower(): code.replace("_", "-") for code, name in locale_of("en").languages.items()}
    own = {(locale_of(code).get_language_name() or "").lower(): code for code in COMMON_LANGUAGES}
    return {**found, **own}


@lru_cache(maxsize=300)
def _language_of_country(country: str) -> str:
    languages = get_official_languages(country, de_facto=True) if country else ()
    return str(languages[0]).replace("_", "-") if languages else DEFAULT_LANGUAGE


def _lead_id(row: CampaignLead | Lead) -> UUID:
    found: UUID = row.lead_id if isinstance(row, CampaignLead) else row.pk
    return found


def _tenant_of(row: CampaignLead | Lead) -> Tenant:
    found: Tenant = Tenant.objects.only("name", "timezone", "country").get(pk=row.tenant_id)
    return found


def _leads(ids: set[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = Lead.all_objects.filter(pk__in=ids).order_by()
    found = rows.values(
        *_LEAD_COLUMNS,
        "social__data",
        raw_industry=KeyTextTransform("industry", "raw_data"),
        organization_industry=KeyTextTransform("industry", KeyTextTransform("organization", "raw_data")),
    )
    return {row["id"]: row for row in found}


def _users(
    leads: Iterable[Mapping[str, Any]], accounts: Iterable[Account | None], campaign: Campaign | None
) -> dict[UUID | None, User]:
    ids = {lead["assigned_user_id"] for lead in leads} | {each.user_id for each in accounts if each is not None}
    if campaign is not None:
        ids.add(campaign.created_by_user_id)
    rows = User.objects.filter(pk__in=ids - {None})
    return {user.pk: user for user in rows.only("first_name", "last_name", "email", "phone", "booking_url")}


def _context(
    row: CampaignLead | Lead,
    lead: Mapping[str, Any],
    account: Account | None,
    campaign: Campaign | None,
    users: Mapping[UUID | None, User],
    tenant: Tenant,
    now: datetime,
) -> Context:
    found = Context()
    copied = row if isinstance(row, CampaignLead) else None
    for name in _LEAD_TEXTS:
        # What was copied at the enrolment serves where the lead has nothing now.
        _put(found, name, lead[name] or getattr(copied, name, ""))
    custom = {name: value for name, value in lead["custom_fields"].items() if value not in (None, "", [], {})}
    found[CUSTOM] = custom
    _put(found, "full_name", f"{found.get('first_name', '')} {found.get('last_name', '')}")
    _put(found, "company_domain", lead["company_domain"])
    _put(found, "location", lead["location"])
    _put(found, "industry", _industry(custom, lead, copied))
    _put(found, "instagram", (lead["social__data"] or {}).get("instagram"))
    owner = users.get(lead["assigned_user_id"])
    sender = users.get(account.user_id) if account is not None else None
    if sender is None and not getattr(account, "from_name", ""):
        sender = owner or (users.get(campaign.created_by_user_id) if campaign is not None else None)
    found["owner"] = _person(owner)
    found["sender"] = sender_values(sender, account, tenant)
    _put(found, "booking_url", (owner and owner.booking_url) or (sender and sender.booking_url))
    found["campaign"] = {"name": campaign.name} if campaign is not None else {}
    found["unsubscribe_url"] = UNSUBSCRIBE_MARKER
    found.seed = str(row.pk)
    where = whereabouts(
        str(found.get("phone", "")),
        str(found.get("location", "")),
        tenant_zone=tenant.timezone,
        tenant_country=tenant.country,
    )
    found.language = language_of(custom, where.country)
    _put_dates(found, now, where.zones[0])
    return found


def _put(found: dict[str, Any], name: str, value: object) -> None:
    """Put a value under its name unless it is empty."""
    text = str(value or "").strip()
    if not text:
        return
    *groups, last = name.split(".")
    for group in groups:
        found = found.setdefault(group, {})
    found[last] = text


def _put_dates(found: Context, now: datetime, zone: ZoneInfo) -> None:
    local = now.astimezone(zone)
    found["now"], found["today"] = local, local.date()
    found["tomorrow"] = local.date() + timedelta(days=1)
    found["weekday"] = Weekday(local.year, local.month, local.day)


def _industry(custom: Mapping[str, Any], lead: Mapping[str, Any], copied: CampaignLead | None) -> str:
    given = copied.lead_data.get("industry") if copied is not None else None
    known = (custom.get("industry"), given, lead["raw_industry"], lead["organization_industry"])
    return next((each for each in known if isinstance(each, str) and each.strip()), "")


def _person(user: User | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if user is not None:
        _put(found, "name", f"{user.first_name} {user.last_name}")
        for name in ("first_name", "last_name", "email", "phone", "booking_url"):
            _put(found, name, getattr(user, name))
    return found


def sender_values(user: User | None, account: Account | None, tenant: Tenant) -> dict[str, Any]:
    """Return the values of the variables ``sender.…`` for messages that the user sends by the account."""
    found = _person(user)
    for name, value in (
        ("name", getattr(account, "from_name", "")),
        ("email", getattr(account, "email", "")),
        ("signature", getattr(account, "signature", "")),
        ("company", tenant.name),
    ):
        _put(found, name, value)
    if "first_name" not in found and "name" in found:
        _put(found, "first_name", found["name"].split()[0])
    return found
