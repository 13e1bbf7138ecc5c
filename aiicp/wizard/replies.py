"""Read what somebody answers to a question: one of the options, several of them, a number, yes or no, or a text."""

import re
from typing import Any, Final

from aiicp.extraction.folding import flatten
from aiicp.wizard.questions import Option, Question, QuestionType

Reply = str | int | bool | list[str]

_LISTED: Final = re.compile(r"[,;\n&+]|\b(?:and|und|y|et)\b", re.IGNORECASE)
# Of a text with single spaces.
_PLACES: Final = re.compile(r"^\d{1,2} ?\.?(?: ?(?:,|;|and|und|y|et|&) ?\d{1,2} ?\.?)* ?$", re.IGNORECASE)
_PLACE: Final = re.compile(r"\d{1,2}")
_NUMBER: Final = re.compile(r"\d{1,9}")
_ALL: Final = frozenset(("all", "all of them", "alle", "todos", "tous", "everything", "every day"))
_YES: Final = frozenset(
    ("yes", "y", "yes please", "ok", "okay", "correct", "right", "sure", "confirm", "ja", "si", "oui")
)
_NO: Final = frozenset(("no", "n", "nope", "not yet", "change", "no change something", "nein", "non"))
BACK: Final = frozenset(("back", "go back", "previous", "zuruck", "atras", "volver", "retour"))
SKIP: Final = frozenset(("skip", "skip it", "none", "no text", "nothing", "uberspringen", "omitir", "passer", ""))
UNDECIDED: Final = frozenset(
    (
        "i dont know",
        "i do not know",
        "dont know",
        "do not know",
        "dont know my target",
        "i dont know my target",
        "no idea",
        "not sure",
        "im not sure",
        "unsure",
        "weiss nicht",
        "ich weiss nicht",
        "keine ahnung",
        "no se",
        "je ne sais pas",
        "idk",
        "any",
        "anyone",
        "anything",
        "everyone",
    )
)
_WEEKEND: Final = frozenset(("weekend", "wochenende"))
_WEEKDAYS: Final = frozenset(
    (
        "weekdays",
        "monday to friday",
        "monday friday",
        "mon fri",
        "mo fr",
        "working days",
        "werktage",
        "montag bis freitag",
    )
)


class NotUnderstood(Exception):
    """The reply is no answer to the question. The message says what to do."""


def plain(reply: Reply) -> str:
    """Return a reply without case, accents, apostrophes and punctuation, to compare it with fixed words."""
    text = flatten(str(reply).casefold().replace("'", "").replace("’", ""))
    return " ".join("".join(each if each.isalnum() else " " for each in text).split())


def read(question: Question, reply: Reply) -> Any:
    """Return the answer: a value, a list of values, a text, or True or False. Raise NotUnderstood."""
    match question.question_type:
        case QuestionType.BOOLEAN:
            return _yes_or_no(reply)
        case QuestionType.MULTI_SELECT:
            return _several(question, reply)
        case QuestionType.SELECT:
            return _one(question, reply)
    return _text(question, reply)


def _yes_or_no(reply: Reply) -> bool:
    if isinstance(reply, bool):
        return reply
    said = plain(reply)
    if said in _YES or said == "true":
        return True
    if said in _NO or said == "false":
        return False
    raise NotUnderstood("Answer yes or no.")


def _one(question: Question, reply: Reply) -> str:
    if isinstance(reply, list):
        if len(reply) != 1:
            raise NotUnderstood(f"Choose one of: {_labels(question)}.")
        reply = reply[0]
    written = str(reply).strip()
    if question.rules.number is not None:
        return _number(question, written)
    found = _option(question.options, written)
    if found is None and _PLACES.fullmatch(" ".join(written.split())) and not question.rules.open_ended:
        found = _at(question.options, int(_PLACE.findall(written)[0]))
    if found is not None:
        return found.value
    if question.rules.open_ended:
        return _text(question, written)
    raise NotUnderstood(f"Choose one of: {_labels(question)}.")


def _number(question: Question, written: str) -> str:
    """Return a number. In a list of numbers a number is itself, never the place of an option."""
    assert question.rules.number is not None
    least, most = question.rules.number
    found = _option(question.options, written)
    if found is not None:
        return found.value
    numbers = _NUMBER.findall(written)
    if len(numbers) == 1 and least <= int(numbers[0]) <= most:
        return str(int(numbers[0]))
    raise NotUnderstood(f"Enter one whole number from {least:,} to {most:,}.")


def _several(question: Question, reply: Reply) -> list[str]:
    said = plain(reply) if not isinstance(reply, list) else ""
    values = [option.value for option in question.options]
    if said in _ALL:
        return values
    if question.intent_key == "working_days" and said in _WEEKDAYS:
        return values[:5]
    if question.intent_key == "working_days" and said in _WEEKEND:
        return values[5:]
    if isinstance(reply, list):
        parts = [str(each) for each in reply]
    elif (whole := _option(question.options, str(reply))) is not None:
        parts = [whole.value]
    elif _PLACES.fullmatch(" ".join(str(reply).split())):
        parts = _PLACE.findall(str(reply))
    else:
        parts = [stripped for part in _LISTED.split(str(reply)) if (stripped := part.strip())]
    found: dict[str, None] = {}
    for part in parts:
        option = _option(question.options, part)
        if option is None and part.strip().isdecimal():
            option = _at(question.options, int(part))
        if option is None:
            raise NotUnderstood(f"“{part[:100]}” is none of the choices. Choose one or more of: {_labels(question)}.")
        found.setdefault(option.value)
    if not found:
        raise NotUnderstood(f"Choose at least one of: {_labels(question)}.")
    return list(found)


def _text(question: Question, reply: Reply) -> str:
    if isinstance(reply, list):
        reply = ", ".join(map(str, reply))
    written = str(reply).replace("\x00", "").strip()
    found = _option(question.options, written)
    if found is not None:
        return found.value
    if not question.rules.required and plain(written) in SKIP:
        return ""
    if not written:
        raise NotUnderstood("Write an answer.")
    most = question.rules.max_length
    if len(written) > most:
        raise NotUnderstood(f"The text has {len(written):,} characters; {most:,} are possible. Shorten it.")
    return written


def _option(options: tuple[Option, ...], written: str) -> Option | None:
    said = plain(written)
    return next((each for each in options if said and said in (plain(each.value), plain(each.label))), None)


def _at(options: tuple[Option, ...], place: int) -> Option | None:
    return options[place - 1] if 0 < place <= len(options) else None


def _labels(question: Question) -> str:
    return ", ".join(option.label for option in question.options)
