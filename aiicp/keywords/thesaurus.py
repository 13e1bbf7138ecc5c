"""Keywords that mean about the same, without a model: from the extractor's names and from a list of business terms."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from aiicp.extraction.folding import key
from aiicp.extraction.vocabulary import rows

MOST: Final = 15
GENERAL: Final = "general"
# Contexts by the names that people use for them → the extractor's files that are about them.
CONTEXTS: Final = {
    "industry": ("industries",),
    "technology": ("technologies",),
    "title": ("titles", "departments"),
    GENERAL: ("industries", "titles", "technologies", "departments"),
}
ALIASES: Final = {
    "industries": "industry",
    "sector": "industry",
    "technologies": "technology",
    "tech": "technology",
    "titles": "title",
    "role": "title",
    "roles": "title",
    "person": "title",
    "department": "title",
}
# The column of a file that has the names.
_NAMES_AT: Final = {"departments": 2}
_FILE: Final = files("aiicp.keywords").joinpath("data", "thesaurus.tsv")


def related(keyword: str, context: str) -> tuple[str, ...]:
    """Return what means about the same as the keyword in the context, the closest first; nothing if it is not known.

    Plural forms, accents and case do not matter. A context that is not known counts as general.
    """
    named = ALIASES.get(context, context)
    known = named if named in CONTEXTS else GENERAL
    wanted = key(keyword)
    found: dict[str, str] = {}
    for group in (*_own_groups(known, wanted), *_named_groups(known, wanted)):
        for each in group:
            found.setdefault(key(each), each)
    found.pop(wanted, None)
    return tuple(each.lower() for each in found.values() if each.lower() != keyword)[:MOST]


def _own_groups(context: str, wanted: str) -> Iterator[tuple[str, ...]]:
    order = list(CONTEXTS) if context == GENERAL else [context]
    for each in (context, *(other for other in order if other != context)):
        yield from _thesaurus().get((each, wanted), ())


def _named_groups(context: str, wanted: str) -> Iterator[tuple[str, ...]]:
    for file in CONTEXTS[context]:
        yield from _names().get((file, wanted), ())


@cache
def _thesaurus() -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """Return the groups of the list of business terms by context and the key of each of their keywords."""
    found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            context, _, names = line.partition("\t")
            group = tuple(names.split("|"))
            for each in group:
                found.setdefault((context, key(each)), []).append(group)
    return found


@cache
def _names() -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """Return the names of each value that the extractor knows, by file and the key of each name."""
    found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for file in CONTEXTS[GENERAL]:
        for row in rows(file):
            group = (row[0], *row[_NAMES_AT.get(file, 1)].split("|"))
            for each in {key(name) for name in group}:
                found.setdefault((file, each), []).append(group)
    return found
