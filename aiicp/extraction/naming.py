"""Check names that somebody else found in a text: the gazetteers must know them, or the text must say them."""

from collections.abc import Sequence
from typing import Final

from aiicp.extraction.folding import key
from aiicp.extraction.vocabulary import Entry, place_named, vocabulary

PLACES: Final = frozenset({"countries", "regions", "cities"})


def known_name(slot: str, name: str) -> str | None:
    """Return the name as LAD writes it, if the gazetteers know it in this slot."""
    if slot in PLACES:
        place = place_named(name) or _first(vocabulary().places.entries.get(key(name, plural=True), ()), slot)
        return place.value if place is not None and place.slot == slot else None
    entry = _first(vocabulary().names.entries.get(key(name), ()), slot)
    return entry.value if entry else None


def said_name(name: str, text: str) -> str | None:
    """Return the name without needless spaces, if the text says it word by word."""
    name = " ".join(name.split())
    folded = key(name, plural=True)
    return name if folded and f" {folded} " in f" {key(text, plural=True)} " else None


def place_in(words: str, text: str) -> tuple[int, int] | None:
    """Return where the text has these words, in any case, or None. Punctuation alone is nowhere."""
    wanted = words.strip()
    start = text.casefold().find(wanted.casefold()) if wanted else -1
    if start < 0 or not key(wanted, plural=True):
        return None
    return start, start + len(wanted)


def _first(entries: Sequence[Entry], slot: str) -> Entry | None:
    return next((entry for entry in entries if entry.slot == slot), None)
