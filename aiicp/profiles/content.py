"""What a profile says, in one version, and the differences between two of them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from aiicp import json_schemas
from aiicp.extraction.slots import Range, Slots
from aiicp.profiles.models import IcpProfile, IcpProfileVersion

# The columns of a profile that make a version of it.
CONTENT: Final = ("name", "description", "icp_data", "search_params", "weights")
# The ones that scores follow from.
CRITERIA: Final = frozenset({"icp_data", "weights"})

LISTS: Final = {
    "titles": "Titles",
    "departments": "Departments",
    "seniorities": "Seniorities",
    "industries": "Industries",
    "locations": "Places",
    "keywords": "Keywords",
    "technologies": "Technologies",
    "companies": "Companies",
    "funding_stages": "Funding stages",
    "linkedin_urls": "LinkedIn addresses",
    "goals": "Goals",
    "platforms": "Channels",
    "excluded_titles": "Not these titles",
    "excluded_departments": "Not these departments",
    "excluded_seniorities": "Not these seniorities",
    "excluded_industries": "Not these industries",
    "excluded_locations": "Not these places",
    "excluded_keywords": "Not these keywords",
    "excluded_technologies": "Not these technologies",
    "excluded_companies": "Not these companies",
}
SINGLE: Final = {
    "company_size": "Company size",
    "employees": "Employees",
    "revenue": "Revenue",
    "funding": "Funding",
    "founded": "Founded",
    "deal_type": "Type of deal",
    "outreach_type": "Direction",
    "target_knowledge": "Knowledge of the target",
    "problem_statement": "Problem",
    "limit": "Number of people",
}
CRITERION_LABELS: Final = {
    "role": "Role",
    "seniority": "Seniority",
    "industry": "Industry",
    "place": "Place",
    "size": "Company size",
    "keywords": "Keywords",
    "technologies": "Technologies",
}
USUAL_WEIGHTS: Final = {
    "role": 25,
    "seniority": 10,
    "industry": 20,
    "place": 15,
    "size": 15,
    "keywords": 10,
    "technologies": 5,
}


@dataclass(frozen=True, slots=True)
class Content:
    """What a profile says."""

    name: str
    description: str
    icp_data: Mapping[str, Any]
    search_params: Mapping[str, Any] | None
    weights: Mapping[str, int]

    @property
    def slots(self) -> Slots:
        return Slots.from_icp_data(self.icp_data)

    def values(self) -> dict[str, Any]:
        """Return the columns that hold it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line in which two profiles differ: the values of each, and of lists those that only one has."""

    name: str
    label: str
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def only_left(self) -> tuple[str, ...]:
        return tuple(each for each in self.left if each not in self.right)

    @property
    def only_right(self) -> tuple[str, ...]:
        return tuple(each for each in self.right if each not in self.left)

    @property
    def both(self) -> tuple[str, ...]:
        return tuple(each for each in self.left if each in self.right)


def content_of(row: IcpProfile | IcpProfileVersion) -> Content:
    """Return what a profile says now, or what an earlier version said."""
    return Content(*(getattr(row, name) for name in CONTENT))


def weights_of(weights: Mapping[str, int]) -> dict[str, int]:
    """Return the weight of each criterion: the profile's own, or the usual one."""
    return {name: weights.get(name, USUAL_WEIGHTS[name]) for name in json_schemas.CRITERIA}


def compare(left: Content, right: Content) -> list[Difference]:
    """Return the lines in which two profiles differ, in the order in which a profile is read."""
    pairs = zip(lines(left), lines(right), strict=True)
    return [
        Difference(name, label, ours, theirs)
        for (name, label, ours), (_name, _label, theirs) in pairs
        if sorted(ours) != sorted(theirs)
    ]


def lines(content: Content) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each part of a profile: its name, what people call it, and its values in words."""
    slots = content.slots
    yield "name", "Name", _one(content.name)
    yield "description", "Description", _one(content.description)
    for name, label in LISTS.items():
        yield name, label, _values(slots, name)
    for name, label in SINGLE.items():
        yield name, label, _one(getattr(slots, name))
    weights = weights_of(content.weights)
    for name, label in CRITERION_LABELS.items():
        yield f"weights.{name}", f"Weight of {label.lower()}", (str(weights[name]),)


def _values(slots: Slots, name: str) -> tuple[str, ...]:
    if name == "excluded_locations":
        return (*slots.excluded_cities, *slots.excluded_regions, *slots.excluded_countries)
    found: tuple[str, ...] = getattr(slots, name)
    return found


def _one(value: str | int | Range | None) -> tuple[str, ...]:
    if value in ("", None):
        return ()
    return (f"{value:,}" if isinstance(value, int) else str(value),)
