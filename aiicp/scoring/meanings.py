"""What titles, industries and places mean, so that they compare equal however they are written.

"Chief Executive Officer" is CEO, "München" is Munich: by the vocabularies of the extractor.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from aiicp.extraction import extract
from aiicp.extraction.folding import key, word_set
from aiicp.extraction.vocabulary import Entry, members, place_named, rows

MAX_LENGTH: Final = 200
KEPT: Final = 20_000
# Apollo's levels, the lowest first.
LEVELS: Final = (
    "intern",
    "entry",
    "senior",
    "manager",
    "director",
    "head",
    "vp",
    "partner",
    "c_suite",
    "founder",
    "owner",
)
RANK: Final = {level: rank for rank, level in enumerate(LEVELS)}
_DEPARTMENTS_OF: Final = {
    "CTO": "Engineering|Information Technology",
    "CFO": "Finance",
    "COO": "Operations",
    "CMO": "Marketing",
    "CIO": "Information Technology",
    "CISO": "Security|Information Technology",
    "CRO": "Revenue|Sales",
    "CPO": "Product",
    "CHRO": "Human Resources",
    "CCO": "Sales",
    "CDO": "Data",
    "Commercial Director": "Sales",
    "Account Executive": "Sales",
    "Account Manager": "Sales",
    "SDR": "Sales",
    "Recruiter": "Human Resources",
    "Talent Acquisition Manager": "Human Resources",
    "Payroll Manager": "Human Resources|Finance",
    "Training Manager": "Learning & Development",
    "Controller": "Finance",
    "Accountant": "Finance",
    "Treasurer": "Finance",
    "Tax Manager": "Finance",
    "Software Engineer": "Engineering",
    "DevOps Engineer": "Engineering",
    "Technical Director": "Engineering",
    "R&D Manager": "Engineering",
    "System Administrator": "Information Technology",
    "Network Administrator": "Information Technology",
    "Head of Infrastructure": "Information Technology",
    "Data Scientist": "Data",
    "Security Engineer": "Security",
    "General Counsel": "Legal",
    "Compliance Officer": "Legal",
    "Plant Manager": "Production|Operations",
    "Facility Manager": "Operations",
    "Head of Logistics": "Supply Chain",
    "SEO Manager": "Marketing",
    "CRM Manager": "Marketing",
    "Content Manager": "Marketing",
    "Brand Manager": "Marketing",
    "Demand Generation Manager": "Marketing",
    "RevOps Manager": "Revenue",
    "Designer": "Design",
    "Customer Support Manager": "Customer Service",
}
_LEVEL_OF: Final = {
    **dict.fromkeys(("President", "Managing Director", "Executive Director", "Chairman"), "c_suite"),
    **dict.fromkeys(("Partner", "Managing Partner"), "partner"),
    **dict.fromkeys(("Founder", "Co-Founder"), "founder"),
    **dict.fromkeys(("Controller", "General Counsel", "Chief Physician"), "director"),
    "Owner": "owner",
}
_C_LEVEL: Final = word_set("CEO CTO CFO COO CMO CIO CISO CRO CPO CHRO CCO CDO CSO")
_INTERNS: Final = word_set("intern trainee praktikant praktikantin becario stagiaire werkstudent apprentice azubi")
_ENTRY: Final = word_set("junior jr assistant assistentin assistent entry graduate")
_SENIOR: Final = word_set("senior sr principal staff lead")


@dataclass(frozen=True, slots=True)
class Role:
    """What a title means. ``words`` is the title as it is compared when it is not a known one."""

    titles: frozenset[str]
    departments: frozenset[str]
    level: str
    words: str

    @property
    def rank(self) -> int:
        return RANK.get(self.level, RANK["entry"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: cities, parts of countries, and countries; those of its cities included."""

    cities: frozenset[str]
    regions: frozenset[str]
    countries: frozenset[str]
    words: str

    @property
    def is_known(self) -> bool:
        return bool(self.cities or self.regions or self.countries)


@lru_cache(maxsize=KEPT)
def role(title: str) -> Role:
    """Return what a title means."""
    slots = extract(title[:MAX_LENGTH]).slots
    departments = {*slots.departments, *(each for name in slots.titles for each in _departments(name))}
    words = key(title[:MAX_LENGTH])
    level = _level(slots.titles, frozenset(words.split())) or max(slots.seniorities, key=_rank_of, default="")
    return Role(frozenset(slots.titles), frozenset(departments), level, words)


@lru_cache(maxsize=KEPT)
def place(name: str) -> Place:
    """Return where a place is."""
    name = name[:MAX_LENGTH]
    known = place_named(name)
    slots = extract(name).slots
    cities, regions, countries = set(slots.cities), set(slots.regions), set(slots.countries)
    if known is not None:
        {"cities": cities, "regions": regions, "countries": countries}[known.slot].add(known.value)
    for found in filter(None, map(place_named, [*cities, *regions])):
        countries |= set(_country(found))
        regions |= {found.state} if found.state else set()
    return Place(frozenset(cities), frozenset(regions), frozenset(countries), key(name, plural=True))


@lru_cache(maxsize=KEPT)
def industries(text: str) -> frozenset[str]:
    """Return the industries that a text names, by their usual names, or its own words if it names none."""
    found = frozenset(extract(text[:MAX_LENGTH]).slots.industries)
    return found or frozenset(filter(None, [key(text[:MAX_LENGTH])]))


@lru_cache(maxsize=KEPT)
def technology(name: str) -> str:
    """Return a technology's name as it is compared."""
    found = extract(name[:MAX_LENGTH]).slots.technologies
    return key(found[0] if len(found) == 1 else name[:MAX_LENGTH])


@lru_cache(maxsize=KEPT)
def words(text: str) -> str:
    """Return a text's words as they are compared, with a space around each."""
    return f" {key(text)} "


@cache
def countries_of(region: str) -> frozenset[str]:
    """Return the countries of a region of several countries, such as DACH."""
    return frozenset(members(region))


def _country(found: Entry) -> Iterable[str]:
    return [name for code, name, _keys in _countries() if code == found.country]


@cache
def _countries() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row) for row in rows("countries"))


@cache
def _named_departments() -> tuple[tuple[str, str], ...]:
    """Return how departments are called in titles, the longest first: ``HR`` is Human Resources."""
    found = {name: value for value, name, *_rest in rows("departments")} | {
        value: value for value in _departments_known()
    }
    return tuple(sorted(found.items(), key=lambda each: -len(each[0])))


def _departments_known() -> list[str]:
    return [row[0] for row in rows("departments")]


@cache
def _departments(title: str) -> tuple[str, ...]:
    if title in _DEPARTMENTS_OF:
        return tuple(_DEPARTMENTS_OF[title].split("|"))
    padded = f" {title} "
    found = next((value for name, value in _named_departments() if f" {name} " in padded), "")
    return (found,) if found else ()


def _level(titles: Iterable[str], said: frozenset[str]) -> str:
    """Return the highest level of the titles, or the level that a word of them says."""
    if said & _INTERNS:
        return "intern"
    named = [level for title in titles if (level := _level_of(title))]
    if named:
        return max(named, key=_rank_of)
    if said & _ENTRY:
        return "entry"
    if said & _SENIOR:
        return "senior"
    return "entry" if list(titles) else ""


def _level_of(title: str) -> str:
    if title in _LEVEL_OF:
        return _LEVEL_OF[title]
    if title in _C_LEVEL:
        return "c_suite"
    if title.startswith("VP "):
        return "vp"
    if title.startswith("Head"):
        return "head"
    if title.endswith("Director"):
        return "director"
    return "manager" if title.endswith("Manager") and title != "Account Manager" else ""


def _rank_of(level: str) -> int:
    return RANK.get(level, -1)
