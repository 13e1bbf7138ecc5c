"""What calls told, as analysers report it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from lad import writes
from lad.errors import Invalid
from lad.outbox.emission import emit
from voice.analysis.models import CallAnalysis, Disposition, Engagement, LeadCategory, Sentiment
from voice.calls.models import CallLog

_POSITIVE_FROM: Final = 60
_NEUTRAL_FROM: Final = 40
_CONTENT: Final = tuple(
    field.name
    for field in CallAnalysis._meta.concrete_fields
    if field.name not in ("id", "tenant", "call_log", "created_at", "updated_at")
)


@transaction.atomic
def record_analysis(*, call: CallLog, values: Mapping[str, Any], actor: Any = None) -> CallAnalysis:
    """Keep what the analysis of a call found; a new analysis of the same call takes the place of the former.

    ``values`` are fields of the row, in the analyser's words: sentiment, category and disposition are
    recognised however they are written, and prose where a word belongs goes to ``raw_analysis``.
    What is not among them is emptied. Emits ``voice.call.analysed``. Raises Invalid.
    """
    CallLog.objects.select_for_update().get(pk=call.pk)
    unknown = sorted(set(values) - set(_CONTENT))
    if unknown:
        raise Invalid(errors={name: ["An analysis has no such field."] for name in unknown})
    content = {**_emptied(), "lead": call.lead, **_recognised(values)}
    before = CallAnalysis.objects.filter(call_log=call).first()
    if before is None:
        row = writes.create(CallAnalysis, {"call_log": call, **content}, actor=actor)
    else:
        row = writes.update(before, content, actor=actor)
    emit(
        "voice.call.analysed",
        aggregate=call,
        payload={
            "call_log_id": call.pk,
            "lead_id": row.lead_id,
            **{name: getattr(row, name) for name in ("sentiment", "lead_category", "disposition")},
            "again": before is not None,
        },
        actor=actor,
    )
    return row


def sentiment_of_score(score: float) -> Sentiment:
    """The sentiment that a score from 0 to 100 stands for."""
    if score >= _POSITIVE_FROM:
        return Sentiment.POSITIVE
    return Sentiment.NEUTRAL if score >= _NEUTRAL_FROM else Sentiment.NEGATIVE


class CallAnalysisWriter(writes.Writer):
    """An analysis is about the lead of its call unless it says otherwise, and stays with its call."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        call = values.get("call_log")
        lead = values.get("lead") or getattr(call, "lead", None)
        return super().create({**values, "lead": lead}, actor=actor)

    def update(self, row: Any, values: Mapping[str, Any], *, actor: Any = None) -> Any:
        if values.get("call_log", row.call_log) != row.call_log:
            raise Invalid(errors={"call_log": ["An analysis stays with its call."]})
        return super().update(row, values, actor=actor)


def _emptied() -> dict[str, Any]:
    fields: Any = CallAnalysis._meta
    return {name: fields.get_field(name).get_default() for name in _CONTENT}


def _recognised(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    raw = dict(found.get("raw_analysis") or {})
    for name, words in _WORDS.items():
        said = found.get(name)
        if said in (None, ""):
            found[name] = None
            continue
        found[name] = words.get(_plain(said))
        if found[name] is None:
            # Analysers write sentences where a word belongs: kept, and out of the way of filters.
            raw[name] = str(said)
    return {**found, "raw_analysis": raw}


def _plain(word: Any) -> str:
    return re.sub(r"[^a-z0-9]+", " ", str(word).lower()).strip()


def _words(choices: Any, more: Mapping[str, Any]) -> dict[str, str]:
    return {
        **{_plain(value): value for value, _label in choices.choices},
        **{_plain(label): value for value, label in choices.choices},
        **{_plain(word): value for word, value in more.items()},
    }


_WORDS: Final[dict[str, dict[str, str]]] = {
    "sentiment": _words(Sentiment, {"very positive": Sentiment.VERY_INTERESTED}),
    "lead_category": _words(
        LeadCategory, {"hot": LeadCategory.HOT, "warm": LeadCategory.WARM, "cold": LeadCategory.COLD}
    ),
    "disposition": _words(Disposition, {"do not pursue": Disposition.DROP, "nurture": Disposition.NURTURE}),
    "engagement_level": _words(Engagement, {}),
}


writes.register(CallAnalysis, CallAnalysisWriter)
