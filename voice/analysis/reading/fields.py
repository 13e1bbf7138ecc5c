"""Fill the fields that an agent declares by a JSON Schema, with what was said and nothing else.

A field is found by the words of its name, title and description: in the question of the agent that has them, whose
answer is the next turn of the person, or in what the person says without being asked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from voice.analysis.reading import calendar, clock, cues, time_words
from voice.analysis.reading.findings import Evidence
from voice.analysis.reading.follow_ups import month_first
from voice.analysis.reading.languages import language_of
from voice.analysis.reading.words import STOPS, Turn, Word, fold, split, word_set

MAX_TEXT: Final = 200
STEM: Final = 5
MAX_REMARK: Final = 2
_COMMON: Final = word_set(
    """the a an of in for to is are and or your you they their them has have what which who how many much when where
    does do did with on at by it its this that will would current currently
    name number value field whether if person company
    lead customer caller said der die das und ist wie was ihr ihre el la los de que le les des est"""
)
_MULTIPLES: Final = {
    "k": 1_000,
    "thousand": 1_000,
    "grand": 1_000,
    "tausend": 1_000,
    "mil": 1_000,
    "mille": 1_000,
    "الف": 1_000,
    "हजार": 1_000,
    "lakh": 100_000,
    "लाख": 100_000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "millionen": 1_000_000,
    "millones": 1_000_000,
    "مليون": 1_000_000,
    "hundred": 100,
    "hundert": 100,
    "cien": 100,
    "cent": 100,
    "dozen": 12,
}
_TENS: Final = {
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "vierzig": 40, "funfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90,
    "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90,
    "quarante": 40, "cinquante": 50, "soixante": 60,
}  # fmt: skip
_LEAD_IN: Final = re.compile(
    r"^(?:(?:well|um|uh|so|oh|yes|yeah|sure|okay|ok|its|it s|it|is|that|thats|thatd|be|we|i|im|use|have|are|re|my|name|"
    r"our|the|with|probably|mostly|right|now|using|would|called|about|around|ja|wir|ich|das|nutzen|haben|ist|si|usamos|"
    r"tenemos|es|oui|nous|utilisons|avons|c|est|on)\s+){1,8}"
)
_SPOKEN_AT: Final = re.compile(
    r"\b([a-z0-9._-]{1,40}) (?:at|arroba|arobase|klammeraffe) "
    r"([a-z0-9-]{1,40}(?: dot | punkt | punto | point )[a-z]{2,10})\b"
)
_SPOKEN_DOT: Final = re.compile(r" (?:dot|punkt|punto|point) ")
_GROUPED: Final = re.compile(r"^\d{1,3}(?:[.,]\d{3})+$")
_PHONE: Final = re.compile(r"\+?\d[\d\s().-]{6,20}\d")


@dataclass(frozen=True, slots=True)
class _Answer:
    turn: Turn
    # The answer to a question about the field, or a remark with its words.
    asked: bool
    # From this word on.
    first: int = 0


def fill(turns: Sequence[Turn], schema: Mapping[str, Any], start: datetime, language: str) -> list[Evidence]:
    """Return the fields of the schema that were said, with the words that say them."""
    found = []
    for name, field in (schema.get("properties") or {}).items():
        if isinstance(field, Mapping) and (value := _field(turns, name, field, start, language)) is not None:
            found.append(value)
    return found


def _field(
    turns: Sequence[Turn], name: str, field: Mapping[str, Any], start: datetime, language: str
) -> Evidence | None:
    keys = _keys(name, field)
    for answer in reversed(_answers(turns, keys)):
        read = _read(answer, field, start, language)
        if read is not None:
            value, words = read
            return Evidence(f"fields.{name}", value, answer.turn.index, words, 0.85 if answer.asked else 0.7)
    if "enum" in field or field.get("format") in ("email", "phone"):
        return _anywhere(turns, name, field, start, language)
    return None


def _anywhere(
    turns: Sequence[Turn], name: str, field: Mapping[str, Any], start: datetime, language: str
) -> Evidence | None:
    """Return a value that needs no question: an address, or one of the values themselves."""
    for turn in reversed(turns):
        if turn.role == "person" and (read := _read(_Answer(turn, False), field, start, language)) is not None:
            return Evidence(f"fields.{name}", read[0], turn.index, read[1], 0.6)
    return None


def _keys(name: str, field: Mapping[str, Any]) -> frozenset[str]:
    text = f"{name.replace('_', ' ')} {field.get('title', '')} {field.get('description', '')}"
    return frozenset(_stem(word.form) for word in split(text) if word.form not in _COMMON and len(word.form) > 2)


def _stem(form: str) -> str:
    return form[:STEM]


def _hits(turn: Turn, keys: frozenset[str]) -> list[int]:
    return [place for place, word in enumerate(turn.words) if len(word.form) > 2 and _stem(word.form) in keys]


def _answers(turns: Sequence[Turn], keys: frozenset[str]) -> list[_Answer]:
    """Return what the person said about the field, the surest last."""
    asked, told = [], []
    best = 0
    before: Turn | None = None
    for turn in turns:
        if turn.role == "person":
            if before is not None and "?" in before.line:
                last = before.line.rsplit(".", 2)[-2:] if "." in before.line else [before.line]
                hits = {before.words[place].form[:STEM] for place in _hits(before, keys)}
                close = any(word[:STEM] in hits for word in " ".join(last).split())
                if hits and close and len(hits) >= best:
                    best = len(hits)
                    asked.append(_Answer(turn, True))
            if places := _hits(turn, keys):
                told.append(_Answer(turn, False, max(0, places[0] - 6)))
        before = turn if turn.role in ("agent", "person") else before
    return [*told, *asked]


def _read(answer: _Answer, field: Mapping[str, Any], start: datetime, language: str) -> tuple[Any, str] | None:
    if "enum" in field:
        return _choice(answer, field["enum"])
    match field.get("type"):
        case "boolean":
            return _boolean(answer)
        case "integer" | "number":
            return _number(answer, field)
        case "string":
            return _string(answer, field, start, language)
    return None


def _choice(answer: _Answer, values: Sequence[Any]) -> tuple[Any, str] | None:
    """Return the last value of a list that is said and not denied."""
    found = None
    for value in values:
        words = fold(str(value).replace("_", " ")).split()
        for first in _places(words, answer.turn.line.split(" ")):
            last = first + len(words)
            before = {word.form for word in answer.turn.words[max(0, first - 2) : first]}
            if before & {"not", "no", "nicht", "kein", "pas", "dont", "isnt", "never"}:
                continue
            if found is None or (first, last - first) > (found[0], found[1] - found[0]):
                found = (first, last, value)
    if found is None:
        return None
    return found[2], answer.turn.said(found[0], found[1])


def _places(words: Sequence[str], said: Sequence[str]) -> Iterator[int]:
    """Yield where the words are said, the last of them also in the plural."""
    for first in range(len(said) - len(words) + 1 if words else 0):
        *others, last = said[first : first + len(words)]
        if [*others, last.removesuffix("s")] == [*words[:-1], words[-1].removesuffix("s")]:
            yield first


def _boolean(answer: _Answer) -> tuple[bool, str] | None:
    if not answer.asked:
        return None
    turn = answer.turn
    for kind, value in (("no", False), ("yes", True)):
        if cues.begins(turn, kind) and not cues.has(turn, "dontknow"):
            cue = cues.find(turn, [kind])[0]
            return value, turn.said(cue.first, min(len(turn.words), max(cue.last, 6)))
    return None


def _number(answer: _Answer, field: Mapping[str, Any]) -> tuple[Any, str] | None:
    turn = answer.turn
    language = language_of(turn.line)
    place = answer.first
    while place < len(turn.words):
        read = _number_at(turn.words, place, language)
        if read is None:
            place += 1
            continue
        value, stop = read
        fits = field.get("minimum", float("-inf")) <= value <= field.get("maximum", float("inf"))
        article = turn.words[place].form in ("a", "an", "un", "una", "une", "ein", "eine", "one") and stop == place + 1
        if fits and not article:
            whole = field.get("type") == "integer" or float(value).is_integer()
            return (int(value) if whole else value), turn.said(place, stop)
        place = stop
    return None


def _number_at(words: Sequence[Word], place: int, language: str) -> tuple[float, int] | None:
    """Return a number in digits or words and where it ends: "1,200", "two hundred and fifty", "10 k"."""
    total, current, stop, seen = 0.0, 0.0, place, False
    lexicon = time_words.lexicon(language)
    while stop < len(words):
        form = words[stop].form
        if form in _MULTIPLES and seen:
            scale = _MULTIPLES[form]
            if scale >= 1_000:
                total, current = total + (current or 1) * scale, 0.0
            else:
                current = (current or 1) * scale
        elif (value := _plain(form, lexicon)) is not None:
            if seen and form[0].isdigit():
                break
            current, seen = current + value, True
        elif (
            form in ("and", "und", "y", "et")
            and seen
            and stop + 1 < len(words)
            and (_plain(words[stop + 1].form, lexicon) is not None)
        ):
            pass
        else:
            break
        stop += 1
    return (total + current, stop) if seen else None


def _plain(form: str, lexicon: Mapping[str, tuple[str, ...]]) -> float | None:
    if form[0].isdigit():
        text = form.replace("/", "")
        if _GROUPED.fullmatch(text):
            text = text.replace(".", "").replace(",", "")
        try:
            return float(text.replace(",", "."))
        except ValueError:
            return None
    if form in _TENS:
        return float(_TENS[form])
    names = lexicon.get(form, ())
    if len(names) == 1 and names[0][0] == "N" and form not in ("few", "couple", "paar"):
        return float(names[0][1:])
    return None


def _string(answer: _Answer, field: Mapping[str, Any], start: datetime, language: str) -> tuple[str, str] | None:
    turn = answer.turn
    match field.get("format"):
        case "email":
            return _email(turn)
        case "phone":
            found = _PHONE.search(turn.text)
            return (found.group().strip(), found.group().strip()) if found else None
        case "date" | "date-time":
            return _date(turn, field["format"], start, language)
    return _text(answer) if answer.asked else None


def _email(turn: Turn) -> tuple[str, str] | None:
    for place, word in enumerate(turn.words):
        if "@" in word.form:
            return word.form, turn.said(place, place + 1)
    spoken = _SPOKEN_AT.search(turn.line.replace(" . ", " dot "))
    if spoken is None:
        return None
    domain = _SPOKEN_DOT.sub(".", spoken[2])
    return f"{spoken[1]}@{domain}", spoken.group()


def _date(turn: Turn, form: str, start: datetime, language: str) -> tuple[str, str] | None:
    spoken = language_of(turn.line, otherwise=language)
    for when in clock.find(turn, spoken, month_first=month_first(str(start.tzinfo))):
        if when.past or when.bare or (when.day is None and form == "date"):
            continue
        at = calendar.resolve(when, start)
        if at is not None:
            words = turn.said(when.first, min(when.last, len(turn.words)))
            return (at.date().isoformat() if form == "date" else at.isoformat()), words
    return None


def _without_remark(words: str) -> str:
    """Return an answer without a word or two after a comma: "Excel, honestly"."""
    answer, comma, remark = words.rpartition(",")
    return answer.strip() if comma and answer.strip() and len(remark.split()) <= MAX_REMARK else words


def _text(answer: _Answer) -> tuple[str, str] | None:
    """Return the first sentence of an answer without the words that lead to it, unless it says nothing."""
    turn = answer.turn
    if cues.has(turn, "dontknow") or cues.begins(turn, "no") or "?" in turn.line or cues.has(turn, "refuse"):
        return None
    stop = next((place for place, word in enumerate(turn.words) if word.form in STOPS and place > 0), len(turn.words))
    lead = _LEAD_IN.match(turn.line + " ")
    first = lead.group().count(" ") if lead else 0
    first = 0 if first >= stop else first
    words = _without_remark(turn.said(first, stop).strip())
    return (words[:MAX_TEXT], words[:MAX_TEXT]) if words else None
