"""What Apollo answers, as typed records. Fields it leaves out are empty, never made up."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from leads.companies.apollo.queries import MAX_PAGE

MAX_SHOWN: Final = 50_000
# Addresses that stand for none: Apollo's own, and mailboxes that belong to no person.
PLACEHOLDER_PARTS: Final = ("not_unlocked", "noemail", "no_email", "domain.com")
ROLE_MAILBOXES: Final = frozenset({"info", "contact", "admin", "support", "hello"})
PLACEHOLDER_DOMAINS: Final = frozenset({"example.com", "domain.com"})
_ADDRESS: Final = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """A company. ``data`` is Apollo's own record."""

    id: str
    name: str
    domain: str = ""
    website: str = ""
    linkedin_url: str = ""
    industry: str = ""
    keywords: tuple[str, ...] = ()
    employees: int | None = None
    # US dollars.
    revenue: int | None = None
    total_funding: int | None = None
    funding_stage: str = ""
    founded_year: int | None = None
    phone: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    description: str = ""
    technologies: tuple[str, ...] = ()
    data: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person as a search shows them. The last name is obfuscated, such as ``Hu***n``; a match tells it."""

    id: str
    first_name: str
    last_name: str
    title: str
    company_name: str
    has_email: bool
    # None is Apollo's "maybe".
    has_phone: bool | None
    refreshed_at: str = ""
    data: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class Phone:
    """A number of a person in E.164, with Apollo's words for its type, confidence, and do-not-call status."""

    number: str
    type: str = ""
    confidence: str = ""
    status: str = ""
    do_not_call: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a match tells them. ``email`` is empty if Apollo has none, or a placeholder."""

    id: str
    first_name: str
    last_name: str
    name: str
    title: str = ""
    headline: str = ""
    seniority: str = ""
    departments: tuple[str, ...] = ()
    email: str = ""
    # verified, unverified, likely to engage, unavailable.
    email_status: str = ""
    linkedin_url: str = ""
    photo_url: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    company: Company | None = None
    # Those that the team knew before. New ones arrive later.
    phones: tuple[Phone, ...] = ()
    data: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of a people search."""

    people: tuple[FoundPerson, ...]
    total: int
    page: int
    per_page: int

    @property
    def has_more(self) -> bool:
        """Return whether there is a next page that Apollo shows."""
        return _has_more(self.total, self.page, self.per_page)


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """One page of a company search. ``credits`` is what Apollo charges for it."""

    companies: tuple[Company, ...]
    total: int
    page: int
    per_page: int

    @property
    def has_more(self) -> bool:
        """Return whether there is a next page that Apollo shows."""
        return _has_more(self.total, self.page, self.per_page)

    @property
    def credits(self) -> int:
        """Return what Apollo charges: one credit for a page that is not empty."""
        return 1 if self.companies else 0


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """The answer to a match. ``person`` is None if Apollo knows nobody like that, which it does not charge.

    ``request_id`` names the phones that will arrive; empty if none were asked for. ``credits`` is what Apollo says
    that it charged so far, or None if it does not say.
    """

    person: Person | None
    request_id: str = ""
    credits: int | None = None


@dataclass(frozen=True, slots=True)
class PeopleAnswer:
    """The answer to a bulk match, by the ids that were asked for. None stands for people Apollo does not know."""

    people: Mapping[str, Person | None]
    request_id: str = ""
    credits: int | None = None


@dataclass(frozen=True, slots=True)
class CompanyAnswer:
    """The answer to an enrichment. ``company`` is None if Apollo does not know the domain, which it does not charge."""

    company: Company | None

    @property
    def credits(self) -> int:
        return 1 if self.company else 0


@dataclass(frozen=True, slots=True)
class WindowUse:
    """Calls in one window, as Apollo counts them."""

    limit: int
    used: int
    left: int


@dataclass(frozen=True, slots=True)
class CreditUse:
    """Credits of one kind in the current billing cycle. ``lead_credit`` pays for e-mail addresses."""

    limit: int
    used: int
    left: int


def is_available(email: str) -> bool:
    """Return whether the address is a person's own: neither empty, nor a placeholder, nor a shared mailbox."""
    address = email.strip().lower()
    if not _ADDRESS.fullmatch(address) or any(part in address for part in PLACEHOLDER_PARTS):
        return False
    mailbox, _, domain = address.partition("@")
    return mailbox not in ROLE_MAILBOXES and domain not in PLACEHOLDER_DOMAINS


def found_person(value: Json) -> FoundPerson:
    """Read a person of a search."""
    return FoundPerson(
        id=_text(value, "id"),
        first_name=_text(value, "first_name"),
        last_name=_text(value, "last_name") or _text(value, "last_name_obfuscated"),
        title=_text(value, "title"),
        company_name=_text(_object(value.get("organization")), "name"),
        has_email=value.get("has_email") is True,
        has_phone=_maybe(value.get("has_direct_phone")),
        refreshed_at=_text(value, "last_refreshed_at"),
        data=value,
    )


def person(value: Json) -> Person:
    """Read a person of a match."""
    first, last, email = _text(value, "first_name"), _text(value, "last_name"), _text(value, "email")
    organization = _object(value.get("organization"))
    return Person(
        id=_text(value, "id"),
        first_name=first,
        last_name=last,
        name=_text(value, "name") or f"{first} {last}".strip(),
        title=_text(value, "title"),
        headline=_text(value, "headline"),
        seniority=_text(value, "seniority"),
        departments=_texts(value.get("departments")),
        email=email.lower() if is_available(email) else "",
        email_status=_text(value, "email_status"),
        linkedin_url=_text(value, "linkedin_url"),
        photo_url=_text(value, "photo_url"),
        city=_text(value, "city"),
        state=_text(value, "state"),
        country=_text(value, "country"),
        company=company(organization) if organization else None,
        phones=phones(value.get("phone_numbers")),
        data=value,
    )


def company(value: Json) -> Company:
    """Read a company."""
    primary_phone = _object(value.get("primary_phone"))
    return Company(
        id=_text(value, "id"),
        name=_text(value, "name"),
        domain=_text(value, "primary_domain").lower(),
        website=_text(value, "website_url"),
        linkedin_url=_text(value, "linkedin_url"),
        industry=_text(value, "industry"),
        keywords=_texts(value.get("keywords")),
        employees=whole(value.get("estimated_num_employees")),
        revenue=whole(value.get("annual_revenue") or value.get("organization_revenue")),
        total_funding=whole(value.get("total_funding")),
        funding_stage=_text(value, "latest_funding_stage"),
        founded_year=whole(value.get("founded_year")),
        phone=_text(value, "sanitized_phone") or _text(primary_phone, "sanitized_number") or _text(value, "phone"),
        city=_text(value, "city"),
        state=_text(value, "state"),
        country=_text(value, "country"),
        description=_text(value, "short_description"),
        technologies=_technologies(value),
        data=value,
    )


def phones(values: Any) -> tuple[Phone, ...]:
    """Read a person's numbers, each once."""
    read = (_phone(value) for value in objects(values))
    return tuple({each.number: each for each in read if each.number}.values())


def objects(values: Any) -> list[Json]:
    """Return the objects of a list, leaving out what is none."""
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def whole(value: Any) -> int | None:
    """Return a whole number that may come as text or with a fraction, or None."""
    if isinstance(value, bool):
        return None
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _phone(value: Json) -> Phone:
    return Phone(
        number=_text(value, "sanitized_number"),
        type=_text(value, "type_cd") or _text(value, "type"),
        confidence=_text(value, "confidence_cd"),
        status=_text(value, "status_cd") or _text(value, "status"),
        do_not_call=_text(value, "dnc_status_cd") or _text(value, "dnc_status"),
    )


def _technologies(value: Json) -> tuple[str, ...]:
    current = (_text(each, "uid") for each in objects(value.get("current_technologies")))
    return tuple(dict.fromkeys([*filter(None, current), *_texts(value.get("technology_names"))]))


def _has_more(total: int, page: int, per_page: int) -> bool:
    return page < MAX_PAGE and page * per_page < min(total, MAX_SHOWN)


def _maybe(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return None if isinstance(value, str) and value.lower().startswith("maybe") else value == "Yes"


def _object(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _text(value: Json, name: str) -> str:
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""


def _texts(values: Any) -> tuple[str, ...]:
    given: Iterable[Any] = values if isinstance(values, list) else ()
    return tuple(each for each in given if isinstance(each, str) and each)
