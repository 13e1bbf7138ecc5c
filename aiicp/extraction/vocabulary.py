"""The names that the extractor knows: read once from ``data/`` when they are first needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from aiicp.extraction.folding import key

DATA: Final = files("aiicp.extraction").joinpath("data")
PLACES: Final = frozenset({"countries", "regions", "cities"})
# Cities from here on are recognised when a letter is wrong.
WELL_KNOWN: Final = 500


class Entry(NamedTuple):
    """One meaning of a name. Country, state and population (in thousands) are those of places."""

    slot: str
    value: str
    country: str = ""
    state: str = ""
    population: int = 0
    flags: str = ""


@dataclass(slots=True)
class Index:
    """Names by their keys, to find the longest that begins at a word."""

    entries: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, entry: Entry) -> None:
        known = self.entries.get(name)
        if known is None:
            self.entries[name] = (entry,)
        elif entry not in known:
            self.entries[name] = (*known, entry)
        first, _, rest = name.partition(" ")
        words = rest.count(" ") + 2 if rest else 1
        if words > self.longest.get(first, 0):
            self.longest[first] = words

    def match(self, words: Sequence[str], start: int, limit: int) -> tuple[int, tuple[Entry, ...]] | None:
        """Return the number of words and the meanings of the longest name from ``start``, or None."""
        longest = min(self.longest.get(words[start], 0), limit)
        for length in range(longest, 0, -1):
            found = self.entries.get(" ".join(words[start : start + length]))
            if found:
                return length, found
        return None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names of places compare as written, all others without an English plural."""

    names: Index
    places: Index
    country_names: dict[str, str]


@cache
def vocabulary() -> Vocabulary:
    """Return every name of the data files."""
    names, places = Index(), Index()
    for slot in ("industries", "titles", "seniorities", "technologies", "departments", "terms"):
        for name, entry in _named(slot):
            names.add(name, entry)
    country_names = {}
    for code, name, keys in rows("countries"):
        country_names[code] = name
        for each in keys.split("|"):
            places.add(each, Entry("countries", name, code))
    for code, adjectives in rows("demonyms"):
        for each in adjectives.split("|"):
            places.add(key(each, plural=True), Entry("countries", country_names[code], code, flags="d"))
    for value, kind, codes, spellings in rows("regions"):
        country = codes if kind == "within" else ""
        for each in spellings.split("|"):
            places.add(key(each, plural=True), Entry("regions", value, country, flags=kind[0]))
    for name, code, state, population, flags, keys in rows("cities"):
        value = ", ".join(part for part in (name, state, country_names[code]) if part)
        entry = Entry("cities", value, code, state, int(population), flags)
        for each in keys.split("|"):
            places.add(each, entry)
    return Vocabulary(names, places, country_names)


@cache
def known_words() -> frozenset[str]:
    """Return the words of all names, to correct misspellings to. Small cities are left out."""
    all_names = vocabulary()
    keys: list[str] = list(all_names.names.entries)
    keys += (
        name
        for name, entries in all_names.places.entries.items()
        if any(each.slot != "cities" or each.population >= WELL_KNOWN for each in entries)
    )
    return frozenset(word for name in keys for word in name.split() if word.isascii())


@cache
def members(region: str) -> tuple[str, ...]:
    """Return the names of the countries of a region that spans more than one, or nothing."""
    names = vocabulary().country_names
    for value, kind, codes, _ in rows("regions"):
        if value == region and kind == "world":
            return tuple(names[code] for code in codes.split())
    return ()


@cache
def state_codes() -> dict[str, Entry]:
    """Return the states of the United States by their two-letter codes."""
    return {code: Entry("regions", value, "US", flags="w") for code, value in rows("states")}


@cache
def values_of(slot: str) -> tuple[str, ...]:
    """Return the values that names of a slot stand for, sorted; none of a slot that takes any text."""
    every = vocabulary()
    entries = (each for index in (every.names, every.places) for found in index.entries.values() for each in found)
    return tuple(sorted({each.value for each in entries if each.slot == slot}))


def place_named(name: str) -> Entry | None:
    """Return the place of a stored name, such as ``Berlin, Germany``, or None if it is not known."""
    return _places_by_value().get(name.casefold())


def rows(name: str) -> Iterator[list[str]]:
    """Return the rows of a data file."""
    for line in DATA.joinpath(f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


@cache
def _places_by_value() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entries in vocabulary().places.entries.values():
        for each in entries:
            found.setdefault(each.value.casefold(), each)
    return found


def _named(file: str) -> Iterator[tuple[str, Entry]]:
    for row in rows(file):
        if file == "terms":
            slot, value, spellings, flags = row[0], row[1], row[2], ""
        elif file == "departments":
            slot, value, spellings, flags = file, row[0], row[2], row[1]
        else:
            slot, value, spellings, flags = file, row[0], row[1], row[2] if len(row) > 2 else ""
        for each in spellings.split("|"):
            yield key(each), Entry(slot, value, flags=flags)
