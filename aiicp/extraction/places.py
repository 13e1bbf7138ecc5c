"""Decide which place a name means, and whether it is a place at all: Georgia, Nice, Reading, "us", Paris in Texas."""

from collections.abc import Iterator
from typing import Final

from aiicp.extraction.folding import word_set
from aiicp.extraction.mentions import Mention, Reading
from aiicp.extraction.slots import Slots
from aiicp.extraction.vocabulary import PLACES, Entry, state_codes

# In thousands: a smaller city is read only where the text speaks of a place.
KNOWN_EVERYWHERE: Final = 300
_UNSURE: Final = 0.6
_CODE: Final = 0.9
# Words of a message that is nothing but names, as an answer to "Where?" is.
MOST_ALONE: Final = 8
# Whether a text is written in small letters shows in its first words.
MOST_LOOKED_AT: Final = 60
# Abbreviations that are words of a language in small letters.
CAPITALS_ONLY: Final = word_set("us la sf dc eau vae eua rsa rdc gb ue paca sea idf l a d c u s") | {"l a", "d c"}
_PURPOSES: Final = word_set("for to of about")
_NEAR_GEORGIA: Final = word_set("AM AZ TR UA KZ RU MD BG RO")
_LANGUAGE_WORDS: Final = word_set("speaking speaker speakers language sprachig sprachige sprechende speak market-fit")


def resolve(reading: Reading, previous: Slots) -> list[Mention]:
    """Return the mentions with one meaning for each place, without those that are not places."""
    codes = _codes(reading)
    mentions = sorted([*reading.mentions, *codes], key=lambda each: each.start)
    american = _is_american(mentions, previous)
    kept: list[Mention] = []
    place = 0
    while place < len(mentions):
        mention = mentions[place]
        following = mentions[place + 1] if place + 1 < len(mentions) else None
        if not PLACES.intersection(entry.slot for entry in mention.entries):
            kept.append(mention)
            place += 1
            continue
        qualified = _qualified(reading, mention, following)
        if qualified is not None:
            kept.append(qualified)
            place += 2
            continue
        decided = _decided(reading, mention, mentions, place, previous, american=american)
        if decided is not None:
            kept.append(decided)
        place += 1
    return kept


def _qualified(reading: Reading, mention: Mention, following: Mention | None) -> Mention | None:
    """Return the city of "Paris, Texas" or "Munich, Germany", its state or country included."""
    if following is None or following.start != mention.stop or "و" in reading.prefixes.get(following.start, ""):
        return None
    gap = reading.text[reading.tokens[mention.stop - 1].end : reading.tokens[following.start].start]
    if gap.strip(" ") not in {",", "،", "", "(", "/"} or len(gap) > 3:
        return None
    for whole in following.entries:
        if whole.slot not in PLACES or "d" in whole.flags:
            continue
        for entry in mention.entries:
            if entry.slot == "cities" and _lies_in(entry, whole):
                return Mention((entry,), mention.start, following.stop, mention.confidence)
    return None


def _lies_in(city: Entry, whole: Entry) -> bool:
    if whole.slot == "regions":
        return city.state != "" and whole.value.removesuffix(" (US)").removesuffix(" State") == city.state
    return whole.slot == "countries" and whole.country == city.country


def _decided(
    reading: Reading, mention: Mention, mentions: list[Mention], place: int, previous: Slots, *, american: bool
) -> Mention | None:
    others = tuple(entry for entry in mention.entries if entry.slot not in PLACES)
    entries = [entry for entry in mention.entries if entry.slot in PLACES and "q" not in entry.flags]
    entries = _of_one_kind(reading, entries, mentions, place)
    entry = _preferred(entries, american=american, mentions=mentions, previous=previous)
    if entry is None or not _is_place(reading, mention, entry, mentions, place):
        return Mention(others, mention.start, mention.stop, mention.confidence) if others else None
    ambiguous = {each.slot for each in entries} >= {"countries", "regions"}
    confidence = min(mention.confidence, _UNSURE) if ambiguous else mention.confidence
    return Mention((entry,), mention.start, mention.stop, confidence)


def _of_one_kind(reading: Reading, entries: list[Entry], mentions: list[Mention], place: int) -> list[Entry]:
    """Return the cities among the entries if a city is listed beside them: in Arabic, Amman is written as Oman is."""
    countries = {entry.value for entry in entries if entry.slot == "countries"}
    others = [entry for entry in entries if entry.slot == "cities" and entry.value.rsplit(", ", 1)[-1] not in countries]
    if not countries or not others:
        return entries
    for one, other in _neighbours(mentions, place):
        beside = other if one is mentions[place] else one
        if beside.entries[0].slot == "cities" and _listed(reading, one, other):
            return others
    return entries


def _preferred(entries: list[Entry], *, american: bool, mentions: list[Mention], previous: Slots) -> Entry | None:
    if len(entries) == 1:
        return entries[0]
    by_slot = {entry.slot: entry for entry in reversed(entries)}
    if len(entries) > 1 and by_slot.keys() == {"cities"}:
        return _likely_city(entries, mentions, previous)
    if {"countries", "regions"} <= by_slot.keys():
        neighbours = {each.entries[0].country for each in mentions[:MOST_LOOKED_AT] if len(each.entries) == 1}
        return by_slot["regions"] if american and not _NEAR_GEORGIA & neighbours else by_slot["countries"]
    return by_slot.get("countries") or by_slot.get("regions") or by_slot.get("cities")


# Of two large cities with one name, the one that is meant without a country.
_BETTER_KNOWN: Final = frozenset({"Valencia, Spain", "Cartagena, Colombia", "San José, Costa Rica", "León, Mexico"})


def _likely_city(cities: list[Entry], mentions: list[Mention], previous: Slots) -> Entry:
    """Return the city that lies in a country the text names, or else the better known one: the largest, mostly."""
    named = {each.entries[0].value for each in mentions[:MOST_LOOKED_AT] if each.entries[0].slot == "countries"} | {
        *previous.countries
    }
    inside = [entry for entry in cities if entry.value.rsplit(", ", 1)[-1] in named]
    known = [entry for entry in cities if entry.value in _BETTER_KNOWN]
    return (inside or known or cities)[0]


def _is_american(mentions: list[Mention], previous: Slots) -> bool:
    """Return whether the text, or what was said before, is about places in the United States."""
    said = {entry.country for each in mentions for entry in each.entries if "countries" not in _slots(each)}
    clear = {each.entries[0].country for each in mentions if len(each.entries) == 1}
    return "US" in clear or ("US" in said - {"GE"} and _states(mentions)) or "United States" in previous.countries


def _states(mentions: list[Mention]) -> bool:
    return any(
        each.slot == "regions" and each.country == "US" for m in mentions for each in m.entries if len(m.entries) == 1
    )


def _slots(mention: Mention) -> set[str]:
    return {entry.slot for entry in mention.entries}


def _is_place(reading: Reading, mention: Mention, entry: Entry, mentions: list[Mention], place: int) -> bool:
    tokens = reading.tokens[mention.start : mention.stop]
    key = " ".join(token.form for token in tokens)
    in_context = _after_preposition(reading, mention) or _beside_place(reading, mentions, place)
    if key in CAPITALS_ONLY:
        written = not reading.shouts and all(token.text.isupper() for token in tokens)
        return written or (key == "us" and _means_america(reading, mention))
    if "d" in entry.flags:
        return _is_adjective(reading, mention)
    if entry.slot == "cities":
        if "w" in entry.flags and key.isascii():
            written_so = tokens[0].capitalised or (_ends_phrase(reading, mention) and not _after_for(reading, mention))
            return (in_context and written_so) or _alone(reading, mention)
        if entry.population < KNOWN_EVERYWHERE and len(tokens) == 1:
            return (in_context or _alone(reading, mention)) and (tokens[0].capitalised or _all_small(reading))
        if mention.confidence < 0.9:
            return in_context or _alone(reading, mention)
        return len(key) > 3 or in_context or not key.isascii()
    if (
        key in {"turkey", "chile", "jordan", "chad", "guinea", "georgia", "peru", "mali", "oman", "cali"}
        and not tokens[0].capitalised
    ):
        return in_context or _alone(reading, mention)
    return True


def _means_america(reading: Reading, mention: Mention) -> bool:
    """Return whether a small "us" is the country: "in the us", "us companies", "us-based", "us and canada"."""
    before = reading.tokens[mention.start - 1].form if mention.start else ""
    after = reading.tokens[mention.stop].form if mention.stop < len(reading.tokens) else ""
    if before == "the" or after in {"based", "companies", "firms", "market", "only", "businesses", "startups"}:
        return True
    if mention.start == 0 and mention.stop == len(reading.tokens):
        return True
    return before in {"in", "from", "across"} or (after in {"and", "or"} and before in {"in", ""})


def _is_adjective(reading: Reading, mention: Mention) -> bool:
    """Return whether "German" is said of companies or people, and not of the language."""
    after = reading.tokens[mention.stop].form if mention.stop < len(reading.tokens) else ""
    before = reading.tokens[mention.start - 1].form if mention.start else ""
    gap = reading.text[reading.tokens[mention.stop - 1].end :][:1]
    if (
        after in _LANGUAGE_WORDS
        or (before in {"auf", "speak", "speaks", "en"} and not after)
        or (before == "in" and not after)
    ):
        return False
    return gap not in {".", "!"} and bool(after)


def _after_preposition(reading: Reading, mention: Mention) -> bool:
    place = mention.start
    if reading.prefixes.get(place, "")[-1:] in {"ب", "ل"} or "بال" in reading.prefixes.get(place, ""):
        return True
    if place and reading.tokens[place - 1].form in {
        "the",
        "greater",
        "der",
        "den",
        "la",
        "el",
        "downtown",
        "northern",
        "city",
    }:
        place -= 1
    after = reading.tokens[mention.stop : mention.stop + 1]
    based = bool(after) and after[0].form in {"based", "area", "region", "office", "offices", "market", "metro"}
    spoken_of = any(
        reading.cue_ends_at(kind, place) for kind in ("not", "drop", "add", "instead_of", "change", "replace")
    )
    return based or spoken_of or reading.cue_ends_at("place", place)


def _beside_place(reading: Reading, mentions: list[Mention], place: int) -> bool:
    """Return whether the name stands in a list with another place."""
    return any(_listed(reading, *pair) for pair in _neighbours(mentions, place))


def _neighbours(mentions: list[Mention], place: int) -> Iterator[tuple[Mention, Mention]]:
    if place:
        yield mentions[place - 1], mentions[place]
    if place + 1 < len(mentions):
        yield mentions[place], mentions[place + 1]


def _listed(reading: Reading, one: Mention, other: Mention) -> bool:
    if not (PLACES & _slots(one) and PLACES & _slots(other)):
        return False
    between = range(one.stop, other.start)
    if not between and "و" in reading.prefixes.get(other.start, ""):
        return True
    return len(between) <= 2 and all(
        reading.cue_at("and", each) or reading.tokens[each].form in {"the", "in", "also", "oder"} for each in between
    )


def _alone(reading: Reading, mention: Mention) -> bool:
    """Return whether the text is nothing but a few names, as an answer to "Where?" is."""
    if len(reading.tokens) > MOST_ALONE:
        return False
    others = [
        each
        for each in range(len(reading.tokens))
        if not mention.start <= each < mention.stop and not reading.cue_at("and", each)
    ]
    named = {place for each in reading.mentions for place in range(each.start, each.stop)}
    return all(each in named for each in others)


def _ends_phrase(reading: Reading, mention: Mention) -> bool:
    if mention.stop >= len(reading.tokens):
        return True
    following = reading.tokens[mention.stop]
    return not following.linked or reading.cue_at("and", mention.stop) or reading.cue_at("place", mention.stop)


def _after_for(reading: Reading, mention: Mention) -> bool:
    """Return whether "for" stands before a small word: "an app for reading" is no town."""
    return mention.start > 0 and reading.tokens[mention.start - 1].form in _PURPOSES


def _all_small(reading: Reading) -> bool:
    return not any(token.capitalised for token in reading.tokens[1:MOST_LOOKED_AT])


def _codes(reading: Reading) -> list[Mention]:
    """Return the states that are written as two capitals after a city, a preposition or another state."""
    taken = {
        place
        for each in reading.mentions
        for place in range(each.start, each.stop)
        if reading.tokens[place].form != "us"
    }
    found: list[Mention] = []
    if reading.shouts:
        return found
    ends = {each.stop for each in reading.mentions}
    for place, token in enumerate(reading.tokens):
        if (
            len(token.text) != 2
            or not token.text.isupper()
            or token.form not in state_codes()
            or (place in taken and token.form != "la")
        ):
            continue
        before = place and (reading.cue_ends_at("place", place) or place in ends)
        listed = place > 1 and reading.cue_at("and", place - 1) and bool(found) and found[-1].stop == place - 1
        if before or listed:
            found.append(Mention((state_codes()[token.form],), place, place + 1, _CODE))
    return found
