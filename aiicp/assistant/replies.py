"""Understand a message by what was asked before it: a choice, a yes or no, a command, or words about customers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Final

from aiicp.assistant.dialogue import CONFIRMATION
from aiicp.assistant.facets import FACETS, READY
from aiicp.assistant.texts import LANGUAGES, rows, text
from aiicp.extraction.extractor import Value, apply, extract
from aiicp.extraction.folding import fold
from aiicp.extraction.slots import Range, Slots

SAID: Final = 0.95
# The user's own words, where no name of a gazetteer was found in the answer to a question.
OWN_WORDS: Final = 0.5
# Follows from other things that were said.
INFERRED: Final = 0.6
CHANGE: Final = "change"
# Fewer words say too little to tell their language.
WORDS_OF_A_LANGUAGE: Final = 4
MOST_OWN_WORDS: Final = 8
WORDS_OF_A_PROBLEM: Final = 3
MAX_PROBLEM_LENGTH: Final = 5_000
_OWN_SLOTS: Final = {"roles": "titles", "industries": "industries", "companies": "companies", "deal_type": "deal_type"}
_NUMBER: Final = re.compile(r"^(?:option|choice|nummer|numero|opcion|nr|no)?\s*#?([1-9])[.)]?")
_JOINING: Final = frozenset({"and", "und", "y", "et", "or", "oder"})
_SPLIT: Final = re.compile(r"[,;\n&]|\b(?:and|und|y|et)\b", re.IGNORECASE)


class Intent(StrEnum):
    """What a message is meant as."""

    TELL = "tell"
    CHOOSE = "choose"
    CONFIRM = "confirm"
    CHANGE = "change"
    UNDO = "undo"
    SKIP = "skip"
    RESTART = "restart"
    HELP = "help"
    GREET = "greet"
    ACT = "act"
    NOT_A_CHOICE = "not_a_choice"
    UNCLEAR = "unclear"


_BETWEEN: Final = re.compile(r"[,;/&]|\s+(?:(?:and|und|y|et|or|oder)\s+)?")
_UNDO_OF: Final = re.compile(
    r"(?:undo|revert|take back|rückgängig|deshacer|deshaz|annuler|annule)[:\s]+"
    r"(?:the |my |last |der |die |das |el |la |los |las |le |les )*(.+)",
    re.IGNORECASE,
)
# What a person may ask to be done with the people found. It is proposed, never done.
_ACTIONS: Final = {
    "collect_numbers": re.compile(
        r"\b(?:collect|get|find|fetch|show|give me|reveal|need)\b.{0,40}\b(?:phone|telephone|mobile|numbers?)\b"
        r"|telefonnummern|teléfonos|numéros de téléphone",
        re.IGNORECASE,
    ),
    "prepare_calling": re.compile(
        r"\b(?:call|ring|phone|dial)\s+(?:them|all|everyone|these|those|him|her)\b"
        r"|\b(?:start|prepare|begin)\b.{0,20}\bcall(?:s|ing)\b"
        r"|ruf(?:e|t)? sie an|llámalos|llamarlos|appel(?:le|ez)-les",
        re.IGNORECASE,
    ),
    "filter": re.compile(
        r"^\s*(?:filter|narrow|only show|show only|just show)\b|\bfilter\b.{0,30}\b(?:results?|list|them|people)\b"
        r"|^filtere\b|^filtra\b|^filtrer?\b",
        re.IGNORECASE,
    ),
}
_UNDESCRIBING: Final = frozenset(
    {"inbound_sources", "platforms", "goals", "limit", "outreach_type", "target_knowledge", READY}
)


@cache
def phrases(kind: str) -> frozenset[str]:
    """Return the folded messages that mean something, such as ``yes``; none for an unknown kind."""
    return next((frozenset(map(fold, row[1].split("|"))) for row in rows("phrases") if row[0] == kind), frozenset())


@dataclass(frozen=True, slots=True)
class Reply:
    """What a message means: its intent, and the values that it holds. ``target`` is what a command is about."""

    intent: Intent
    values: tuple[Value, ...] = ()
    language: str = ""
    target: str = ""
    # Values that a model may add to.
    open_to_model: bool = field(default=False)


def read(content: str, *, before: Slots, asked: str, offered: Sequence[str], acting: bool) -> Reply:
    """Return what the message means. ``offered`` are the choices that the question listed; ``acting`` allows commands.

    ``asked`` is what the last answer asked for. A number is a choice only where choices were offered.
    """
    said = fold(content.replace("’", "'")).strip(" .!")
    if command := _command(said, content, acting=acting):
        return command
    if (chosen := _chosen(said, asked, offered)) is not None:
        return chosen
    if asked and (short := _short(said, asked, content)) is not None:
        return short
    found = extract(content, previous=before)
    values = _without_stray_number(content, found.values)
    if asked == "company_size":
        values = _as_sizes(content, values)
    if asked == "companies":
        values = (*values, *_other_companies(content, values))
    elif not values and asked:
        values = _own_words(content, asked)
    if not values:
        intent = Intent.NOT_A_CHOICE if _NUMBER.fullmatch(said) else Intent.UNCLEAR
        return Reply(intent, open_to_model=intent == Intent.UNCLEAR and len(content.split()) > 1)
    language = found.language if len(content.split()) >= WORDS_OF_A_LANGUAGE else ""
    return Reply(Intent.TELL, values, language, open_to_model=True)


def inferred(before: Slots, values: Sequence[Value]) -> list[Value]:
    """Return what follows from what was said: whoever describes customers wants to reach them."""
    after = apply(before, [each for each in values if each.slot != READY])
    spoken = next((each for each in values if each.operation != "remove" and _describes(each)), None)
    found = []
    if spoken is None:
        return []
    if not after.outreach_type:
        found.append(replace(spoken, slot="outreach_type", value="outbound", polarity="include", confidence=INFERRED))
    if after.outreach_type != "inbound" and not after.target_knowledge:
        known = bool(after.companies or after.linkedin_urls)
        value = "known" if known else "discovery"
        found.append(replace(spoken, slot="target_knowledge", value=value, polarity="include", confidence=INFERRED))
    return found


def _describes(each: Value) -> bool:
    return each.slot not in (
        "inbound_sources",
        "platforms",
        "goals",
        "limit",
        "outreach_type",
        "target_knowledge",
        READY,
    )


def _command(said: str, content: str, *, acting: bool) -> Reply | None:
    for intent in (Intent.UNDO, Intent.RESTART, Intent.HELP, Intent.GREET):
        if said in phrases(intent):
            return Reply(intent)
    if (undo := _UNDO_OF.fullmatch(content.strip(" .!"))) and (facet := facet_named(undo[1])):
        return Reply(Intent.UNDO, target=facet)
    for action, pattern in _ACTIONS.items():
        if pattern.search(content) and (acting or action != "filter"):
            values = extract(content).values if action == "filter" else ()
            return Reply(Intent.ACT, tuple(values), target=action)
    return None


def facet_named(words: str) -> str:
    """Return the facet that is called so in one of the languages, or an empty text."""
    name = fold(words)
    for facet in FACETS:
        labels = {fold(text(language, f"label.{facet}")) for language in LANGUAGES}
        if name in labels | {facet.replace("_", " ")} | phrases(f"facet.{facet}"):
            return facet
    return ""


def _chosen(said: str, asked: str, offered: Sequence[str]) -> Reply | None:
    """Return the choice that the message names by number, label or value, if choices were offered."""
    if not offered:
        return None
    picked = [value for value in offered if said in _labels(value) | phrases(f"{asked}.{value}")]
    if not picked and (place := _place(said)) and place <= len(offered):
        picked = [offered[place - 1]]
    if not picked and asked == "inbound_sources":
        picked = _several(said, offered)
    if not picked:
        return None
    if asked == CONFIRMATION:
        return Reply(Intent.CONFIRM if picked[0] == "confirm" else Intent.CHANGE)
    return Reply(Intent.CHOOSE, tuple(_value(asked, value, said) for value in picked))


def _several(said: str, offered: Sequence[str]) -> list[str]:
    """Return the choices of a list such as "1 and 3" or "website, WhatsApp"."""
    parts = [stripped for part in _BETWEEN.split(said) if (stripped := part.strip(" ."))]
    numbers = [place for part in parts if (place := _place(part)) and place <= len(offered)]
    if numbers and len(numbers) == len([part for part in parts if part.isdigit()]) == len(parts):
        return [offered[place - 1] for place in numbers]
    labels = {value: {name for each in _labels(value) for name in (each, *each.split())} for value in offered}
    return [value for value in offered if labels[value] & set(parts)]


def _labels(value: str) -> set[str]:
    return {fold(value), *(fold(text(language, f"option.{value}")) for language in LANGUAGES)} - {""}


def _place(said: str) -> int:
    number = _NUMBER.fullmatch(said)
    return int(number[1]) if number else next((place for place in (1, 2, 3) if said in phrases(f"place.{place}")), 0)


def _short(said: str, asked: str, content: str) -> Reply | None:
    """Return what a short answer to the question means, or None if it is a longer one."""
    if asked == CONFIRMATION:
        if said in phrases("yes"):
            return Reply(Intent.CONFIRM)
        if said in phrases("no") or said in phrases("change"):
            return Reply(Intent.CHANGE)
    if asked == READY and (said in phrases("yes") or said in phrases("no")):
        return Reply(Intent.CHOOSE, (_value(READY, "yes" if said in phrases("yes") else "no", content),))
    if asked == "target_knowledge" and said in phrases("unknown"):
        return Reply(Intent.CHOOSE, (_value(asked, "discovery", content),))
    if asked in ("outreach_type", "target_knowledge", CONFIRMATION, CHANGE):
        return None
    if said in phrases("skip") or said in phrases("unknown"):
        return Reply(Intent.SKIP, target=asked)
    return None


def _value(asked: str, chosen: str, content: str) -> Value:
    value: str | bool = chosen == "yes" if asked == READY else chosen
    operation = "add" if asked == "inbound_sources" else "replace"
    words = content.strip() or chosen
    return Value(asked, value, "include", operation, SAID, words, 0, len(words))


def _own_words(content: str, asked: str) -> tuple[Value, ...]:
    """Return the words of an answer as they are, where the question takes such words."""
    words = content.strip().rstrip(".")
    if (
        words.endswith("?")
        or _NUMBER.fullmatch(words)
        or fold(words) in phrases("yes") | phrases("no") | phrases("unknown")
    ):
        return ()
    if asked == "problem_statement":
        enough = len(words.split()) >= WORDS_OF_A_PROBLEM
        return (
            (Value(asked, " ".join(words.split())[:5_000], "include", "add", OWN_WORDS, words, 0, len(words)),)
            if enough
            else ()
        )
    slot = {"roles": "titles", "industries": "industries", "companies": "companies", "deal_type": "deal_type"}.get(
        asked
    )
    parts = [stripped for part in _SPLIT.split(words) if (stripped := part.strip())]
    if slot is None or any(len(part.split()) > MOST_OWN_WORDS // 2 for part in parts):
        return ()
    if slot == "deal_type":
        parts = [words]
    return tuple(Value(slot, part[:200], "include", "add", OWN_WORDS, part, *_span(content, part)) for part in parts)


def _as_sizes(content: str, values: Sequence[Value]) -> tuple[Value, ...]:
    """Read a number as the answer to the question how large companies are, rather than how many people to find."""
    number = content.strip().rstrip(".").replace(",", "")
    if not values and number.isdecimal() and int(number) > 0:
        size = Range(int(number), int(number))
        return (Value("employees", size, "include", "replace", SAID, content.strip(), 0, len(content.strip())),)
    sized = any(each.slot in ("employees", "company_size") for each in values)
    return tuple(
        replace(each, slot="employees", value=Range(each.value, each.value))
        if each.slot == "limit" and isinstance(each.value, int) and not sized
        else each
        for each in values
    )


def _other_companies(content: str, values: Sequence[Value]) -> list[Value]:
    """Return the parts of a list of companies in which nothing else was read."""
    return [
        each
        for each in _own_words(content, "companies")
        if not any(known.start < each.end and each.start < known.end for known in values)
    ]


def _span(content: str, part: str) -> tuple[int, int]:
    start = max(content.find(part), 0)
    return start, start + len(part)


def _without_stray_number(content: str, values: Sequence[Value]) -> tuple[Value, ...]:
    """Leave out a number of people that is no more than a bare number: that is no answer."""
    bare = _NUMBER.fullmatch(fold(content)) is not None
    return tuple(each for each in values if not (bare and each.slot == "limit"))
