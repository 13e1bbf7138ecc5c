"""Read what a message says about the ideal customer, without a model: the same answer for the same text, always."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from aiicp.extraction import freetext, places, roles, scope
from aiicp.extraction.folding import fold
from aiicp.extraction.meanings import choose
from aiicp.extraction.mentions import Reading, read
from aiicp.extraction.numbers import find_numbers
from aiicp.extraction.scope import Item
from aiicp.extraction.slots import EXCLUDABLE, LISTS, Range, Slots, storable

# Longer texts are read up to here.
MAX_LENGTH: Final = 20_000
LABELS: Final = {
    "industries": "industry",
    "titles": "title",
    "departments": "department",
    "seniorities": "seniority",
    "countries": "country",
    "regions": "region",
    "cities": "city",
    "technologies": "technology",
    "keywords": "keyword",
    "companies": "company",
    "linkedin_urls": "LinkedIn address",
    "platforms": "channel",
    "goals": "goal",
    "funding_stages": "funding stage",
    "inbound_sources": "source of leads",
    "limit": "number of people",
    "founded": "founding year",
    "company_size": "company size",
    "deal_type": "type of deal",
    "outreach_type": "direction",
    "target_knowledge": "knowledge of the target",
    "problem_statement": "problem",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a text names: what it is, how it is meant, and the words it was read from.

    ``polarity`` is ``include`` or ``exclude``; ``operation`` is ``add``, ``replace`` or ``remove``. ``start`` and
    ``end`` count characters of the text. ``confidence`` is from 0 to 1.
    """

    slot: str
    value: str | int | Range
    polarity: str
    operation: str
    confidence: float
    text: str
    start: int
    end: int

    @property
    def why(self) -> str:
        """Say in words what was understood from which words."""
        name = LABELS.get(self.slot, self.slot)
        shown = f"{self.value:,}" if isinstance(self.value, int) else str(self.value)
        verb = {"remove": "remove ", "replace": "change to "}.get(self.operation, "")
        verb = "exclude " if self.polarity == "exclude" else verb
        return f"{verb}{name} {shown}, from “{' '.join(self.text.split())}”"


@dataclass(frozen=True, slots=True)
class Extraction:
    """The values found in a text, and the slots after them."""

    values: tuple[Value, ...]
    slots: Slots
    language: str


def extract(text: str, *, previous: Slots | None = None, language: str | None = None) -> Extraction:
    """Return the values that a text names, and the slots after it.

    ``previous`` is what was known before: "make it 200 instead" then corrects it. ``language`` is ``en``, ``de``,
    ``es``, ``fr`` or ``ar``; without it, it is detected. Texts are read up to 20,000 characters.
    """
    before = previous or Slots()
    body = freetext.without_signature(text[:MAX_LENGTH])
    masked, addresses = freetext.mask(body)
    reading = read(masked, language=language)
    items = [*_names(reading, before), *_numbers(reading)]
    items.sort(key=lambda item: (item.start, item.stop))
    listed = _keywords(masked)
    items = _without_keywords(reading, _joined_sizes(reading, items), listed)
    scope.decide(reading, items, previous)
    values = [
        *_values_of(reading, items, before),
        *(
            Value(slot, value, "include", "add", 0.95, body[start:end], start, end)
            for slot, value, start, end in addresses
        ),
        *_quoted(masked, items, reading),
        *listed,
        *_problem(body),
    ]
    unique = tuple(_unique(values))
    return Extraction(unique, apply(before, unique), reading.language)


def apply(previous: Slots, values: Iterable[Value]) -> Slots:
    """Return the slots after what was said: later words win over earlier ones."""
    changed: dict[str, Any] = {}
    # Lists as the keys of dictionaries, which keep their order.
    lists: dict[str, dict[str, None]] = {}
    replaced: set[str] = set()
    for each in values:
        if each.slot not in LISTS:
            changed[each.slot] = _emptied(each) if each.operation == "remove" else each.value
            continue
        group = scope.GROUPS.get(each.slot, each.slot)
        if each.operation == "replace" and each.polarity == "include" and group not in replaced:
            replaced.add(group)
            lists.update({slot: {} for slot in LISTS if scope.GROUPS.get(slot, slot) == group})
        _change(previous, lists, each)
    changed.update({slot: storable(tuple(names)) for slot, names in lists.items()})
    return replace(previous, **changed)


def _change(previous: Slots, lists: dict[str, dict[str, None]], each: Value) -> None:
    """Put the value into the list it belongs in, and take it out of the opposite one."""
    value = str(each.value)
    targets = {"include": each.slot, "exclude": f"excluded_{each.slot}" if each.slot in EXCLUDABLE else ""}
    for polarity, slot in targets.items():
        if not slot:
            continue
        if slot not in lists:
            lists[slot] = dict.fromkeys(getattr(previous, slot))
        names = lists[slot]
        if polarity == each.polarity and each.operation != "remove":
            names.setdefault(value)
        else:
            names.pop(value, None)


def _emptied(each: Value) -> str | None:
    return "" if isinstance(each.value, str) else None


def _names(reading: Reading, previous: Slots) -> list[Item]:
    companies = freetext.companies(reading, reading.mentions)
    taken = {place for each in companies for place in range(each.start, each.stop)}
    reading.mentions = [each for each in reading.mentions if not taken.intersection(range(each.start, each.stop))]
    mentions = places.resolve(reading, previous)
    mentions = roles.compose(reading, mentions)
    mentions = sorted([*mentions, *companies, *freetext.funding_rounds(reading, mentions)], key=lambda each: each.start)
    return [
        Item(entry.slot, entry.value, mention.start, mention.stop, mention.confidence)
        for entry, mention in choose(reading, mentions, previous)
    ]


def _numbers(reading: Reading) -> list[Item]:
    starts = [token.start for token in reading.tokens]
    found: list[Item] = []
    for each in find_numbers(reading.text, language=reading.language):
        first = max(0, bisect_right(starts, each.start) - 1)
        if reading.tokens and reading.tokens[first].end <= each.start:
            first += 1
        stop = bisect_left(starts, each.end)
        if first < stop:
            found.append(Item(each.slot, each.value, first, stop, each.confidence))
    return found


def _joined_sizes(reading: Reading, items: list[Item]) -> list[Item]:
    """Join "11-50 or 51-200 employees" to one range."""
    joined: list[Item] = []
    for item in items:
        last = joined[-1] if joined else None
        if last and last.slot == item.slot == "employees" and _listed(reading, last, item):
            ends = (last.value, item.value)
            least = None if any(each.least is None for each in ends) else min(each.least for each in ends)
            most = None if any(each.most is None for each in ends) else max(each.most for each in ends)
            joined[-1] = replace(last, value=Range(least, most), stop=item.stop)
        else:
            joined.append(item)
    return joined


def _listed(reading: Reading, one: Item, other: Item) -> bool:
    between = range(one.stop, other.start)
    words = {"employees", "people", "mitarbeiter", "empleados", "salaries"}
    return (
        len(between) <= 2
        and all(reading.cue_at("and", each) or reading.tokens[each].form in words for each in between)
        and (len(between) > 0 or reading.tokens[other.start].comma)
    )


def _values_of(reading: Reading, items: Sequence[Item], previous: Slots) -> list[Value]:
    values = []
    for item in items:
        if item.offered or (item.excluded and item.slot not in EXCLUDABLE and item.slot not in LISTS):
            continue
        start, end = reading.tokens[item.start].start, reading.tokens[item.stop - 1].end
        operation = item.operation
        if item.slot not in LISTS and operation == "add" and getattr(previous, item.slot) not in (None, ""):
            operation = "replace"
        polarity = "exclude" if item.excluded else "include"
        text = reading.text[start:end]
        values.append(Value(item.slot, item.value, polarity, operation, item.confidence, text, start, end))
    return values


def _quoted(text: str, items: Sequence[Item], reading: Reading) -> list[Value]:
    spans = [(reading.tokens[item.start].start, reading.tokens[item.stop - 1].end) for item in items]
    return [
        Value("keywords", words, "include", "add", 0.7, words, start, end)
        for words, start, end in freetext.quoted(text)
        if not any(first < end and start < last for first, last in spans)
    ]


def _keywords(text: str) -> list[Value]:
    return [Value("keywords", words, "include", "add", 0.9, words, *span) for words, *span in freetext.keywords(text)]


def _without_keywords(reading: Reading, items: Sequence[Item], listed: Sequence[Value]) -> list[Item]:
    """Return the items that are not words of a list of keywords."""
    return [
        item for item in items if not any(each.start <= reading.tokens[item.start].start < each.end for each in listed)
    ]


def _problem(text: str) -> list[Value]:
    found = freetext.problem_statement(text)
    if found is None:
        return []
    start, end = found
    said = " ".join(text[start:end].split())
    return [Value("problem_statement", said, "include", "add", 0.6, text[start:end], start, end)]


def _unique(values: Iterable[Value]) -> list[Value]:
    """Return each value once, the one that is meant last: of a list in the order of the text."""
    seen: dict[tuple[str, Any], Value] = {}
    wanted: dict[tuple[str, Any], str] = {}
    for each in values:
        words = fold(each.text)
        if each.polarity == "exclude" and wanted.get((each.slot, each.value), words) != words:
            # "Hotels, no hostels": the gazetteer has one value for both, and the hotels are wanted.
            continue
        if each.polarity == "include" and each.operation != "remove":
            wanted[each.slot, each.value] = words
        name = (each.slot, each.value) if each.slot in LISTS else (each.slot, None)
        # "100 instead of 50": only the last that is wanted counts. Of two sizes of company, the first does.
        if name in seen and each.slot not in LISTS and (each.operation == "remove" or each.slot == "company_size"):
            continue
        seen[name] = each
    return list(seen.values())
