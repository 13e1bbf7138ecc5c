"""Titles, departments and seniorities: "VP of Sales", "sales and marketing directors", "people in HR", "C-level"."""

from collections.abc import Sequence
from typing import Final

from aiicp.extraction.folding import word_set
from aiicp.extraction.mentions import Mention, Reading
from aiicp.extraction.vocabulary import Entry

# Words that make a title of a department, by the form of the title.
_BEFORE_DEPARTMENT: Final = {
    "head": "Head of {}",
    "heads": "Head of {}",
    "leiter": "Head of {}",
    "leiterin": "Head of {}",
    "leitung": "Head of {}",
    "jefe": "Head of {}",
    "jefes": "Head of {}",
    "chef": "Head of {}",
    "director": "{} Director",
    "directors": "{} Director",
    "direktor": "{} Director",
    "directores": "{} Director",
    "directeur": "{} Director",
    "directeurs": "{} Director",
    "vp": "VP of {}",
    "vps": "VP of {}",
    "svp": "VP of {}",
    "manager": "{} Manager",
    "managers": "{} Manager",
    "gerente": "{} Manager",
    "gerentes": "{} Manager",
    "responsable": "{} Manager",
    "responsables": "{} Manager",
    "president": "VP of {}",
    "presidents": "VP of {}",
    "مدير": "{} Manager",
    "مدراء": "{} Manager",
    "مديري": "{} Manager",
    "رئيس": "Head of {}",
}
_AFTER_DEPARTMENT: Final = {
    "manager": "{} Manager",
    "managers": "{} Manager",
    "director": "{} Director",
    "directors": "{} Director",
    "head": "Head of {}",
    "heads": "Head of {}",
    "lead": "Head of {}",
    "leads": "Head of {}",
    "leiter": "Head of {}",
    "vp": "VP of {}",
    "vps": "VP of {}",
    "leitung": "Head of {}",
}
_OF: Final = word_set("of for von des der the de del du la fur our ال")
CAPITALS_ONLY: Final = word_set("md pm gm ae ea fd it pr bi cs qa bd pe vc kam sea eti esn ett dsi daf sre")
# Names that one word makes no title: "partner" may be a partner company, "head" a part of a body.
_COMPOSED: Final = 0.9
# Words between "people" and "in R&D".
MOST_BEFORE: Final = 8
# Departments of one list that share a word: "sales, marketing and HR directors".
MOST_LISTED: Final = 5
# Words of a message that is nothing but names.
MOST_ALONE: Final = 6


def compose(reading: Reading, mentions: list[Mention]) -> list[Mention]:
    """Return the mentions with a title for each department that a word makes one of."""
    made: dict[int, Mention] = {}
    used: set[int] = set()
    for place, mention in enumerate(mentions):
        department = _department(mention)
        if department is None:
            continue
        pattern, words = _title_of(reading, mentions, place)
        if pattern:
            value = pattern.format(department.flags).replace("Revenue", "Revenue Operations")
            start, stop = min([mention.start, *words]), max([mention.stop, *(word + 1 for word in words)])
            made[place] = Mention((Entry("titles", value),), mention.start, mention.stop, _COMPOSED)
            if start < mention.start and start not in used:
                made[place].start = start
            elif stop > mention.stop:
                made[place].stop = stop
            used.update(words)
    kept = [made.get(place, mention) for place, mention in enumerate(mentions)]
    return [each for place, each in enumerate(kept) if place in made or not _is_used(each, used)]


def _is_used(mention: Mention, used: set[int]) -> bool:
    return any(place in used for place in range(mention.start, mention.stop)) and any(
        entry.slot == "seniorities" for entry in mention.entries
    )


def _department(mention: Mention) -> Entry | None:
    return next((entry for entry in mention.entries if entry.slot == "departments"), None)


def _title_of(reading: Reading, mentions: Sequence[Mention], place: int) -> tuple[str, tuple[int, ...]]:
    """Return the form of the title and the word that makes it, through a list of departments."""
    forms = [token.form for token in reading.tokens]
    word = mentions[place].start - 1
    at = place
    while word >= 0 and place - at <= MOST_LISTED:
        steps = 0
        while word >= 0 and forms[word] in _OF and steps < 2 and reading.tokens[word + 1].linked:
            word, steps = word - 1, steps + 1
        if word >= 0 and forms[word] in _BEFORE_DEPARTMENT and (reading.tokens[word + 1].linked or at != place):
            return _BEFORE_DEPARTMENT[forms[word]], (word,)
        before = mentions[at - 1] if at else None
        if before and (pattern := _pattern(before, _PREFIXES)) and _joined(reading, before.stop, mentions[at].start):
            return pattern, ()
        if before is None or _department(before) is None or not _joined(reading, before.stop, mentions[at].start):
            break
        at, word = at - 1, before.start - 1
    at = place
    while at - place <= MOST_LISTED:
        word = mentions[at].stop
        if word < len(forms) and forms[word] in _AFTER_DEPARTMENT and reading.tokens[word].linked:
            return _AFTER_DEPARTMENT[forms[word]], (word,)
        after = mentions[at + 1] if at + 1 < len(mentions) else None
        if after and (pattern := _pattern(after, _SUFFIXES)) and _joined(reading, mentions[at].stop, after.start):
            return pattern, ()
        if after is None or _department(after) is None or not _joined(reading, mentions[at].stop, after.start):
            break
        at += 1
    return "", ()


_PREFIXES: Final = ("Head of ", "VP of ")
_SUFFIXES: Final = (" Manager", " Director")


def _pattern(mention: Mention, parts: Sequence[str]) -> str:
    """Return the form of a title beside the department: "Head of Sales" makes one of "or marketing"."""
    for entry in mention.entries:
        for part in parts:
            if entry.slot == "titles" and part in entry.value and not entry.value.startswith("General"):
                return f"{part}{{}}" if entry.value.startswith(part) else f"{{}}{part}"
    return ""


def _joined(reading: Reading, stop: int, start: int) -> bool:
    between = range(stop, start)
    comma = start < len(reading.tokens) and reading.tokens[start].comma
    return len(between) <= 1 and (all(reading.cue_at("and", each) for each in between) if between else comma)


def is_department(reading: Reading, mention: Mention, mentions: Sequence[Mention], place: int) -> bool:
    """Return whether the word is said of people: "marketing team", "people in finance", "HR and Sales"."""
    if (
        mention.stop < len(reading.tokens)
        and reading.tokens[mention.stop].linked
        and reading.cue_at("people", mention.stop)
    ):
        return True
    before = mention.start
    while before and reading.tokens[before - 1].form in {
        "in",
        "from",
        "the",
        "of",
        "our",
        "im",
        "aus",
        "der",
        "dem",
        "de",
        "en",
        "du",
        "la",
        "dans",
    }:
        before -= 1
        if before and reading.cue_ends_at("people", before):
            return True
    said = reading.cues.get("people", {}).keys() | reading.cues.get("company_list", {}).keys()
    if before < mention.start and any(place in said for place in range(max(0, before - MOST_BEFORE), before)):
        return True
    if reading.cue_ends_at("people", mention.start):
        return True
    token = reading.tokens[mention.start]
    if mention.stop - mention.start == 1 and token.form in {"hr", "it", "rrhh", "rh"} and token.text.isupper():
        return not reading.cue_at("company", mention.stop)
    return alone(reading, mentions) or _in_list(reading, mentions, place)


def alone(reading: Reading, mentions: Sequence[Mention]) -> bool:
    """Return whether the message is nothing but a few names."""
    if len(reading.tokens) > MOST_ALONE:
        return False
    named = {place for each in mentions for place in range(each.start, each.stop)}
    rest = [place for place in range(len(reading.tokens)) if place not in named and not reading.cue_at("and", place)]
    return not rest


def _in_list(reading: Reading, mentions: Sequence[Mention], place: int) -> bool:
    """Return whether the word is listed with a title, or with a department that is one for sure."""
    for at, other in ((place, place - 1), (place + 1, place + 1)):
        if not 0 <= other < len(mentions) or not 0 < at < len(mentions):
            continue
        slots = {entry.slot for entry in mentions[other].entries}
        if slots == {"titles"} and _joined(reading, mentions[at - 1].stop, mentions[at].start):
            return True
        neighbour = mentions[other]
        follows = neighbour.stop < len(reading.tokens) and reading.cue_at("people", neighbour.stop)
        if "departments" in slots and follows and _joined(reading, mentions[at - 1].stop, mentions[at].start):
            return True
    return False
