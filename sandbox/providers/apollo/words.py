"""Industries, titles, technologies and names of the population, from the lists in ``data``.

``industries.txt`` has name, weight, keywords, words of company names, titles that only this industry has, yearly
revenue for each employee in thousands of US dollars, and how many in a hundred companies have raised money.
``titles.txt`` has title, seniority and department; the first eight lead a company. ``names.txt`` has first and last
names of one language.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data"


def _lines(name: str) -> list[str]:
    return (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True, slots=True)
class Industry:
    """An industry as Apollo writes it, with the words of its companies' names, and titles that only it has."""

    name: str
    weight: int
    keywords: tuple[str, ...]
    kinds: tuple[str, ...]
    titles: tuple[str, ...]
    # Yearly revenue for each employee, in thousands of US dollars.
    revenue: int
    # In a hundred companies, how many have raised money.
    funded: int


LEADERS: Final = 8
# How many titles every industry has.
COMMON: Final = len(_lines("titles"))
# The seniority of titles that only one industry has, by their first or last word.
OWN_SENIORITY: Final = {
    "Chief": "c_suite",
    "Head": "head",
    "Director": "director",
    "Partner": "partner",
    "Principal": "head",
    "Dean": "director",
    "Manager": "manager",
    "Senior": "senior",
    "Managing": "partner",
    "Executive": "manager",
    "Dealer": "owner",
    "General": "head",
}
TECHNOLOGIES: Final = tuple(_lines("technologies"))
ROUNDS: Final = ("Seed", "Series A", "Series B", "Series C", "Series D", "Private Equity")
# The first half of a company's name.
COMPANY_NAMES: Final = tuple(_lines("companies"))
COMPANY_MIDDLES: Final = (
    "",
    "",
    "",
    "line",
    "field",
    "stone",
    "water",
    "gate",
    "mark",
    "point",
    "ford",
    "wood",
    "crest",
)


@dataclass(frozen=True, slots=True)
class Title:
    """A job title."""

    name: str
    seniority: str
    department: str


def read_industries() -> list[Industry]:
    found = []
    for line in _lines("industries"):
        name, weight, keywords, kinds, titles, revenue, funded = line.split("|")
        words, firms, own = (tuple(each.split(",")) for each in (keywords, kinds, titles))
        found.append(Industry(name, int(weight), words, firms, own, int(revenue), int(funded)))
    return found


def read_titles(industries: list[Industry]) -> list[Title]:
    """Return the titles that every industry has, and then those of single industries."""
    common = [Title(*line.split("|")) for line in _lines("titles")]
    known = {title.name for title in common}
    own = dict.fromkeys(name for industry in industries for name in industry.titles if name not in known)
    return [*common, *(Title(name, _seniority(name), "operations") for name in own)]


def read_names() -> dict[str, tuple[list[str], list[str]]]:
    groups = (line.split("|") for line in _lines("names"))
    return {group: (first.split(), last.split()) for group, first, last in groups}


def _seniority(title: str) -> str:
    words = title.split()
    return OWN_SENIORITY.get(words[0]) or OWN_SENIORITY.get(words[-1]) or "senior"
