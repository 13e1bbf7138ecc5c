"""Apollo's search filters, over the population."""

import unicodedata
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from sandbox.providers.apollo.places import ALIASES, Place
from sandbox.providers.apollo.population import Company, Population
from sandbox.providers.apollo.words import Title

MAX_PAGE: Final = 500
MAX_PER_PAGE: Final = 100
MAX_NAMED: Final = 1_000
SENIORITIES: Final = frozenset(
    "owner founder c_suite partner vp head director manager senior entry intern".split()  # noqa: SIM905
)
EMAIL_STATUSES: Final = frozenset({"verified", "unverified", "likely to engage", "unavailable"})
COMPANY_LISTS: Final = frozenset(
    {
        "organization_locations",
        "organization_num_employees_ranges",
        "q_organization_domains_list",
        "organization_ids",
        "currently_using_any_of_technology_uids",
    }
)
PEOPLE_LISTS: Final = COMPANY_LISTS | {
    "person_titles",
    "person_locations",
    "person_seniorities",
    "contact_email_status",
    "currently_using_all_of_technology_uids",
    "currently_not_using_any_of_technology_uids",
}
ORGANIZATION_LISTS: Final = COMPANY_LISTS | {"organization_not_locations", "q_organization_keyword_tags"}
RANGES: Final = frozenset({"revenue_range"})
ORGANIZATION_RANGES: Final = RANGES | {
    "total_funding_range",
    "latest_funding_amount_range",
    "latest_funding_date_range",
}
PEOPLE_TEXTS: Final = frozenset({"q_keywords", "include_similar_titles", "page", "per_page"})
ORGANIZATION_TEXTS: Final = frozenset({"q_organization_name", "page", "per_page"})
# Words of titles that mean the same.
SYNONYMS: Final = {
    "ceo": "chief executive officer",
    "coo": "chief operating officer",
    "cfo": "chief financial officer",
    "cto": "chief technology officer",
    "cmo": "chief marketing officer",
    "cio": "chief information officer",
    "cro": "chief revenue officer",
    "chro": "chief human resources officer",
    "ciso": "chief information security officer",
    "vp": "vice president",
    "hr": "human resources",
    "it": "information technology",
    "sdr": "sales development representative",
    "md": "managing director",
    "cofounder": "co founder",
}
SMALL_WORDS: Final = frozenset({"of", "and", "the", "for", "in"})
Errors = dict[str, list[str]]


class BadFilters(Exception):
    """Filters that Apollo does not accept, by parameter."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(str(errors))
        self.errors = errors


class Filters:
    """The parameters of one search. Raises BadFilters for what Apollo would not take, or the sandbox does not have."""

    def __init__(
        self, pairs: Iterable[tuple[str, str]], *, lists: Iterable[str], ranges: Iterable[str], texts: Iterable[str]
    ) -> None:
        known = {f"{name}[]" for name in lists} | {f"{name}[{end}]" for name in ranges for end in ("min", "max")}
        known |= set(texts)
        self.lists: dict[str, list[str]] = {}
        self.texts: dict[str, str] = {}
        errors: Errors = {}
        for name, value in pairs:
            if name not in known:
                errors[name] = ["is not a filter of this search in the sandbox"]
            elif name.endswith("[]"):
                self.lists.setdefault(name[:-2], []).append(value)
            else:
                self.texts[name] = value
        self._errors = errors
        self.page = self._number("page", 1, MAX_PAGE)
        self.per_page = self._number("per_page", 10, MAX_PER_PAGE)
        for name in ("q_organization_domains_list", "organization_ids"):
            if len(self.lists.get(name, ())) > MAX_NAMED:
                errors[f"{name}[]"] = [f"takes at most {MAX_NAMED}"]
        self._one_of("person_seniorities", SENIORITIES)
        self._one_of("contact_email_status", EMAIL_STATUSES)
        self.sizes = [self._size(text) for text in self.lists.get("organization_num_employees_ranges", ())]
        self.revenue = self._range("revenue_range")
        if errors:
            raise BadFilters(errors)

    @property
    def key(self) -> tuple[object, ...]:
        """Return what the results depend on, without the page."""
        texts = {name: value for name, value in self.texts.items() if name not in ("page", "per_page")}
        return (*sorted((name, *values) for name, values in self.lists.items()), *sorted(texts.items()))

    def span(self, name: str) -> tuple[int | None, int | None]:
        """Return the ends of a range. Raises BadFilters."""
        found = self._range(name)
        if self._errors:
            raise BadFilters(self._errors)
        return found

    def _number(self, name: str, default: int, most: int) -> int:
        text = self.texts.get(name, "")
        if not text:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= most:
            self._errors[name] = [f"must be from 1 to {most}"]
            return default
        return int(text)

    def _one_of(self, name: str, allowed: frozenset[str]) -> None:
        if unknown := [value for value in self.lists.get(name, ()) if value not in allowed]:
            self._errors[f"{name}[]"] = [f"{unknown[0]} is not known"]

    def _size(self, text: str) -> tuple[int, int]:
        least, comma, most = text.partition(",")
        if not (comma and least.isdecimal() and most.isdecimal()):
            self._errors["organization_num_employees_ranges[]"] = [f"{text} is not a range"]
            return 0, 0
        return int(least), int(most)

    def _range(self, name: str) -> tuple[int | None, int | None]:
        ends: list[int | None] = []
        for end in ("min", "max"):
            text = self.texts.get(f"{name}[{end}]", "")
            if text and not text.isdecimal():
                self._errors[f"{name}[{end}]"] = ["must be a whole number"]
            ends.append(int(text) if text.isdecimal() else None)
        return ends[0], ends[1]


class Searches:
    """Both searches. The last results are kept, because people turn pages."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._kept: dict[tuple[object, ...], array] = {}

    def people(self, filters: Filters) -> array:
        """Return the numbers of people, in an order that does not change."""
        return self._keep(("people", filters.key), lambda: self._people(filters))

    def companies(self, filters: Filters) -> array:
        """Return the numbers of companies."""
        return self._keep(("companies", filters.key), lambda: array("I", self._companies(filters)))

    def _keep(self, key: tuple[object, ...], make: Callable[[], array]) -> array:
        if key not in self._kept:
            while len(self._kept) >= 32:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = make()
        return self._kept[key]

    def _companies(self, filters: Filters) -> list[int]:
        lists, population = filters.lists, self._population
        tests: list[Callable[[Company], bool]] = []
        if ids := lists.get("organization_ids"):
            wanted = set(ids)
            tests.append(lambda each: population.company_id(each.number) in wanted)
        if domains := lists.get("q_organization_domains_list"):
            named = {domain.lower().removeprefix("www.") for domain in domains}
            tests.append(lambda each: each.domain in named)
        if inside := _places(population, lists.get("organization_locations")):
            tests.append(lambda each: each.place in inside)
        if lists.get("organization_locations") and not inside:
            return []
        if outside := _places(population, lists.get("organization_not_locations")):
            tests.append(lambda each: each.place not in outside)
        if filters.sizes:
            tests.append(lambda each: any(least <= each.employees <= most for least, most in filters.sizes))
        tests += _spans(filters)
        tests += _technologies(lists)
        if tags := lists.get("q_organization_keyword_tags"):
            parts = [_terms(tag) for tag in tags]
            tests.append(lambda each: any(part <= _company_terms(each) for part in parts))
        if name := filters.texts.get("q_organization_name", "").lower():
            tests.append(lambda each: name in each.name.lower())
        return [each.number for each in population.companies if all(test(each) for test in tests)]

    def _people(self, filters: Filters) -> array:
        population, lists = self._population, filters.lists
        similar = filters.texts.get("include_similar_titles", "true").lower() != "false"
        titles = _titles(population.titles, lists.get("person_titles"), lists.get("person_seniorities"), similar)
        asked = lists.get("person_locations")
        homes = {number for number, place in enumerate(population.places) if place in _places(population, asked)}
        statuses = set(lists.get("contact_email_status", ()))
        keywords = _terms(filters.texts.get("q_keywords", ""))
        found = array("I")
        for company in self._companies(filters):
            sought = keywords - _company_terms(population.companies[company])
            for number in population.people_of(company):
                if not titles[population.title_of(number)] or (asked and population.place_of(number) not in homes):
                    continue
                if statuses and population.has_email(number) not in statuses:
                    continue
                if sought and not sought <= self._words(number):
                    continue
                found.append(number)
        return found

    def _words(self, number: int) -> frozenset[str]:
        first, last = self._population.name_of(number)
        return _terms(self._population.titles[self._population.title_of(number)].name) | _terms(first) | _terms(last)


def _spans(filters: Filters) -> list[Callable[[Company], bool]]:
    def within(span: tuple[int | None, int | None], value: Callable[[Company], int]) -> Callable[[Company], bool]:
        least, most = span
        return lambda each: (least is None or value(each) >= least) and (most is None or value(each) <= most)

    tests = []
    for name, value in (
        ("revenue_range", lambda each: each.revenue),
        ("total_funding_range", lambda each: each.funding),
        ("latest_funding_amount_range", lambda each: each.funding),
    ):
        span = filters.span(name)
        if span != (None, None):
            tests.append(within(span, value))
    for end, sign in (("min", 1), ("max", -1)):
        if day := filters.texts.get(f"latest_funding_date_range[{end}]"):
            try:
                ordinal = date.fromisoformat(day).toordinal()
            except ValueError:
                raise BadFilters({f"latest_funding_date_range[{end}]": ["must be a day"]}) from None
            tests.append(_funded(ordinal, sign))
    return tests


def _funded(ordinal: int, sign: int) -> Callable[[Company], bool]:
    return lambda each: bool(each.funded_on) and (date.fromisoformat(each.funded_on).toordinal() - ordinal) * sign >= 0


def _technologies(lists: Mapping[str, Sequence[str]]) -> list[Callable[[Company], bool]]:
    tests: list[Callable[[Company], bool]] = []
    if some := set(lists.get("currently_using_any_of_technology_uids", ())):
        tests.append(lambda each: not some.isdisjoint(each.technologies))
    if every := set(lists.get("currently_using_all_of_technology_uids", ())):
        tests.append(lambda each: every <= set(each.technologies))
    if none := set(lists.get("currently_not_using_any_of_technology_uids", ())):
        tests.append(lambda each: none.isdisjoint(each.technologies))
    return tests


def _titles(
    titles: Sequence[Title], asked: Sequence[str] | None, seniorities: Sequence[str] | None, similar: bool
) -> list[bool]:
    """Return for each title whether it fits."""
    wanted = [_title_terms(text) for text in asked or ()]
    fits = []
    for title in titles:
        terms = _title_terms(title.name)
        named = not wanted or any(each <= terms if similar else each == terms for each in wanted)
        fits.append(named and (not seniorities or title.seniority in seniorities))
    return fits


def _places(population: Population, asked: Sequence[str] | None) -> set[Place]:
    """Return the cities that one of the locations names: a city, a state, a country, or several with commas."""
    found: set[Place] = set()
    for location in asked or ():
        parts = [ALIASES.get(part, part) for each in location.split(",") if (part := _folded(each).strip())]
        if parts:
            found |= {place for place in population.places if all(part in _place_names(place) for part in parts)}
    return found


@lru_cache(maxsize=500)
def _place_names(place: Place) -> frozenset[str]:
    return frozenset(_folded(name) for name in (place.city, place.state, place.country))


def _company_terms(company: Company) -> frozenset[str]:
    own = _terms(f"{company.name} {company.place.city} {company.place.country}")
    return own | _industry_terms(company.industry.name, company.industry.keywords)


@lru_cache(maxsize=200)
def _industry_terms(name: str, keywords: tuple[str, ...]) -> frozenset[str]:
    return _terms(" ".join((name, *keywords)))


@lru_cache(maxsize=5_000)
def _title_terms(text: str) -> frozenset[str]:
    words = _folded(text).replace("&", " ").replace("-", " ").replace("/", " ").replace(".", "").split()
    spelled = " ".join(SYNONYMS.get(word, word) for word in words)
    return frozenset(spelled.split()) - SMALL_WORDS


@lru_cache(maxsize=10_000)
def _terms(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, without accents and plural endings."""
    words = "".join(letter if letter.isalnum() else " " for letter in _folded(text)).split()
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words) - SMALL_WORDS


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
