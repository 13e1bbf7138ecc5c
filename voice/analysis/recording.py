"""Record the analysis of a call, and keep what an earlier one said."""

import re
from typing import Any, Final

import orjson
from django.db import models, transaction

from lad import writes
from lad.errors import Invalid
from lad.outbox.emission import emit
from lad.types import Actor, Values
from voice.analysis.models import (
    CallAnalysis,
    CallAnalysisVersion,
    Disposition,
    Engagement,
    LeadCategory,
    Sentiment,
)
from voice.calls.models import CallLog

# What the event says: facts and times, nothing that was said.
_ANNOUNCED: Final = (
    "outcome",
    "answered_by",
    "do_not_call",
    "follow_up_at",
    "sentiment",
    "lead_category",
    "disposition",
    "skipped_reason",
    "version",
)
_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9]+")
_MIN_POSITIVE_SCORE: Final = 60
_MIN_NEUTRAL_SCORE: Final = 40
_CONTENT_FIELDS: Final = tuple(
    field
    for field in CallAnalysis._meta.concrete_fields
    if field.name not in ("id", "tenant", "call_log", "version", "created_at", "updated_at")
)
# What each earlier version has as columns of its own.
_MADE_BY: Final = ("analyser_version", "prompt_version", "model")


@transaction.atomic
def record_analysis(*, call: CallLog, values: Values, actor: Actor = None) -> CallAnalysis:
    """Store the analysis of a call as its newest version. What an earlier one said is kept.

    ``values`` are fields of the row as the analyser wrote them. Sentiment, category, disposition and engagement
    are recognised in any spelling; text that matches no choice goes to ``raw_analysis``. Fields that are not
    given are reset. Emits ``voice.call.analysed``. Raises Invalid.
    """
    CallLog.objects.select_for_update(no_key=True).get(pk=call.pk)
    unknown = sorted(set(values) - {field.name for field in _CONTENT_FIELDS})
    if unknown:
        raise Invalid(errors={name: ["A call analysis has no such field."] for name in unknown})
    content = {**_defaults(), "lead": call.lead, **_parse_choices(values)}
    before = CallAnalysis.objects.filter(call_log=call).first()
    if before is None:
        row = writes.create(CallAnalysis, {"call_log": call, **content}, actor=actor)
    else:
        _keep(before, actor)
        row = writes.update(before, {**content, "version": before.version + 1}, actor=actor)
    emit(
        "voice.call.analysed",
        aggregate=call,
        payload={
            "call_log_id": call.pk,
            "lead_id": row.lead_id,
            **{name: getattr(row, name) for name in _ANNOUNCED},
            "again": before is not None,
        },
        actor=actor,
    )
    return row


def sentiment_for_score(score: float) -> Sentiment:
    """Return the sentiment for a score from 0 to 100."""
    if score >= _MIN_POSITIVE_SCORE:
        return Sentiment.POSITIVE
    return Sentiment.NEUTRAL if score >= _MIN_NEUTRAL_SCORE else Sentiment.NEGATIVE


class CallAnalysisWriter(writes.Writer[CallAnalysis]):
    """Take the lead from the call unless one is given, and keep an analysis with its call."""

    def prepare(self, row: CallAnalysis | None, values: Values, *, actor: Actor) -> Values:
        if row is None:
            return {**values, "lead": values.get("lead") or getattr(values.get("call_log"), "lead", None)}
        writes.fixed_fields(row, values, {"call_log"}, "An analysis cannot move to another call.")
        return values


def _keep(row: CallAnalysis, actor: Actor) -> None:
    """Keep what an analysis says before it says something else."""
    said = {field.name: getattr(row, field.attname) for field in _CONTENT_FIELDS if field.name not in _MADE_BY}
    content = orjson.loads(orjson.dumps(said, default=str))
    values = {"tenant_id": row.tenant_id, "analysis": row, "number": row.version, "content": content}
    made_by = {name: getattr(row, name) for name in _MADE_BY}
    writes.create(CallAnalysisVersion, {**values, **made_by, "replaced_by_user": actor}, actor=actor)


def _defaults() -> dict[str, Any]:
    return {field.name: field.get_default() for field in _CONTENT_FIELDS}


def _parse_choices(values: Values) -> dict[str, Any]:
    parsed = dict(values)
    raw = dict(parsed.get("raw_analysis") or {})
    for name, words in _WORDS.items():
        given = parsed.get(name)
        if given in (None, ""):
            parsed[name] = None
            continue
        parsed[name] = words.get(_normalise(given))
        if parsed[name] is None:
            # Analysers sometimes write a sentence here. Keep it where filters do not look.
            raw[name] = str(given)
    return {**parsed, "raw_analysis": raw}


def _normalise(word: object) -> str:
    return _BETWEEN_WORDS.sub(" ", str(word).lower()).strip()


def _choice_words(choices: type[models.TextChoices], synonyms: dict[str, str]) -> dict[str, str]:
    """Map every spelling of a choice, by value, label or synonym, to its value."""
    return {
        **{_normalise(value): value for value, _label in choices.choices},
        **{_normalise(label): value for value, label in choices.choices},
        **{_normalise(word): value for word, value in synonyms.items()},
    }


_WORDS: Final[dict[str, dict[str, str]]] = {
    "sentiment": _choice_words(Sentiment, {"very positive": Sentiment.VERY_INTERESTED}),
    "lead_category": _choice_words(
        LeadCategory, {"hot": LeadCategory.HOT, "warm": LeadCategory.WARM, "cold": LeadCategory.COLD}
    ),
    "disposition": _choice_words(Disposition, {"do not pursue": Disposition.DROP, "nurture": Disposition.NURTURE}),
    "engagement_level": _choice_words(Engagement, {}),
}


writes.register(CallAnalysis, CallAnalysisWriter)
