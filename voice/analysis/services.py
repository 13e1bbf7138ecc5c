"""Analyse calls: by the embedded reader always, and by the tenant's language model if one is chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from lad.errors import Conflict, DomainError
from lad.llm.completions import Completion
from lad.llm.images import without_images
from lad.llm.services import NO_MODEL, complete
from lad.tenancy.context import tenant_context
from lad.types import Actor
from leads.contactability.whereabouts import whereabouts
from tenants.teams.models import Tenant
from voice.analysis import model_reading, recording
from voice.analysis.assessment import assess
from voice.analysis.models import CallAnalysis, SkippedReason
from voice.analysis.reading import reader
from voice.analysis.reading.findings import AnsweredBy, Evidence, Findings, Outcome
from voice.calls.models import CallLog

# With fewer words of the person a model would only guess.
LEAST_WORDS: Final = 4
# What a call's metadata say if the person did not allow an analysis.
CONSENT: Final = "analysis_consent"
IN_TRANSACTION: Final = "The call was analysed together with other changes, where no language model can be asked."
NOT_NEEDED: Final = "No language model is asked about {}."
FAILED_REASON: Final = "The language model was not asked: {}"
# Nothing else is kept of a call that the person did not allow to be analysed.
KEPT_WITHOUT_CONSENT: Final = ("answered_by", "do_not_call")

BeforeModel = Callable[[timedelta], None]


class CallNotOver(Conflict):
    """This call is still going on. Analyse it when it has ended."""

    code = "call_not_over"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the analysis of a call needs to know about it. ``start`` is in the zone of the person who was called."""

    call: CallLog
    start: datetime
    schema: Mapping[str, Any]

    @property
    def allowed(self) -> bool:
        """Return whether the person has not said no to an analysis."""
        return self.call.metadata.get(CONSENT) is not False


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found out about a call, to be recorded."""

    facts: Facts
    findings: Findings
    skipped: str = ""
    model: str = ""
    reason: str = ""
    tokens: Mapping[str, int] | None = None


def analyse(call: CallLog, *, actor: Actor = None, before_model: BeforeModel | None = None) -> CallAnalysis:
    """Analyse a call, record what was found as a new version, and return it. Emits ``voice.call.analysed``.

    Opens its own scopes. Call it outside of any transaction: a model may be asked, which takes long; inside one the
    embedded reader answers alone. ``before_model`` is told how long the model may take; what it raises ends the
    analysis. Raises CallNotOver.
    """
    examined = examine(call, before_model=before_model)
    with tenant_context(call.tenant_id, user_id=actor.pk if actor is not None else None):
        return record(examined, actor=actor)


def examine(call: CallLog, *, before_model: BeforeModel | None = None) -> Examination:
    """Find out what was said in a call, and write nothing. Raises CallNotOver, and what ``before_model`` does."""
    with tenant_context(call.tenant_id):
        facts = facts_of(call.pk)
    found = reader.read(facts.call.transcripts, start=facts.start, schema=facts.schema)
    skipped = _skipped(facts, found)
    if skipped:
        return Examination(facts, _without_words(found) if skipped == SkippedReason.NO_CONSENT else found, skipped)
    if found.answered_by != AnsweredBy.HUMAN or found.outcome == Outcome.NO_CONVERSATION:
        return Examination(facts, found, reason=NOT_NEEDED.format("machines and silence"))
    if connection.in_atomic_block:
        return Examination(facts, found, reason=IN_TRANSACTION)
    return _with_model(facts, found, before_model)


def record(examined: Examination, *, actor: Actor = None) -> CallAnalysis:
    """Record what was found out about a call, in the current scope. Emits ``voice.call.analysed``."""
    facts, found = examined.facts, examined.findings
    values: dict[str, Any] = {
        "answered_by": found.answered_by.value,
        "do_not_call": found.do_not_call,
        "evidence": [_shown(each.stored()) for each in found.evidence],
        "skipped_reason": examined.skipped or None,
        "analyser_version": reader.VERSION,
        "prompt_version": f"{model_reading.PROMPT}.v{model_reading.PROMPT_VERSION}" if examined.model else "",
        "model": examined.model[:200],
        "reason": examined.reason,
        "follow_up_zone": str(facts.start.tzinfo),
        "metadata": {"tokens": dict(examined.tokens)} if examined.tokens else {},
    }
    if examined.skipped == SkippedReason.NO_CONSENT:
        values["outcome"] = Outcome.DO_NOT_CALL.value if found.do_not_call else None
    elif examined.skipped != SkippedReason.NO_TRANSCRIPT:
        values |= _content(facts, found)
    return recording.record_analysis(call=facts.call, values=values, actor=actor)


def facts_of(call_id: UUID) -> Facts:
    """Return what the analysis of a call needs, read in the current scope. Raises CallNotOver."""
    call = CallLog.objects.select_related("agent", "agent_version", "lead").get(pk=call_id)
    if not call.is_finished:
        raise CallNotOver
    zone_name = Tenant.objects.values_list("timezone", flat=True).get(pk=call.tenant_id)
    location = call.lead.location if call.lead is not None else ""
    zone = whereabouts(str(call.phone.e164), location or "", tenant_zone=zone_name).zones[0]
    begun = call.started_at or call.created_at
    speaks = call.agent_version or call.agent
    schema = speaks.analysis_fields if speaks is not None else {}
    return Facts(call, begun.astimezone(zone), schema)


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values without images in their texts: the address of an image may carry data away when it is shown."""
    return {name: without_images(value) if isinstance(value, str) else value for name, value in values.items()}


def _skipped(facts: Facts, found: Findings) -> str:
    """Return why the call is not analysed, or not wholly; empty if it is. A wish not to be called is always kept."""
    turns = [turn for turn in facts.call.transcripts if turn.get("role") in ("agent", "person")]
    if not any(str(turn.get("text", "")).strip() for turn in turns):
        return SkippedReason.NO_TRANSCRIPT
    if not facts.allowed or found.refuses_recording:
        return SkippedReason.NO_CONSENT
    if found.outcome == Outcome.NO_CONVERSATION and found.answered_by == AnsweredBy.HUMAN:
        return SkippedReason.TOO_SHORT
    return ""


def _without_words(found: Findings) -> Findings:
    """Return the little that is kept of a call whose analysis was not allowed, without a word that was said."""
    kept = [each for each in found.evidence if each.name in KEPT_WITHOUT_CONSENT]
    silent = tuple(Evidence(each.name, each.value, each.turn, "", each.confidence) for each in kept)
    return Findings(
        outcome=found.outcome,
        answered_by=found.answered_by,
        sentiment=None,
        do_not_call=found.do_not_call,
        objections=(),
        follow_up_at=None,
        summary="",
        evidence=silent,
    )


def _with_model(facts: Facts, found: Findings, before_model: BeforeModel | None) -> Examination:
    """Let the tenant's model read the transcript too, and keep what of its answer was said."""
    turns = [reader.without_orders(turn) for turn in reader.turns_of(facts.call.transcripts)]
    if sum(turn.count for turn in turns if turn.role == "person") < LEAST_WORDS:
        return Examination(facts, found, reason=NOT_NEEDED.format("a few words"))
    question = model_reading.question(
        facts.call.transcripts, tenant_id=facts.call.tenant_id, start=facts.start, schema=facts.schema
    )
    with tenant_context(question.tenant_id):
        connection = question.connected()
    if connection is None:
        return Examination(facts, found, reason=NO_MODEL)
    question = replace(question, connection=connection)
    if before_model is not None:
        before_model(timedelta(seconds=connection.seconds_per_call))
    try:
        answer: Completion = complete(question, embedded=dict)
    except DomainError as error:
        # A limit of the connection, or whatever else keeps the model from answering.
        return Examination(facts, found, reason=FAILED_REASON.format(error.detail))
    tokens = {"input": answer.usage.input_tokens, "output": answer.usage.output_tokens} if answer.usage.requests else {}
    if answer.embedded:
        return Examination(facts, found, reason=answer.reason, tokens=tokens)
    merged = model_reading.merged(found, answer.data, turns, start=facts.start, schema=facts.schema)
    return Examination(facts, merged, model=answer.usage.model, tokens=tokens)


def _content(facts: Facts, found: Findings) -> dict[str, Any]:
    """Return the fields of the analysis that say what was said."""
    call = facts.call
    return {
        "summary": without_images(found.summary),
        "sentiment": found.sentiment,
        "outcome": found.outcome.value,
        "engagement_level": found.engagement,
        "key_points": list(map(without_images, found.key_points)),
        "prospect_questions": list(map(without_images, found.questions)),
        "prospect_concerns": list(map(without_images, found.concerns)),
        "objections": [each.value for each in found.objections],
        "follow_up_at": found.follow_up_at,
        "lead_extraction": _shown(found.fields),
        **assess(found, start=facts.start, seconds=call.duration_seconds),
    }
