"""Decide how each found thing is meant: wanted, excluded, removed, replacing, or only what the speaker offers."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from aiicp.extraction.folding import word_set
from aiicp.extraction.mentions import Reading
from aiicp.extraction.slots import Range, Slots

GROUPS: Final = {
    "countries": "places",
    "regions": "places",
    "cities": "places",
    "titles": "people",
    "departments": "people",
    "seniorities": "people",
}
# Words between a "not" and what it is said of.
MOST_BETWEEN: Final = 6
# Names of one list that "excluded" behind them is said of.
MOST_LISTED: Final = 20
_ONLY: Final = word_set("only just nur solo solamente unicamente seulement uniquement فقط")
_INTERJECTIONS: Final = word_set("no nein non لا not")
# What sellers say of themselves and their products are these; where they are is said of the target as well.
_OF_PRODUCTS: Final = word_set(
    "industries technologies titles departments seniorities keywords company_size companies platforms"
)
_TO: Final = word_set("to with for by durch por par zu auf in a en gegen nach into الى بـ ب")


@dataclass(slots=True)
class Item:
    """One found thing, at its words, and how it is meant."""

    slot: str
    value: Any
    start: int
    stop: int
    confidence: float
    excluded: bool = False
    operation: str = "add"
    offered: bool = False

    @property
    def group(self) -> str:
        return GROUPS.get(self.slot, self.slot)


def decide(reading: Reading, items: list[Item], previous: Slots | None) -> None:
    """Set how each item is meant. Items are in the order of the text."""
    _mark_offers(reading, items)
    taken = {place for item in items for place in range(item.start, item.stop)}
    live = [item for item in items if not item.offered]
    for item in _named_by(reading, live, taken, "not"):
        item.excluded = True
    for item in _said_before(reading, live, taken, "after"):
        item.excluded = True
    for item in live:
        if item.excluded and isinstance(item.value, Range):
            # "Exclude companies with less than 10 people" asks for those with more.
            item.value, item.excluded = item.value._replace(least=item.value.most, most=item.value.least), False
    removed = [item for kind in ("drop", "instead_of") for item in _named_by(reading, live, taken, kind)]
    for item in (*removed, *_said_before(reading, live, taken, "after_drop")):
        item.operation, item.excluded = "remove", False
    _mark_changes(reading, live, taken)
    if previous is not None:
        _mark_corrections(reading, live, previous, taken)


def known(previous: Slots, item: Item) -> bool:
    """Return whether the item's value was wanted before."""
    values = getattr(previous, item.slot, ())
    return isinstance(values, tuple) and item.value in values


def _mark_offers(reading: Reading, items: list[Item]) -> None:
    """Mark what stands where speakers describe themselves: "we are an agency in Berlin", "we sell CRM software"."""
    state, since = "", 0
    by_start: dict[int, list[Item]] = {}
    for item in items:
        by_start.setdefault(item.start, []).append(item)
    inside = {place for item in items for place in range(item.start + 1, item.stop)}
    met = False
    turning = {
        place for kind in ("help", "sell", "self", "seek", "towards", "tail") for place in reading.cues.get(kind, {})
    }
    turning |= reading.prefixes.keys()
    for place, token in enumerate(reading.tokens):
        if token.breaks:
            state = ""
        if state == "self" and not met and token.comma:
            state = ""
        if place in turning and place not in inside:
            changed = _next_state(reading, place, state, since=since, met=met)
            if changed is not None:
                state, since, met = changed, place, False
        for item in by_start.get(place, ()):
            item.offered = (state in {"sell", "tail"} and item.slot in _OF_PRODUCTS) or state == "self"
            met = True


def _next_state(reading: Reading, place: int, state: str, *, since: int, met: bool) -> str | None:
    """Return the state that a cue at this word begins, or None if there is no cue."""
    seek = reading.cues.get("seek", {}).get(place, 0)
    for kind in ("help", "sell", "self"):
        length = reading.cues.get(kind, {}).get(place, 0)
        if length and length >= seek and not (kind == "help" and length == 1 and state not in {"self", "sell"}):
            return kind
    if seek and state:
        return ""
    if state == "sell" and place > since + 1 and (reading.cue_at("towards", place) or _arabic_to(reading, place)):
        return ""
    if state == "help" and met and reading.cue_at("tail", place):
        return "tail"
    return None


def _arabic_to(reading: Reading, place: int) -> bool:
    return reading.prefixes.get(place, "") in {"ل", "لل"}


def _named_by(reading: Reading, items: Sequence[Item], taken: set[int], kind: str) -> Iterator[Item]:
    """Return what the cues of a kind are said of: the next thing, and others of its kind listed with it."""
    ignored = {
        place for start, length in reading.cues.get("never_mind", {}).items() for place in range(start, start + length)
    }
    for start, length in reading.cues.get(kind, {}).items():
        longer = any(reading.cues.get(each, {}).get(start, 0) > length for each in ("not", "drop", "instead_of"))
        if start in taken or start in ignored or longer or (kind == "not" and _is_interjection(reading, start, length)):
            continue
        yield from _scope(reading, items, start + length, taken, kind)


def _is_interjection(reading: Reading, start: int, length: int) -> bool:
    """Return whether "no" is an answer, as in "No, make it 200"."""
    if length > 1 or reading.tokens[start].form not in _INTERJECTIONS or start + 1 >= len(reading.tokens):
        return False
    following = reading.tokens[start + 1]
    return following.comma or following.breaks


def _scope(reading: Reading, items: Sequence[Item], begin: int, taken: set[int], kind: str) -> Iterator[Item]:
    first: Item | None = None
    last_stop = begin
    for place in range(_first_from(items, begin), len(items)):
        item = items[place]
        if item.start < last_stop and first is not None:
            if item.group == first.group:
                yield item
            continue
        if _is_cut(reading, last_stop, item.start, taken, first=first is None):
            return
        if first is None:
            if item.start - begin > MOST_BETWEEN or (kind == "not" and not _can_be_refused(item)):
                return
            first = item
        elif not _continues(reading, last_stop, item, first):
            return
        yield item
        last_stop = item.stop


def _can_be_refused(item: Item) -> bool:
    """Return whether a "not" may be said of the item. Of numbers, only of a range with one open end."""
    one_end = isinstance(item.value, Range) and (item.value.least is None) != (item.value.most is None)
    return one_end or not isinstance(item.value, int | Range)


def _first_from(items: Sequence[Item], begin: int) -> int:
    """Return the number of the first item that begins at a word or after it."""
    return bisect_left(items, begin, key=lambda item: item.start)


def _is_cut(reading: Reading, begin: int, stop: int, taken: set[int], *, first: bool) -> bool:
    """Return whether the scope ends between two words."""
    for place in range(begin, min(stop + 1, len(reading.tokens))):
        token = reading.tokens[place]
        if token.breaks and place > begin - (0 if first else 1):
            return True
        if first and token.comma and place > begin:
            return True
        if place == stop or place in taken:
            continue
        if reading.cue_at("but", place) and not (first and place == begin):
            return True
        if not first and any(reading.cue_at(kind, place) for kind in ("from_now_on", "add", "replace", "not")):
            return True
        if first and reading.cue_at("from_now_on", place) and place > begin + 1:
            return True
    return False


def _continues(reading: Reading, last_stop: int, item: Item, first: Item) -> bool:
    between = range(last_stop, item.start)
    joined = all(reading.cue_at("and", each) or reading.cue_at("place", each) for each in between)
    if item.group == first.group:
        return (
            joined
            and len(between) <= 3
            and (len(between) > 0 or reading.tokens[item.start].comma or item.slot != first.slot)
        )
    either = {"or", "nor", "oder", "o", "ou", "ni", "او"}
    return len(between) == 1 and reading.tokens[last_stop].form in either


def _said_before(reading: Reading, items: Sequence[Item], taken: set[int], kind: str) -> Iterator[Item]:
    """Return what "excluded", "is out" or a German "nicht" behind it is said of."""
    for start, length in reading.cues.get(kind, {}).items():
        if start in taken:
            continue
        place = _first_from(items, start)
        if any(_follows(reading, start + length, item) for item in items[place : place + 2]):
            continue
        before = [item for item in items[max(0, place - MOST_LISTED) : place] if item.stop <= start]
        if not before or start - before[-1].stop > 3 or _breaks(reading, before[-1].stop, start):
            continue
        last = before[-1]
        for place in range(len(before) - 1, -1, -1):
            item = before[place]
            follows = before[place + 1] if place + 1 < len(before) else None
            if item.group != last.group or (follows and item.stop == follows.start):
                # "Clinics, agencies excluded": without an "and" only the last is meant.
                break
            if follows and not _continues(reading, item.stop, follows, last):
                break
            yield item


def _follows(reading: Reading, stop: int, item: Item) -> bool:
    """Return whether the item comes within a few words, without a comma or the end of the sentence between."""
    between = reading.tokens[stop : item.start + 1]
    return 0 < len(between) <= 4 and not any(token.comma or token.breaks for token in between)


def _breaks(reading: Reading, begin: int, stop: int) -> bool:
    return any(reading.tokens[place].breaks for place in range(begin, min(stop + 1, len(reading.tokens))))


def _mark_changes(reading: Reading, items: Sequence[Item], taken: set[int]) -> None:
    """Mark the first of "change Germany to Austria" as removed."""
    for start, length in reading.cues.get("change", {}).items():
        if start in taken:
            continue
        place = _first_from(items, start + length)
        after = [item for item in items[place : place + MOST_BETWEEN] if not _breaks(reading, start, item.start)]
        for one, other in pairwise(after):
            between = range(one.stop, other.start)
            if one.group == other.group and any(reading.tokens[each].form in _TO for each in between):
                one.operation = "remove"
                break


def _mark_corrections(reading: Reading, items: Sequence[Item], previous: Slots, taken: set[int]) -> None:
    """Tell what replaces from what is added, by the words of its sentence and by what was known before."""
    for sentence in _sentences(reading):
        own = items[_first_from(items, sentence.start) : _first_from(items, sentence.stop)]
        if not own:
            continue
        _mark_contrast(reading, own, previous)
        removed = {item.group for item in own if item.operation == "remove"}
        replacing = _replaced(reading, sentence, own, taken)
        adds = any(reading.cue_at("add", place) and place not in taken for place in sentence)
        for item in own:
            if item.operation == "add" and not item.excluded and not adds and item.group not in removed:
                item.operation = "replace" if item.group in replacing else "add"


def _mark_contrast(reading: Reading, items: Sequence[Item], previous: Slots) -> None:
    """Mark what gives way to something else: "not Germany but Austria", "not Spain, Portugal"."""
    for one, other in pairwise(items):
        listed = one.excluded and other.excluded and one.group == other.group and one.stop == other.start
        if listed and known(previous, one) and not known(previous, other) and reading.tokens[other.start].comma:
            other.excluded = False
    wanted = {item.group for item in items if not item.excluded and item.operation != "remove"}
    for item in items:
        if item.excluded and known(previous, item) and item.group in wanted:
            item.excluded, item.operation = False, "remove"


def _replaced(reading: Reading, sentence: range, items: Sequence[Item], taken: set[int]) -> set[str]:
    """Return the groups that the sentence replaces. "Only" is said of the nearest thing, other words of all."""
    groups: set[str] = set()
    unsure = reading.cues.get("never_mind", {})
    ignored = {place for start in sentence if start in unsure for place in range(start, start + unsure[start])}
    places = [place for place in sentence if reading.cue_at("replace", place) and place not in taken | ignored]
    denials = reading.cues.get("not", {})
    changed = any(reading.cue_at("change", place) and place not in taken for place in sentence)
    denied = any(place in denials and _is_interjection(reading, place, denials[place]) for place in sentence)
    if changed or denied:
        groups.update(item.group for item in items)
    for place in places:
        if reading.cue_at("instead_of", place):
            continue
        if reading.tokens[place].form in _ONLY:
            after = [item for item in items if item.start > place]
            before = [item for item in items if item.stop <= place]
            nearest = after[0] if after and after[0].start - place <= 4 else before[-1] if before else None
            groups.update({nearest.group} if nearest else ())
        else:
            groups.update(item.group for item in items)
    return groups


def _sentences(reading: Reading) -> Iterator[range]:
    start = 0
    for place in range(1, len(reading.tokens)):
        if reading.tokens[place].breaks:
            yield range(start, place)
            start = place
    yield range(start, len(reading.tokens))
