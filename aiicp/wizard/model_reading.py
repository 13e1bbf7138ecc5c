"""Let a model read answers that the gazetteers do not understand, and take of it only what can be checked.

A name must be in the gazetteers, or stand in the text as it is. Every value keeps the words that it comes from. What a
model read is never sure: the user confirms it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from aiicp.extraction.naming import known_name, place_in, said_name
from aiicp.extraction.slots import storable
from aiicp.model_questions import Pending, answered, ask
from aiicp.wizard.classifiers import MODEL, Classification, spelled_words
from aiicp.wizard.purposes import WIZARD
from aiicp.wizard.questions import Kind
from aiicp.wizard.suggestions import LABELS, SLOTS
from lad.llm import prompt_files
from lad.llm.questions import Question

CONFIDENCE: Final = 0.7
MAX_TOKENS: Final = 700
MAX_VALUES: Final = 20
# Slots whose values may be the writer's own words.
OWN_NAMES: Final = frozenset({"titles", "keywords"})
ASKED: Final[Mapping[Kind, str]] = {
    Kind.INDUSTRY: "the industries of the companies they sell to",
    Kind.LOCATION: "the countries, regions or cities where these companies are",
    Kind.DECISION_MAKER: "the people who decide there, by job title, department or seniority",
}


@dataclass(frozen=True, slots=True)
class Fitting:
    """A name that fits what a tenant sells, and the words of its description that say so."""

    name: str
    words: str


def unsure(found: Classification) -> bool:
    """Return whether a model could help: the gazetteers found nothing, or are not sure of what they found."""
    return bool(found.text) and not found.is_sure and not (found.excluded and not found.values)


def ask_about(found: Classification, *, tenant_id: UUID) -> Pending[Classification]:
    """Ask the tenant's model about an answer that was not understood. Settle what is returned where it is used.

    Call it outside of any transaction.
    """
    return ask(_classifying(found, tenant_id), read=lambda answer: read(answer, found))


def classified(found: Classification, *, tenant_id: UUID) -> Classification:
    """Return the classification, by the tenant's model where the embedded one is unsure. Nothing is stored.

    Call it outside of any transaction.
    """
    if not unsure(found):
        return found
    heard = answered(_classifying(found, tenant_id), read=lambda answer: read(answer, found))
    return heard.value or replace(found, note=heard.note)


def fitting(kind: Kind, selling: str, *, tenant_id: UUID) -> Pending[tuple[Fitting, ...]]:
    """Ask the tenant's model who could buy what a text says is sold. Call it outside of any transaction."""
    question = _question("aiicp.wizard.fitting", kind, tenant_id, FITTING, selling=selling)
    return answered(question, read=lambda answer: _fitting(answer, kind, selling))


def read(answer: Mapping[str, Any], found: Classification) -> Classification | None:
    """Return the values of a model's answer that hold, beside what the gazetteers are sure of. None for none."""
    slots: dict[str, tuple[str, ...]] = {}
    words: dict[str, str] = {}
    for each in answer["values"]:
        name, place = _named(each, found.text), place_in(each["words"], found.text)
        if name is None or place is None or name in words:
            continue
        slot = f"excluded_{each['slot']}" if each["excluded"] else each["slot"]
        slots[slot] = storable((*slots.get(slot, ()), name))
        words[name] = found.text[place[0] : place[1]]
    if not any(not slot.startswith("excluded_") for slot in slots):
        return None
    kept = {
        slot: tuple(name for name in names if name not in found.unsure and name not in words)
        for slot, names in found.slots.items()
    }
    joined = {name: storable((*kept.get(name, ()), *slots.get(name, ()))) for name in dict.fromkeys((*kept, *slots))}
    said = {name: text for name, text in found.words.items() if name not in found.unsure}
    return replace(
        found,
        slots={slot: names for slot, names in joined.items() if names},
        confidence=CONFIDENCE,
        reasoning=f"The language model read {spelled_words(words)}.",
        alternatives=tuple(each for each in found.alternatives if each not in words),
        unsure=tuple(words),
        words={**said, **words},
        source=MODEL,
    )


def _fitting(answer: Mapping[str, Any], kind: Kind, selling: str) -> tuple[Fitting, ...] | None:
    found: dict[str, Fitting] = {}
    for each in answer["values"]:
        name, place = known_name(each["slot"], each["name"]), place_in(each["words"], selling)
        if name is not None and place is not None:
            shown = LABELS.get(name, name)
            found.setdefault(shown, Fitting(shown, selling[place[0] : place[1]]))
    return tuple(found.values()) or None


def _named(each: Mapping[str, Any], text: str) -> str | None:
    known = known_name(each["slot"], each["name"])
    return known or (said_name(each["name"], text) if each["slot"] in OWN_NAMES else None)


def _classifying(found: Classification, tenant_id: UUID) -> Question:
    return _question("aiicp.wizard.classify", found.kind, tenant_id, CLASSIFYING, answer=found.text)


def _question(name: str, kind: Kind, tenant_id: UUID, fields: Sequence[str], **texts: str) -> Question:
    prompt = prompt_files.render(name, 1, asked=ASKED[kind], slots=", ".join(SLOTS[kind]), **texts)
    schema = schema_of(kind, fields)
    return Question(tenant_id, WIZARD, prompt=prompt, schema=schema, max_tokens=MAX_TOKENS, temperature=0.0)


def schema_of(kind: Kind, fields: Sequence[str]) -> dict[str, Any]:
    """Return the schema of an answer with these fields for each value."""
    every = {
        "slot": {"type": "string", "enum": list(SLOTS[kind])},
        "name": {"type": "string", "maxLength": 200},
        "excluded": {"type": "boolean"},
        "words": {"type": "string", "maxLength": 500},
    }
    item = {
        "type": "object",
        "properties": {name: every[name] for name in fields},
        "required": list(fields),
        "additionalProperties": False,
    }
    values = {"type": "array", "maxItems": MAX_VALUES, "items": item}
    return {
        "type": "object",
        "properties": {"values": values},
        "required": ["values"],
        "additionalProperties": False,
    }


CLASSIFYING: Final = ("slot", "name", "excluded", "words")
FITTING: Final = ("slot", "name", "words")
