"""The facts about an ideal customer, and their two stored forms: ``icp_data`` and ``search_params``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from aiicp.extraction.vocabulary import members, place_named
from aiicp.json_schemas import MAX_ITEM_LENGTH, MAX_ITEMS

# Apollo's ranges have two ends. No company has more people than this.
MOST_EMPLOYEES: Final = 10_000_000
MOST_PER_PAGE: Final = 100
COMPANY_SIZES: Final = {"smb": (1, 200), "mid-market": (201, 1_000), "enterprise": (1_001, MOST_EMPLOYEES)}


class Range(NamedTuple):
    """A range of numbers, both ends included; None is an open end. Money has the ISO code of its currency, if said."""

    least: int | None = None
    most: int | None = None
    currency: str = ""

    def __str__(self) -> str:
        unit = f" {self.currency}" if self.currency else ""
        if self.least is not None and self.most is not None:
            ends = f"{self.least:,}" if self.least == self.most else f"{self.least:,} to {self.most:,}"
            return ends + unit
        return f"at least {self.least:,}{unit}" if self.least is not None else f"at most {self.most or 0:,}{unit}"


LISTS: Final = (
    "industries",
    "titles",
    "departments",
    "seniorities",
    "countries",
    "regions",
    "cities",
    "technologies",
    "keywords",
    "companies",
    "linkedin_urls",
    "platforms",
    "goals",
    "funding_stages",
    "inbound_sources",
)
EXCLUDABLE: Final = LISTS[:10]
RANGES: Final = ("employees", "revenue", "funding", "founded")
CHOICES: Final = ("company_size", "deal_type", "outreach_type", "target_knowledge")


@dataclass(frozen=True, slots=True)
class Slots:
    """The ideal customer. Empty tuples, empty texts and None mean that nothing was said."""

    industries: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    linkedin_urls: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    funding_stages: tuple[str, ...] = ()
    inbound_sources: tuple[str, ...] = ()
    excluded_industries: tuple[str, ...] = ()
    excluded_titles: tuple[str, ...] = ()
    excluded_departments: tuple[str, ...] = ()
    excluded_seniorities: tuple[str, ...] = ()
    excluded_countries: tuple[str, ...] = ()
    excluded_regions: tuple[str, ...] = ()
    excluded_cities: tuple[str, ...] = ()
    excluded_technologies: tuple[str, ...] = ()
    excluded_keywords: tuple[str, ...] = ()
    excluded_companies: tuple[str, ...] = ()
    employees: Range | None = None
    revenue: Range | None = None
    funding: Range | None = None
    founded: Range | None = None
    limit: int | None = None
    company_size: str = ""
    deal_type: str = ""
    outreach_type: str = ""
    target_knowledge: str = ""
    problem_statement: str = ""
    # Keys of icp_data that belong to other parts of the assistant. They are kept as they are.
    other: Mapping[str, Any] = field(default_factory=dict)

    @property
    def locations(self) -> tuple[str, ...]:
        """Cities, regions and countries, the smallest first."""
        return (*self.cities, *self.regions, *self.countries)

    def to_icp_data(self) -> dict[str, Any]:
        """Return the form that ``icp_data`` stores (``aiicp.json_schemas.ICP``). What is empty is left out."""
        data: dict[str, Any] = dict(self.other)
        for slot, stored in _STORED.items():
            if value := getattr(self, slot):
                data[stored] = list(value) if isinstance(value, tuple) else value
        if self.locations:
            data["locations"] = list(self.locations)
        for slot in RANGES:
            if (value := getattr(self, slot)) is not None:
                data[slot] = _range_data(value)
        excluded = {slot: list(getattr(self, f"excluded_{slot}")) for slot in EXCLUDABLE}
        if any(excluded.values()):
            data["excluded"] = {slot: values for slot, values in excluded.items() if values}
        return data

    @classmethod
    def from_icp_data(cls, data: Mapping[str, Any]) -> "Slots":
        """Return the slots of a stored ``icp_data``. A location that is not known counts as a city."""
        known: dict[str, Any] = {}
        for slot, stored in _STORED.items():
            if value := data.get(stored):
                known[slot] = tuple(value) if slot in LISTS else value
        known.update(placed(data.get("locations", ())))
        for slot in RANGES:
            if stored_range := data.get(slot):
                known[slot] = _range_of(stored_range)
        for slot, values in data.get("excluded", {}).items():
            if slot in EXCLUDABLE:
                known[f"excluded_{slot}"] = tuple(values)
        own = {*_STORED.values(), *RANGES, "locations", "excluded"}
        return cls(**known, other={name: value for name, value in data.items() if name not in own})

    def to_search_params(self) -> dict[str, Any]:
        """Return the search as Apollo's parameters (``aiicp.json_schemas.SEARCH_PARAMS``).

        Regions of several countries become their countries. Apollo cannot exclude, except technologies: whoever
        searches must drop what is excluded from the answers.
        """
        places = [name for region in self.regions for name in members(region) or (region.removesuffix(" (US)"),)]
        least_revenue, most_revenue = (self.revenue.least, self.revenue.most) if self.revenue else (None, None)
        params = {
            # A department is not a parameter, but similar titles of it are found.
            "person_titles": list(self.titles or self.departments),
            "include_similar_titles": True if self.titles or self.departments else None,
            "person_seniorities": list(self.seniorities),
            "organization_locations": list(dict.fromkeys([*self.cities, *self.countries, *places]))[:MAX_ITEMS],
            "organization_industries": list(self.industries),
            "organization_num_employees_ranges": self._employee_ranges(),
            "q_organization_keyword_tags": list(self.keywords),
            "q_organization_domains_list": [name for name in self.companies if "." in name and " " not in name],
            "currently_using_any_of_technology_uids": [_uid(name) for name in self.technologies],
            "currently_not_using_any_of_technology_uids": [_uid(name) for name in self.excluded_technologies],
            "revenue_range[min]": least_revenue,
            "revenue_range[max]": most_revenue,
            "per_page": min(self.limit, MOST_PER_PAGE) if self.limit else None,
        }
        return {name: value for name, value in params.items() if value not in (None, [])}

    @classmethod
    def from_search_params(cls, params: Mapping[str, Any]) -> "Slots":
        """Return the slots that a stored search names. ``limit`` is not among them: a search has pages."""
        ranges = [tuple(map(int, each.split(","))) for each in params.get("organization_num_employees_ranges", ())]
        least, most = params.get("revenue_range[min]"), params.get("revenue_range[max]")
        places = [*params.get("organization_locations", ()), *params.get("person_locations", ())]
        return cls(
            titles=tuple(params.get("person_titles", ())),
            seniorities=tuple(params.get("person_seniorities", ())),
            industries=tuple(params.get("organization_industries", ())),
            keywords=tuple(params.get("q_organization_keyword_tags", ())),
            companies=tuple(params.get("q_organization_domains_list", ())),
            employees=_closed(ranges) if ranges else None,
            revenue=Range(least, most) if least is not None or most is not None else None,
            **placed(dict.fromkeys(places)),
        )

    def _employee_ranges(self) -> list[str]:
        if self.employees is not None:
            return [f"{self.employees.least or 1},{self.employees.most or MOST_EMPLOYEES}"]
        if self.company_size in COMPANY_SIZES:
            return ["{},{}".format(*COMPANY_SIZES[self.company_size])]
        return []


# Slots that are stored as they are, by their key in icp_data.
_STORED: Final = {
    "titles": "roles",
    **{slot: slot for slot in LISTS if slot not in {"titles", "countries", "regions", "cities", "inbound_sources"}},
    "inbound_sources": "inbound_source",
    "limit": "limit",
    **{slot: slot for slot in CHOICES},
    "problem_statement": "problem_statement",
}
ALL: Final = tuple(each.name for each in fields(Slots) if each.name != "other")


def missing(slots: Slots) -> tuple[str, ...]:
    """Return what the assistant has to ask for, in the order to ask it.

    Known targets need LinkedIn addresses, or companies, roles and locations. Unknown ones need a problem
    statement, roles, industries, company size, locations and the type of deal. Inbound needs its sources.
    """
    return tuple(name for name, known in _needed(slots).items() if not known)


def completeness(slots: Slots) -> float:
    """Return the part of the needed answers that are known, from 0 to 1."""
    needed = _needed(slots)
    return sum(map(bool, needed.values())) / len(needed)


def storable(value: Any) -> Any:
    """Return a slot's value as it can be stored: a list has at most 200 texts of limited length, each once."""
    if not isinstance(value, tuple) or isinstance(value, Range):
        return value
    return tuple(dict.fromkeys(each[:MAX_ITEM_LENGTH] for each in value))[:MAX_ITEMS]


def _needed(slots: Slots) -> dict[str, Any]:
    roles = slots.titles or slots.departments or slots.seniorities
    if slots.outreach_type == "inbound":
        return {"inbound_sources": slots.inbound_sources, "inbound_data_ready": "inbound_data_ready" in slots.other}
    if slots.linkedin_urls:
        return {"linkedin_urls": slots.linkedin_urls}
    if slots.target_knowledge == "known" or (slots.companies and slots.target_knowledge != "discovery"):
        return {"companies": slots.companies, "roles": roles, "locations": slots.locations}
    return {
        "problem_statement": slots.problem_statement,
        "roles": roles,
        "industries": slots.industries,
        "company_size": slots.company_size or slots.employees,
        "locations": slots.locations,
        "deal_type": slots.deal_type,
    }


def placed(names: Iterable[str]) -> dict[str, Any]:
    """Return names of places by their slot: countries, regions and cities. A name that is not known is a city's."""
    found: dict[str, list[str]] = {"countries": [], "regions": [], "cities": []}
    for name in names:
        place = place_named(name)
        found[place.slot if place else "cities"].append(name)
    return {slot: tuple(values) for slot, values in found.items()}


def _range_data(value: Range) -> dict[str, Any]:
    data = {"min": value.least, "max": value.most, "currency": value.currency}
    return {name: each for name, each in data.items() if each not in (None, "")}


def _range_of(data: Mapping[str, Any]) -> Range:
    least, most = (None if end is None else int(end) for end in (data.get("min"), data.get("max")))
    return Range(least, most, data.get("currency", ""))


def _closed(ranges: list[tuple[int, ...]]) -> Range:
    most = max(each[-1] for each in ranges)
    return Range(min(each[0] for each in ranges), None if most >= MOST_EMPLOYEES else most)


def _uid(name: str) -> str:
    """Return Apollo's identifier of a technology: ``Google Analytics`` is ``google_analytics``."""
    return "_".join(name.lower().replace(".", "_").split()).strip("_")
