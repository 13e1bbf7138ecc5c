"""Let a model read a transcript, and take of its answer only what the transcript says.

Nothing that a model answers does more than fill fields of the analysis. A request not to be called, who answered, and
a time that the grammar has read are the embedded reader's: no model takes them back. A model may find one more request
not to be called, in the person's own words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError

from lad.db.json_schema import JsonSchemaValidator
from lad.llm import prompt_files
from lad.llm.purposes import Purpose, purposes
from lad.llm.questions import Question
from voice.analysis.models import Sentiment
from voice.analysis.reading.findings import DECLINED, AnsweredBy, Evidence, Findings, Objection, Outcome
from voice.analysis.reading.words import Turn, fold

PURPOSE: Final = purposes.register(Purpose("voice.analysis", "Analysis of calls")).key
PROMPT, PROMPT_VERSION = "voice.analysis.transcript", 1
MODEL: Final = "model"
CONFIDENCE: Final = 0.75
MAX_TOKENS: Final = 1_500
# Turns and characters of a transcript that a model gets.
MAX_TURNS: Final = 400
MAX_CHARACTERS: Final = 40_000
MAX_SUMMARY: Final = 600
MAX_WORDS: Final = 300
# Nobody agrees on a time that is further away.
FARTHEST: Final = timedelta(days=366)
# What only the embedded reader finds, by who answered.
_OUTCOMES: Final = sorted(
    each.value for each in Outcome if each not in (Outcome.VOICEMAIL, Outcome.IVR, Outcome.NO_CONVERSATION)
)
_TURN: Final = {"type": "integer", "minimum": 0}
_WORDS: Final = {"type": "string", "maxLength": MAX_WORDS}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMA: Final[Mapping[str, Any]] = _object(
    summary={"type": "string", "maxLength": MAX_SUMMARY},
    outcome=_object(value={"type": "string", "enum": _OUTCOMES}, turn=_TURN, words=_WORDS),
    sentiment=_object(value={"type": "string", "enum": Sentiment.values}, turn=_TURN, words=_WORDS),
    objections={
        "type": "array",
        "maxItems": len(Objection),
        "items": _object(
            value={"type": "string", "enum": [each.value for each in Objection]}, turn=_TURN, words=_WORDS
        ),
    },
    follow_up=_object(value={"type": ["string", "null"], "maxLength": 30}, turn=_TURN, words=_WORDS),
    fields={
        "type": "array",
        "maxItems": 30,
        "items": _object(
            name={"type": "string", "maxLength": 50},
            value={"type": "string", "maxLength": 500},
            turn=_TURN,
            words=_WORDS,
        ),
    },
)


def question(
    transcript: Sequence[Mapping[str, Any]], *, tenant_id: UUID, start: datetime, schema: Mapping[str, Any]
) -> Question:
    """Return what is asked of the model about a transcript."""
    prompt = prompt_files.render(
        PROMPT,
        PROMPT_VERSION,
        start=f"{start:%A, %Y-%m-%d, %H:%M}",
        fields=orjson.dumps(schema.get("properties") or {}).decode(),
        transcript=written(transcript),
    )
    return Question(tenant_id, PURPOSE, prompt=prompt, schema=SCHEMA, max_tokens=MAX_TOKENS, temperature=0.0)


def written(transcript: Sequence[Mapping[str, Any]]) -> str:
    """Return a transcript as the prompt has it: a line a turn, with its number."""
    lines, characters = [], 0
    for index, turn in enumerate(transcript[:MAX_TURNS]):
        line = f"{index} {turn.get('role', 'person')}: {' '.join(str(turn.get('text', '')).split())}"
        characters += len(line)
        if characters > MAX_CHARACTERS:
            break
        lines.append(line)
    return "\n".join(lines)


def merged(
    found: Findings, answer: Mapping[str, Any], turns: Sequence[Turn], *, start: datetime, schema: Mapping[str, Any]
) -> Findings:
    """Return the findings with what of a model's answer holds: its words are in the turn that it names."""
    by_index = {turn.index: turn for turn in turns}
    outcome, said = _outcome(found, answer["outcome"], by_index)
    refused = outcome == Outcome.DO_NOT_CALL and said is not None
    found = replace(found, do_not_call=found.do_not_call or refused)
    sentiment, felt = _sentiment(found, answer["sentiment"], by_index)
    raised = _objections(found, answer["objections"], by_index)
    follow_up, timed = _follow_up(found, answer["follow_up"], by_index, outcome, start)
    fields = _fields(found, answer["fields"], by_index, schema)
    replaced = {each.name for each in (said, felt, timed, *fields) if each is not None}
    kept = [
        each
        for each in found.evidence
        if each.name not in replaced and not (each.name == "follow_up_at" and follow_up is None)
    ]
    return replace(
        found,
        outcome=outcome,
        sentiment=sentiment,
        objections=(*found.objections, *(Objection(each.value) for each in raised)),
        follow_up_at=follow_up,
        summary=" ".join(answer["summary"].split()) or found.summary,
        fields={**found.fields, **{each.name.removeprefix("fields."): each.value for each in fields}},
        evidence=(
            *kept,
            *([replace(said, name="do_not_call", value=True)] if refused and said else []),
            *(each for each in (said, felt, timed) if each is not None),
            *raised,
            *fields,
        ),
    )


def _outcome(found: Findings, given: Mapping[str, Any], turns: Mapping[int, Turn]) -> tuple[Outcome, Evidence | None]:
    """Return the model's outcome if the person's words carry it, and never one that takes a refusal back."""
    if found.do_not_call or found.answered_by != AnsweredBy.HUMAN:
        return found.outcome, None
    outcome = Outcome(given["value"])
    said = _said("outcome", outcome.value, given, turns)
    if said is None:
        return found.outcome, None
    if outcome == Outcome.MEETING_BOOKED and found.follow_up_at is None:
        return found.outcome, None
    return outcome, said


def _sentiment(
    found: Findings, given: Mapping[str, Any], turns: Mapping[int, Turn]
) -> tuple[str | None, Evidence | None]:
    if found.sentiment is None:
        return None, None
    if found.do_not_call:
        return Sentiment.NEGATIVE.value, None
    said = _said("sentiment", given["value"], given, turns)
    return (found.sentiment, None) if said is None else (given["value"], said)


def _objections(found: Findings, given: Sequence[Mapping[str, Any]], turns: Mapping[int, Turn]) -> list[Evidence]:
    raised: dict[str, Evidence] = {}
    for each in given:
        said = _said("objections", each["value"], each, turns)
        if said is not None and each["value"] not in found.objections:
            raised.setdefault(each["value"], said)
    return list(raised.values())


def _follow_up(
    found: Findings, given: Mapping[str, Any], turns: Mapping[int, Turn], outcome: Outcome, start: datetime
) -> tuple[datetime | None, Evidence | None]:
    """Return the time that the grammar read, or else the model's, if its words were said. None if it was declined."""
    if outcome in DECLINED:
        return None, None
    if found.follow_up_at is not None or not given["value"]:
        return found.follow_up_at, None
    try:
        at = datetime.fromisoformat(given["value"]).replace(tzinfo=start.tzinfo)
    except ValueError:
        return None, None
    if not start < at < start + FARTHEST:
        return None, None
    said = _said("follow_up_at", at, given, turns, anybody=True)
    return (at, said) if said is not None else (None, None)


def _fields(
    found: Findings, given: Sequence[Mapping[str, Any]], turns: Mapping[int, Turn], schema: Mapping[str, Any]
) -> list[Evidence]:
    """Return the fields of the agent that the person stated. Numbers and dates stay as the grammar read them."""
    wanted = schema.get("properties") or {}
    filled: dict[str, Evidence] = {}
    for each in given:
        name = each["name"]
        field = wanted.get(name)
        if field is None or (name in found.fields and not _is_plain_text(field)):
            continue
        try:
            value = _typed(each["value"], field)
            JsonSchemaValidator({key: field[key] for key in field if key not in ("title", "description")})(value)
        except (ValueError, ValidationError):
            continue
        said = _said(f"fields.{name}", value, each, turns)
        if said is not None and _is_carried(value, each["words"], field):
            filled[name] = said
    return list(filled.values())


def _is_plain_text(field: Mapping[str, Any]) -> bool:
    return field.get("type") == "string" and not field.get("format") and "enum" not in field


def _is_carried(value: Any, words: str, field: Mapping[str, Any]) -> bool:
    """Return whether the words have a text's or number's own words or digits."""
    if _is_plain_text(field) or field.get("format") in ("email", "phone"):
        return f" {fold(str(value))} " in f" {fold(words)} "
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    digits = "".join(letter for letter in words if letter.isdigit())
    return not digits or f"{value:g}".replace(".", "") in digits


def _typed(text: str, field: Mapping[str, Any]) -> Any:
    """Return a value of the field's type. Raises ValueError."""
    match field.get("type"):
        case "boolean":
            known = {"true": True, "yes": True, "false": False, "no": False}
            if text.strip().lower() not in known:
                raise ValueError(text)
            return known[text.strip().lower()]
        case "integer":
            return int(text.replace(",", ""))
        case "number":
            return float(text.replace(",", ""))
    return text.strip()


def _said(
    name: str, value: Any, given: Mapping[str, Any], turns: Mapping[int, Turn], *, anybody: bool = False
) -> Evidence | None:
    """Return a value with its words if they are in the turn that is named, and the person's."""
    turn, words = turns.get(given["turn"]), fold(given["words"])
    if turn is None or not words or (turn.role != "person" and not anybody):
        return None
    if f" {words} " not in f" {turn.line} ":
        return None
    return Evidence(name, value, turn.index, given["words"].strip(), CONFIDENCE, MODEL)
