"""Read industries, places and decision makers from an answer, with how sure that is and what else could be meant.

The extractor reads them, without a language model and without a network: the same answer for the same text, always.
Where it is not sure, ``model_reading`` may ask a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiicp.extraction import Slots, extract
from aiicp.extraction.folding import key
from aiicp.extraction.slots import storable
from aiicp.extraction.vocabulary import PLACES, vocabulary
from aiicp.wizard.questions import Kind
from aiicp.wizard.suggestions import SLOTS, nearest

# A less certain reading is confirmed by the user.
SURE: Final = 0.8
# An answer of which no word is known is kept in the user's own words.
OWN_WORDS: Final = 0.3
MAX_LENGTH: Final = 1_000
MAX_OWN_WORDS: Final = 200
MOST_ALTERNATIVES: Final = 5
# Who classified.
EMBEDDED: Final = "embedded"
MODEL: Final = "model"
NOUNS: Final[Mapping[Kind, str]] = {
    Kind.INDUSTRY: "industry",
    Kind.LOCATION: "place",
    Kind.DECISION_MAKER: "decision maker",
}
# Where words that are not known are kept: they are searched as they are.
_UNKNOWN_SLOT: Final = {Kind.INDUSTRY: "keywords", Kind.LOCATION: "cities", Kind.DECISION_MAKER: "titles"}


@dataclass(frozen=True, slots=True)
class Classification:
    """What an answer means.

    ``slots`` has the values by slot of the extractor, with ``excluded_`` in front of those that are not wanted.
    ``confidence`` is from 0 to 1, that of the least certain value. ``alternatives`` are other meanings. ``words`` has
    the words that each value comes from. ``note`` says why the embedded answer stands where a model was wanted.
    """

    kind: Kind
    text: str
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    confidence: float = 0.0
    reasoning: str = ""
    alternatives: tuple[str, ...] = ()
    # The values that the alternatives are for.
    unsure: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    source: str = EMBEDDED
    note: str = ""

    @property
    def value(self) -> str:
        """Return the wanted values as one text."""
        return ", ".join(self.values)

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(each for slot, found in self.slots.items() if not slot.startswith("excluded_") for each in found)

    @property
    def excluded(self) -> tuple[str, ...]:
        return tuple(each for slot, found in self.slots.items() if slot.startswith("excluded_") for each in found)

    @property
    def is_sure(self) -> bool:
        return self.confidence >= SURE

    def stored(self) -> dict[str, Any]:
        """Return the form that is stored with the conversation."""
        return {
            "text": self.text,
            "slots": {slot: list(found) for slot, found in self.slots.items()},
            "value": self.value,
            "confidence": self.confidence,
            "reasoning": self.reasoning,
            "alternatives": list(self.alternatives),
            "unsure": list(self.unsure),
            "words": dict(self.words),
            "source": self.source,
        }

    @classmethod
    def of(cls, kind: Kind, stored: Mapping[str, Any]) -> "Classification":
        """Return the classification of a stored form."""
        slots = {slot: tuple(found) for slot, found in stored.get("slots", {}).items()}
        return cls(
            kind,
            stored["text"],
            slots,
            stored["confidence"],
            stored.get("reasoning", ""),
            tuple(stored.get("alternatives", ())),
            tuple(stored.get("unsure", ())),
            stored.get("words", {}),
            stored.get("source", EMBEDDED),
        )


def classify(kind: Kind, text: str) -> Classification:
    """Return what the text means as an industry, a place or a decision maker.

    A text of which nothing is known keeps its own words, with a low confidence and the nearest names. A
    classification without values means that the text names nothing, or only what is not wanted.
    """
    written = " ".join(text.split())[:MAX_LENGTH]
    if not any(letter.isalpha() for letter in written):
        return Classification(kind, written)
    found = [value for value in extract(written).values if value.slot in SLOTS[kind]]
    slots: dict[str, tuple[str, ...]] = {}
    for value in found:
        if value.operation != "remove":
            slot = value.slot if value.polarity == "include" else f"excluded_{value.slot}"
            slots[slot] = storable((*slots.get(slot, ()), str(value.value)))
    if not slots:
        return _own_words(kind, written)
    confidence = min(value.confidence for value in found)
    reasoning = "; ".join(value.why for value in found)
    unsure = [value for value in found if value.confidence < SURE]
    others = [other for value in unsure for other in _others(kind, value.text, str(value.value))]
    alternatives = tuple(dict.fromkeys(others))[:MOST_ALTERNATIVES]
    reasoning = f"{reasoning[:1].upper()}{reasoning[1:]}."
    named = tuple(str(value.value) for value in unsure)
    words = {str(value.value): " ".join(value.text.split()) for value in found if value.operation != "remove"}
    return Classification(kind, written, slots, confidence, reasoning, alternatives, named, words)


def chosen(classification: Classification, value: str) -> Classification:
    """Return the classification with one of the alternatives in the place of what was not sure."""
    slot = _slot_of(classification.kind, value)
    new = {slot: (value,)} if slot else classify(classification.kind, value).slots
    kept = {
        name: tuple(each for each in found if each not in classification.unsure)
        for name, found in classification.slots.items()
    }
    slots = {name: storable((*kept.get(name, ()), *new.get(name, ()))) for name in dict.fromkeys((*kept, *new))}
    return replace(
        classification,
        slots={name: found for name, found in slots.items() if found},
        confidence=1.0,
        reasoning=f"You chose {value}.",
        alternatives=(),
        unsure=(),
        words=_words_of_choice(classification, value),
        source=EMBEDDED,
    )


def confirmed(classification: Classification) -> Classification:
    """Return the classification as certain, because the user said so."""
    return replace(classification, confidence=1.0, alternatives=(), unsure=())


def slots_of(answers: Mapping[str, Classification]) -> Slots:
    """Return the ideal customer that the classified answers describe."""
    known: dict[str, tuple[str, ...]] = {}
    for each in answers.values():
        for slot, found in each.slots.items():
            known[slot] = storable((*known.get(slot, ()), *found))
    return Slots(**known)  # type: ignore[arg-type]  # the slots of lists only


def spelled_words(words: Mapping[str, str]) -> str:
    """Say what was read from which words."""
    return "; ".join(f"{name} from “{' '.join(text.split())}”" for name, text in words.items())


def _words_of_choice(found: Classification, value: str) -> dict[str, str]:
    """Return the words of the values, with those that were not sure given to the one that was chosen for them."""
    unsure = ", ".join(dict.fromkeys(text for name, text in found.words.items() if name in found.unsure))
    kept = {name: text for name, text in found.words.items() if name not in found.unsure}
    return {**kept, value: unsure or found.text}


def _own_words(kind: Kind, text: str) -> Classification:
    near = nearest(kind, text, limit=MOST_ALTERNATIVES)
    reasoning = f"“{text[:100]}” is no {NOUNS[kind]} that LAD knows. It is searched for in your own words."
    own = text[:MAX_OWN_WORDS]
    slots = {_UNKNOWN_SLOT[kind]: (own,)}
    return Classification(kind, text, slots, OWN_WORDS, reasoning, near, (own,), {own: own})


def _others(kind: Kind, words: str, value: str) -> list[str]:
    """Return what else the words could mean: places of the same name, or names that are spelled nearly so."""
    found: list[str] = []
    if kind == Kind.LOCATION:
        entries = vocabulary().places.entries.get(key(words, plural=True), ())
        found = [entry.value for entry in entries if entry.slot in PLACES]
    return [each for each in (*found, *nearest(kind, words, limit=MOST_ALTERNATIVES)) if each != value]


def _slot_of(kind: Kind, value: str) -> str:
    every = vocabulary()
    index = every.places if kind == Kind.LOCATION else every.names
    for entries in index.entries.values():
        for entry in entries:
            if entry.value == value and entry.slot in SLOTS[kind]:
                return entry.slot
    return ""
