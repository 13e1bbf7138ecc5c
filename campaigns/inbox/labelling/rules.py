"""Label what somebody wrote by its words, and say which words: a pure function over a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.channels.email.receiving.phrases import asks_to_unsubscribe
from campaigns.channels.email.receiving.words import Phrases, fold, words
from campaigns.inbox.labelling.phrases import NEGATIONS, PHRASES, QUESTION_MARKS, STAYING, UNSPACED
from campaigns.inbox.models import MAX_REASON, Label
from campaigns.messages.models import MessageKind

# A label stands at the beginning of an answer.
WORDS_READ: Final = 200
LETTERS_READ: Final = 4_000
# A text of so few words may be nothing but "stop".
WORDS_OF_CATCHWORD: Final = 4
NEGATION_DISTANCE: Final = 2
# The first of these that is found counts: who asks to be left alone is not interested, whatever else they say.
ORDER: Final = (
    Label.UNSUBSCRIBE,
    Label.WRONG_PERSON,
    Label.NOT_NOW,
    Label.NOT_INTERESTED,
    Label.INTERESTED,
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label, and the sentence that says why."""

    label: Label
    reason: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    label: Label
    words: tuple[str, ...]
    written: str


def label_of(text: str, *, kind: str = MessageKind.REPLY, summary: str = "") -> Labelled | None:
    """Return the label of what somebody wrote, None if its words tell nothing.

    ``kind`` is what the receiver of the message found it to be, ``summary`` what it says of it to people.
    """
    if kind == MessageKind.OUT_OF_OFFICE:
        return Labelled(Label.OUT_OF_OFFICE, f"{summary or 'An absence note'}."[:MAX_REASON])
    if kind == MessageKind.UNSUBSCRIBE:
        found = _found(text)
        if found is not None and found.label == Label.UNSUBSCRIBE:
            return found
        return Labelled(Label.UNSUBSCRIBE, "They asked for no more messages.")
    return _found(text) if kind in (MessageKind.REPLY, MessageKind.OUTREACH) else None


def _found(text: str) -> Labelled | None:
    beginning = text[:LETTERS_READ]
    read = words(beginning)[:WORDS_READ]
    by_label = _phrases_in(read)
    for label, phrase in _unspaced_in(beginning):
        by_label.setdefault(label, phrase)
    stays = _STAYING.within(read)
    if Label.UNSUBSCRIBE not in by_label and not stays and asks_to_unsubscribe(read, alone=WORDS_OF_CATCHWORD):
        return Labelled(Label.UNSUBSCRIBE, f"They wrote “{_short(text)}”.")
    for label in ORDER:
        if label in by_label:
            return Labelled(label, f"They wrote “{by_label[label]}”.")
    question = _question_in(beginning)
    return Labelled(Label.QUESTION, f"They asked “{_short(question)}”.") if question else None


def _phrases_in(read: Sequence[str]) -> dict[Label, str]:
    """Return the first phrase of each label. A phrase inside a longer one does not count."""
    found: dict[Label, str] = {}
    position = 0
    while position < len(read):
        phrase = _longest(read, position)
        if phrase is None:
            position += 1
            continue
        label, written = _meant(read, position, phrase)
        if label is not None:
            found.setdefault(label, written)
        position += len(phrase.words)
    return found


def _meant(read: Sequence[str], position: int, phrase: _Phrase) -> tuple[Label | None, str]:
    """Return what a phrase says with the words before it: "do not take me off" asks for nothing."""
    before = read[max(0, position - NEGATION_DISTANCE) : position]
    if not _NEGATIONS.intersection(before):
        return phrase.label, phrase.written
    if phrase.label == Label.INTERESTED:
        return Label.NOT_INTERESTED, " ".join([*before, phrase.written])
    return (None, "") if phrase.label == Label.UNSUBSCRIBE else (phrase.label, phrase.written)


def _longest(read: Sequence[str], position: int) -> _Phrase | None:
    candidates = _BY_FIRST.get(read[position], ())
    fitting = (each for each in candidates if tuple(read[position : position + len(each.words)]) == each.words)
    return max(fitting, key=lambda each: len(each.words), default=None)


def _unspaced_in(text: str) -> list[tuple[Label, str]]:
    return [(label, each) for label, phrases in UNSPACED.items() for each in phrases if each in text]


def _question_in(text: str) -> str:
    """Return the first question of a text, or an empty string."""
    sentence = ""
    for letter in text:
        sentence += letter
        if letter in QUESTION_MARKS and sentence.strip(" \n¿?"):
            return " ".join(sentence.split())
        if letter in ".!\n。":
            sentence = ""
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99].rstrip()}…"


def _phrases() -> Mapping[str, list[_Phrase]]:
    """Return all phrases by their first word."""
    found: dict[str, list[_Phrase]] = {}
    for label, text in PHRASES.items():
        for written in filter(None, map(str.strip, text.split("|"))):
            parts = tuple(words(written))
            found.setdefault(parts[0], []).append(_Phrase(label, parts, written))
    return found


_BY_FIRST: Final = _phrases()
_STAYING: Final = Phrases.of(STAYING)
_NEGATIONS: Final = frozenset(words(fold(NEGATIONS)))
