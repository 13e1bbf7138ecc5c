"""Names to offer while somebody types an industry, a place or a decision maker."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from aiicp.extraction.folding import key
from aiicp.extraction.misspellings import misspellings
from aiicp.extraction.vocabulary import Entry, vocabulary
from aiicp.wizard.questions import Kind

SLOTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.INDUSTRY: ("industries", "keywords"),
    Kind.LOCATION: ("countries", "regions", "cities"),
    Kind.DECISION_MAKER: ("titles", "departments", "seniorities"),
}
LABELS: Final = {"c_suite": "C-level", "vp": "VP"}
MAX_SUGGESTIONS: Final = 20
# Names that are looked at for one beginning; a single letter begins thousands.
_MOST_READ: Final = 2_000
_SHORTEST_NEAR: Final = 4
# Longer texts and words are no names.
MAX_TYPED: Final = 100
_LONGEST_WORD: Final = 30


class _Name(NamedTuple):
    """A name from one of its words on: what it means, whether that is its first word, and its size as a place."""

    text: str
    value: str
    is_first: bool
    size: int


def suggestions(kind: Kind, typed: str, *, limit: int = 8) -> tuple[str, ...]:
    """Return the names of which a word begins so, the likeliest first; misspelled ones if there is none.

    Understands the languages of the extractor. Without a text, common names are returned.
    """
    limit = max(1, min(limit, MAX_SUGGESTIONS))
    typed = typed[:MAX_TYPED]
    wanted = key(typed, plural=kind == Kind.LOCATION)
    if not wanted:
        return _common(kind)[:limit]
    found = sorted(_beginning_with(kind, wanted), key=lambda name: _rank(name, wanted))
    names = tuple(dict.fromkeys(name.value for name in found))[:limit]
    return names or nearest(kind, typed, limit=limit)


def nearest(kind: Kind, text: str, *, limit: int = 5) -> tuple[str, ...]:
    """Return names with a word of the text, or with one that is spelled nearly so."""
    words = key(text, plural=kind == Kind.LOCATION).split()
    found: dict[str, None] = {}
    for word in words:
        if not _SHORTEST_NEAR <= len(word) <= _LONGEST_WORD:
            continue
        correction = misspellings().correct(word)
        for spelled in (word, *([correction] if correction else ()), *misspellings().candidates(word)):
            matches = [name for name in _beginning_with(kind, spelled) if name.text.split(" ")[0] == spelled]
            found.update(dict.fromkeys(each.value for each in sorted(matches, key=lambda each: _rank(each, spelled))))
    return tuple(found)[:limit]


def _rank(name: _Name, wanted: str) -> tuple[bool, bool, int, int, str]:
    begins = name.value.casefold().startswith(wanted)
    return (name.text != wanted and not begins), not name.is_first, -name.size, len(name.text), name.value


def _beginning_with(kind: Kind, wanted: str) -> Iterator[_Name]:
    names = _names(kind)
    place = bisect_left(names, wanted, key=lambda name: name.text)
    for name in names[place : place + _MOST_READ]:
        if not name.text.startswith(wanted):
            return
        yield name


@cache
def _names(kind: Kind) -> list[_Name]:
    """Return every name of a kind from each of its words on, sorted."""
    every = vocabulary()
    index = every.places if kind == Kind.LOCATION else every.names
    found: set[_Name] = set()
    for text, entries in index.entries.items():
        for entry in entries:
            is_demonym = kind == Kind.LOCATION and "d" in entry.flags
            if entry.slot not in SLOTS[kind] or is_demonym:
                continue
            words = text.split(" ")
            for start in range(len(words)):
                rest = " ".join(words[start:])
                found.add(_Name(rest, LABELS.get(entry.value, entry.value), start == 0, _size(entry)))
    return sorted(found)


def _size(entry: Entry) -> int:
    # Countries before regions before cities.
    return {"countries": 1_000_000, "regions": 500_000}.get(entry.slot, entry.population)


@cache
def _common(kind: Kind) -> tuple[str, ...]:
    return {
        Kind.INDUSTRY: ("Software", "Hospitals & clinics", "Construction", "Real estate", "Retail", "Manufacturing"),
        Kind.LOCATION: ("United States", "United Kingdom", "Germany", "United Arab Emirates", "India", "France"),
        Kind.DECISION_MAKER: ("CEO", "Founder", "Owner", "Managing Director", "Head of Sales", "Head of Marketing"),
    }[kind]
