"""What can be searched for, in Apollo's own filters.

Apollo's people search has no filter for a company's industry or keywords. ``PeopleQuery.companies`` is the company
search that finds those companies; ``within`` then restricts the people to them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from leads.companies.apollo.errors import BadQuery

MAX_PAGE: Final = 500
MAX_PER_PAGE: Final = 100
MAX_COMPANIES: Final = 1_000
SENIORITIES: Final = (
    "owner",
    "founder",
    "c_suite",
    "partner",
    "vp",
    "head",
    "director",
    "manager",
    "senior",
    "entry",
    "intern",
)
EMAIL_STATUSES: Final = ("verified", "unverified", "likely to engage", "unavailable")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from ``least`` to ``most``, both included; None is open."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class CompanyFilters:
    """Filters of a company, which both searches have. Locations are those of the headquarters."""

    locations: tuple[str, ...] = ()
    # (11, 50) is from 11 to 50 employees.
    employees: tuple[tuple[int, int], ...] = ()
    revenue: Range = Range()
    domains: tuple[str, ...] = ()
    company_ids: tuple[str, ...] = ()
    # Apollo's keys: lower case, with underscores, such as google_analytics.
    any_technologies: tuple[str, ...] = ()

    def pairs(self) -> Pairs:
        """Return Apollo's parameters."""
        return [
            *_list("organization_locations", self.locations),
            *_list("organization_num_employees_ranges", (f"{least},{most}" for least, most in self.employees)),
            *_range("revenue_range", self.revenue),
            *_list("q_organization_domains_list", self.domains),
            *_list("organization_ids", self.company_ids),
            *_list("currently_using_any_of_technology_uids", self.any_technologies),
        ]


@dataclass(frozen=True, slots=True)
class CompanyQuery:
    """A search for companies. It costs a credit for each page that is not empty."""

    company: CompanyFilters = CompanyFilters()
    name: str = ""
    # Industries are keywords as well: Apollo documents no other filter for them.
    keyword_tags: tuple[str, ...] = ()
    not_locations: tuple[str, ...] = ()
    total_funding: Range = Range()
    page: int = 1
    per_page: int = MAX_PER_PAGE

    @classmethod
    def from_search_params(cls, params: Mapping[str, Any]) -> "CompanyQuery":
        """Return the query of search parameters in Apollo's names, such as the assistant stores. Raises BadQuery."""
        return cls(
            company=_company(params),
            keyword_tags=_keyword_tags(params),
            page=_number(params, "page", 1),
            per_page=_number(params, "per_page", MAX_PER_PAGE),
        )

    def pairs(self) -> Pairs:
        """Return Apollo's parameters. Raises BadQuery."""
        _check(self.page, self.per_page, self.company)
        name = [("q_organization_name", self.name)] if self.name else []
        return [
            *self.company.pairs(),
            *name,
            *_list("q_organization_keyword_tags", self.keyword_tags),
            *_list("organization_not_locations", self.not_locations),
            *_range("total_funding_range", self.total_funding),
            *_page(self.page, self.per_page),
        ]


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """A search for people. It costs nothing."""

    titles: tuple[str, ...] = ()
    similar_titles: bool = True
    seniorities: tuple[str, ...] = ()
    # Where people live; ``company.locations`` is where their company is.
    locations: tuple[str, ...] = ()
    keywords: str = ""
    email_statuses: tuple[str, ...] = ()
    company: CompanyFilters = CompanyFilters()
    # Filters of the company that the people search does not have. See ``companies`` and ``within``.
    company_keyword_tags: tuple[str, ...] = ()
    page: int = 1
    per_page: int = 25

    @classmethod
    def from_search_params(cls, params: Mapping[str, Any]) -> "PeopleQuery":
        """Return the query of search parameters in Apollo's names, such as the assistant stores. Raises BadQuery."""
        return cls(
            titles=_texts(params, "person_titles"),
            similar_titles=params.get("include_similar_titles", True) is not False,
            seniorities=_texts(params, "person_seniorities"),
            locations=_texts(params, "person_locations"),
            keywords=str(params.get("q_keywords") or "").strip(),
            company=_company(params),
            company_keyword_tags=_keyword_tags(params),
            page=_number(params, "page", 1),
            per_page=_number(params, "per_page", 25),
        )

    @property
    def needs_companies(self) -> bool:
        """Return whether companies must be searched first, because people cannot be filtered by their keywords."""
        return bool(self.company_keyword_tags)

    def companies(self, *, page: int = 1, per_page: int = MAX_PER_PAGE) -> CompanyQuery:
        """Return the search for the companies that the people work for."""
        return CompanyQuery(self.company, keyword_tags=self.company_keyword_tags, page=page, per_page=per_page)

    def within(self, company_ids: Iterable[str]) -> "PeopleQuery":
        """Return the query among the people of these companies, which ``companies`` found. Raises BadQuery for none."""
        ids = tuple(dict.fromkeys(company_ids))
        if not ids:
            raise BadQuery({"company_ids": ["No company fits."]})
        # The other filters of the company have done their part.
        return replace(self, company=CompanyFilters(company_ids=ids), company_keyword_tags=())

    def pairs(self) -> Pairs:
        """Return Apollo's parameters. Raises BadQuery."""
        _check(self.page, self.per_page, self.company)
        if self.needs_companies:
            message = "People cannot be filtered by their company's industry or keywords. Search the companies first."
            raise BadQuery({"company_keyword_tags": [message]})
        if unknown := sorted(set(self.seniorities) - set(SENIORITIES)):
            raise BadQuery({"seniorities": [f"Not known: {', '.join(unknown)}. Known: {', '.join(SENIORITIES)}."]})
        if unknown := sorted(set(self.email_statuses) - set(EMAIL_STATUSES)):
            raise BadQuery({"email_statuses": [f"Not known: {', '.join(unknown)}."]})
        strict = [("include_similar_titles", "false")] if self.titles and not self.similar_titles else []
        keywords = [("q_keywords", self.keywords)] if self.keywords else []
        return [
            *_list("person_titles", self.titles),
            *strict,
            *_list("person_seniorities", self.seniorities),
            *_list("person_locations", self.locations),
            *keywords,
            *_list("contact_email_status", self.email_statuses),
            *self.company.pairs(),
            *_page(self.page, self.per_page),
        ]


def _company(params: Mapping[str, Any]) -> CompanyFilters:
    employees = []
    for text in _texts(params, "organization_num_employees_ranges"):
        least, comma, most = text.partition(",")
        if not (comma and least.strip().isdecimal() and most.strip().isdecimal()):
            raise BadQuery({"organization_num_employees_ranges": [f"{text} is not of the form 11,50."]})
        employees.append((int(least), int(most)))
    return CompanyFilters(
        locations=_texts(params, "organization_locations"),
        employees=tuple(employees),
        domains=_texts(params, "q_organization_domains_list"),
    )


def _keyword_tags(params: Mapping[str, Any]) -> tuple[str, ...]:
    tags = (*_texts(params, "organization_industries"), *_texts(params, "q_organization_keyword_tags"))
    return tuple(dict.fromkeys(tags))


def _texts(params: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given = params.get(name) or ()
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise BadQuery({name: ["Enter a list."]})
    return tuple(text for each in given if (text := str(each).strip()))


def _number(params: Mapping[str, Any], name: str, default: int) -> int:
    try:
        return int(params.get(name) or default)
    except (TypeError, ValueError):
        raise BadQuery({name: ["Enter a whole number."]}) from None


def _check(page: int, per_page: int, company: CompanyFilters) -> None:
    if not 1 <= page <= MAX_PAGE:
        raise BadQuery({"page": [f"A search shows pages 1 to {MAX_PAGE}. Narrow it to see other results."]})
    if not 1 <= per_page <= MAX_PER_PAGE:
        raise BadQuery({"per_page": [f"A page has 1 to {MAX_PER_PAGE} results."]})
    if max(len(company.domains), len(company.company_ids)) > MAX_COMPANIES:
        raise BadQuery({"company": [f"At most {MAX_COMPANIES:,} companies can be named."]})


def _list(name: str, values: Iterable[str]) -> Pairs:
    return [(f"{name}[]", value) for value in values]


def _range(name: str, span: Range) -> Pairs:
    ends = (("min", span.least), ("max", span.most))
    return [(f"{name}[{end}]", str(value)) for end, value in ends if value is not None]


def _page(page: int, per_page: int) -> Pairs:
    return [("page", str(page)), ("per_page", str(per_page))]
