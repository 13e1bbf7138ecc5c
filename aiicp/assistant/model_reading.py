"""Let a model read a message, and take of its answer only what the message really says."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from aiicp.assistant.purposes import TURN
from aiicp.extraction.extractor import Value
from aiicp.extraction.naming import known_name, place_in, said_name
from aiicp.extraction.slots import COMPANY_SIZES, LISTS, RANGES, Range, Slots
from lad.llm import prompt_files
from lad.llm.models import ModelConnection
from lad.llm.questions import Question

CONFIDENCE: Final = 0.7
MAX_TOKENS: Final = 900
MAX_VALUES: Final = 30
MAX_MILLIONS: Final = 10**12
# What a gazetteer must know. Everything else must stand in the message as it is.
KNOWN_NAMES: Final = frozenset({"industries", "departments", "seniorities", "countries", "regions", "cities"})
OWN_NAMES: Final = frozenset({"titles", "technologies", "keywords", "companies", "problem_statement", "deal_type"})
SLOTS: Final = sorted({*KNOWN_NAMES, *OWN_NAMES, *RANGES, "company_size", "limit"})
_NUMBER: Final = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_MILLIONS}
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "values": {
            "type": "array",
            "maxItems": MAX_VALUES,
            "items": {
                "type": "object",
                "properties": {
                    "slot": {"type": "string", "enum": SLOTS},
                    "value": {"type": "string", "maxLength": 500},
                    "least": _NUMBER,
                    "most": _NUMBER,
                    "excluded": {"type": "boolean"},
                    "removed": {"type": "boolean"},
                    "words": {"type": "string", "maxLength": 500},
                },
                "required": ["slot", "value", "least", "most", "excluded", "removed", "words"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["values"],
    "additionalProperties": False,
}


def question(
    *, tenant_id: UUID, content: str, known: Slots, asked: str, connection: ModelConnection | None = None
) -> Question:
    """Return what is asked of the model about one message. ``connection`` is the tenant's, if it was found already."""
    prompt = prompt_files.render(
        "aiicp.assistant.reading",
        1,
        message=content,
        asked=asked or "nothing yet",
        known=orjson.dumps(known.to_icp_data()).decode(),
    )
    return Question(
        tenant_id,
        TURN,
        prompt=prompt,
        schema=SCHEMA,
        max_tokens=MAX_TOKENS,
        temperature=0.0,
        connection=connection,
    )


def read(answer: Mapping[str, Any], content: str, embedded: Sequence[Value]) -> list[Value]:
    """Return the values of a model's answer that hold: said in the message, known by name, not read already.

    Where both read a slot that has one value, the gazetteers and the grammar win.
    """
    singles = {each.slot for each in embedded if each.slot not in LISTS}
    known = {(each.slot, each.value) for each in embedded}
    covered = [(each.start, each.end) for each in embedded if each.slot != "problem_statement"]
    found: list[Value] = []
    for each in answer["values"]:
        value = _value(each, content)
        if value is None or value.slot in singles or (value.slot, value.value) in known:
            continue
        if any(start < value.end and value.start < end for start, end in covered):
            # The words are understood already, as something else.
            continue
        known.add((value.slot, value.value))
        if value.slot not in LISTS:
            singles.add(value.slot)
        found.append(value)
    return found


def _value(each: Mapping[str, Any], content: str) -> Value | None:
    """Return one value, or None if the message does not say it."""
    words = each["words"].strip()
    found = place_in(words, content)
    if found is None:
        return None
    slot, value = each["slot"], _named(each, content, words)
    if value is None:
        return None
    excluded = each["excluded"] and slot in LISTS
    operation = "remove" if each["removed"] else "add" if slot in LISTS else "replace"
    polarity = "exclude" if excluded else "include"
    start, end = found
    return Value(slot, value, polarity, operation, CONFIDENCE, content[start:end], start, end)


def _named(each: Mapping[str, Any], content: str, words: str) -> str | int | Range | None:
    slot, name = each["slot"], " ".join(each["value"].split())
    if slot in RANGES or slot == "limit":
        return _number(each, words)
    if slot == "company_size":
        return name if name in COMPANY_SIZES else None
    if slot in KNOWN_NAMES:
        return known_name(slot, name)
    # An own name must be in the message, word by word.
    return said_name(name, content)


def _number(each: Mapping[str, Any], words: str) -> int | Range | None:
    """Return a number whose digits the words have. Written-out and abbreviated ones are left to the grammar."""
    digits = "".join(letter if letter.isdigit() else " " for letter in words.replace(",", "").replace(".", "")).split()
    ends = [each[name] for name in ("least", "most") if each[name] is not None]
    if not ends or any(str(end) not in digits for end in ends):
        return None
    if each["slot"] == "limit":
        return ends[0] or None
    least, most = each["least"], each["most"]
    return None if least is not None and most is not None and least > most else Range(least, most)
