"""The embedded assistant's prose: what was understood, the question that follows, the summary."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from aiicp.assistant.dialogue import CONFIRMATION, READY_TO_ACT, Position
from aiicp.assistant.facets import FACETS, Shown, facet_of, shown
from aiicp.assistant.texts import OPTIONS, text
from aiicp.extraction.extractor import Value
from aiicp.extraction.slots import Range, Slots
from lad.llm.images import without_images

MOST_VALUES_NAMED: Final = 6
# A question that says itself what it is about. The others need no repetition in what was understood.
SILENT: Final = frozenset({"problem_statement"})
# Questions that can be left open. Without the others nothing is known.
SKIPPABLE: Final = frozenset({"problem_statement", "roles", "industries", "company_size", "locations", "deal_type"})


def label(language: str, facet: str) -> str:
    return text(language, f"label.{facet}")


def known(slots: Slots) -> Iterator[tuple[str, list[Shown]]]:
    """Yield the facets that hold something, with their values."""
    for facet in FACETS:
        if values := shown(slots, facet):
            yield facet, values


def question(language: str, where: Position) -> str:
    """Return what is asked next, choices numbered; what can be done now where nothing is left to ask."""
    if where.progress == READY_TO_ACT:
        return ""
    asked = text(language, f"ask.{where.asking}")
    choices = [f"{number}. {each}" for number, each in enumerate(options(language, where.asking), 1)]
    return "\n".join([asked, *choices])


def options(language: str, asking: str) -> list[str]:
    """Return the choices that a question offers, as they are shown."""
    return [text(language, f"option.{value}") for value in OPTIONS.get(asking, ())]


def suggestions(language: str, where: Position) -> list[str]:
    """Return answers that a person may want to give, shown as buttons."""
    if where.progress == READY_TO_ACT:
        return []
    offered = options(language, where.asking)
    offered = offered or list(filter(None, text(language, f"suggest.{where.asking}").split("|")))
    if where.asking in SKIPPABLE:
        offered = [*offered, text(language, "suggest.skip")]
    return offered


def summary(language: str, slots: Slots) -> str:
    """Return all that is known, a line for each facet."""
    lines = [text(language, "said.summary")]
    for facet, values in known(slots):
        if facet != "target_knowledge":
            lines.append(f"- {_capital(label(language, facet))}: {named(language, values)}")
    return "\n".join(lines)


def understood(language: str, values: Sequence[Value]) -> str:
    """Say what a message changed. Returns an empty text where it changed nothing that needs to be said."""
    noted = [each for each in values if each.operation != "remove" and each.slot not in SILENT]
    removed = [each for each in values if each.operation == "remove"]
    said = []
    if noted:
        said.append(text(language, "said.noted").format(facts=_facts(language, noted)))
    elif any(each.slot in SILENT for each in values):
        facts = _joined(language, [label(language, each.slot) for each in values if each.slot in SILENT])
        said.append(text(language, "said.noted").format(facts=facts))
    if removed:
        said.append(text(language, "said.removed").format(facts=_facts(language, removed)))
    return " ".join(said)


def undone(language: str, slots: Slots, facets: Iterable[str]) -> str:
    """Say what holds after a change was undone."""
    facts = []
    for facet in facets:
        values = shown(slots, facet)
        key = "said.now" if values else "said.empty"
        facts.append(text(language, key).format(label=label(language, facet), values=named(language, values)))
    return text(language, "said.undone").format(facts="; ".join(facts))


def closing(language: str, slots: Slots, where: Position) -> str:
    """Return the end of an answer: the summary before the confirmation, and the question."""
    if where.progress == READY_TO_ACT:
        return text(language, "said.confirmed_inbound" if slots.outreach_type == "inbound" else "said.confirmed")
    asked = question(language, where)
    return f"{summary(language, slots)}\n\n{asked}" if where.asking == CONFIRMATION else asked


def named(language: str, values: Sequence[Shown]) -> str:
    """Return the values of a facet in words."""
    names = [spelled(language, each.slot, each.value, excluded=each.excluded) for each in values[:MOST_VALUES_NAMED]]
    left = len(values) - len(names)
    return _joined(language, [*names, f"+{left}"] if left else names)


def spelled(language: str, slot: str, value: str | int | bool | Range, *, excluded: bool = False) -> str:
    """Return one value in words."""
    if isinstance(value, bool):
        found = text(language, f"option.{'yes' if value else 'no'}")
    elif slot == "employees":
        found = text(language, "said.people").format(value=value)
    elif isinstance(value, int):
        found = f"{value:,}"
    else:
        # The values of choices have names of their own in each language.
        found = text(language, f"option.{value}") if slot in OPTIONS else ""
        found = found or without_images(str(value))
    return text(language, "said.not").format(value=found) if excluded else found


def facts_of(values: Sequence[Value]) -> Mapping[str, list[Value]]:
    """Return the values by facet, in the order in which they were said."""
    groups: dict[str, list[Value]] = {}
    for each in values:
        groups.setdefault(facet_of(each.slot), []).append(each)
    return groups


def _facts(language: str, values: Sequence[Value]) -> str:
    facts = []
    for facet, group in facts_of(values).items():
        names = [
            spelled(language, each.slot, each.value, excluded=each.polarity == "exclude" and each.operation != "remove")
            for each in group[:MOST_VALUES_NAMED]
        ]
        facts.append(f"{label(language, facet)} ({_joined(language, names)})")
    return _joined(language, facts)


def _joined(language: str, parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + text(language, "said.and") + parts[-1]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
