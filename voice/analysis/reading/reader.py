"""Read a transcript: the same findings for the same words, always, without a model."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from voice.analysis.reading import cues, fields, follow_ups, machines, outcomes, refusals, summaries
from voice.analysis.reading.cues import Cue
from voice.analysis.reading.findings import DECLINED, AnsweredBy, Evidence, Findings, Outcome
from voice.analysis.reading.follow_ups import FollowUp
from voice.analysis.reading.languages import language_of, language_of_all
from voice.analysis.reading.machines import Answer
from voice.analysis.reading.outcomes import Decision
from voice.analysis.reading.words import STOPS, Turn

# Grows with every change of what is found. Stored with each analysis.
VERSION: Final = "1"
# Turns and characters that are read of a transcript.
MAX_TURNS: Final = 2_000
MAX_CHARACTERS: Final = 400_000
_MACHINES: Final = {
    AnsweredBy.MACHINE_VM: Outcome.VOICEMAIL,
    AnsweredBy.MACHINE_IVR: Outcome.IVR,
    AnsweredBy.MACHINE_UNAVAILABLE: Outcome.NO_CONVERSATION,
    AnsweredBy.UNCERTAIN: Outcome.NO_CONVERSATION,
}
HIGH_WORDS, LOW_WORDS = 60, 12


def turns_of(transcript: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Return the turns of a stored transcript, up to a length that no call has."""
    found, characters = [], 0
    for index, each in enumerate(transcript[:MAX_TURNS]):
        text = str(each.get("text", ""))[: max(0, MAX_CHARACTERS - characters)]
        characters += len(text)
        found.append(Turn.of(index, str(each.get("role", "person")), text))
    return found


def read(
    transcript: Sequence[Mapping[str, Any]], *, start: datetime, schema: Mapping[str, Any] | None = None
) -> Findings:
    """Return what a transcript says. ``start`` is when the call began, in the zone of the person who was called.

    ``schema`` is the JSON Schema of the fields that the agent wants.
    """
    turns = turns_of(transcript)
    spoken = [turn for turn in turns if turn.role in ("agent", "person") and turn.count]
    language = _language(spoken)
    answer = machines.find(spoken)
    talk = [turn for turn in spoken if turn.index >= answer.human_from]
    heard = [without_orders(turn) for turn in talk]
    refusal = refusals.find(talk, heard) if answer.by == AnsweredBy.HUMAN else None
    talk = heard
    follow_up = follow_ups.find(talk, start, language) if answer.by == AnsweredBy.HUMAN else None
    decision = _decision(talk, answer, refusal, follow_up)
    if decision.outcome in DECLINED:
        follow_up = None
    return _findings(talk, answer, refusal, follow_up, decision, start, schema, language)


def _language(spoken: Sequence[Turn]) -> str:
    """Return the language of the person, or the agent's where the person said too little to tell."""
    agents = language_of_all(turn.line for turn in spoken if turn.role == "agent")
    return language_of(" ".join(turn.line for turn in spoken if turn.role == "person"), otherwise=agents)


def without_orders(turn: Turn) -> Turn:
    """Return what a person said without sentences that give orders to whoever reads the transcript."""
    if turn.role != "person" or not (orders := cues.find(turn, ["injection"])):
        return turn
    text = turn.text
    for order in orders:
        first, last = order.first, order.last
        while first > 0 and turn.words[first - 1].form not in STOPS:
            first -= 1
        while last < len(turn.words) and turn.words[last - 1].form not in STOPS:
            last += 1
        start, end = turn.words[first].start, turn.words[last - 1].end
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return Turn.of(turn.index, turn.role, text)


def _decision(
    talk: Sequence[Turn], answer: Answer, refusal: tuple[Cue, float] | None, follow_up: FollowUp | None
) -> Decision:
    if answer.by != AnsweredBy.HUMAN:
        return Decision(_MACHINES[answer.by], answer.cue, answer.confidence)
    if refusal is not None:
        return Decision(Outcome.DO_NOT_CALL, refusal[0], refusal[1])
    return outcomes.decide(talk, follow_up)


def _findings(
    talk: Sequence[Turn],
    answer: Answer,
    refusal: tuple[Cue, float] | None,
    follow_up: FollowUp | None,
    decision: Decision,
    start: datetime,
    schema: Mapping[str, Any] | None,
    language: str,
) -> Findings:
    human = answer.by == AnsweredBy.HUMAN
    raised = outcomes.objections(talk) if human else []
    feeling, felt = outcomes.sentiment(talk, decision.outcome, do_not_call=refusal is not None)
    filled = fields.fill(talk, schema, start, language) if human and schema else []
    recording = outcomes.refuses_recording(talk) if human else None
    at = follow_up.at if follow_up else None
    summary, points = summaries.summarise(talk, decision.outcome, at, raised, [decision.cue])
    evidence = [
        _of("outcome", decision.outcome.value, decision.cue, decision.confidence),
        _of("answered_by", answer.by.value, answer.cue, answer.confidence),
        *([_of("sentiment", feeling, felt, 0.75 if felt else 0.6)] if feeling else []),
        *([_of("do_not_call", True, refusal[0], refusal[1])] if refusal else []),
        *(_of("objections", kind.value, cue, 0.8) for kind, cue in raised),
        *([Evidence("follow_up_at", at, follow_up.turn, follow_up.words, follow_up.confidence)] if follow_up else []),
        *filled,
    ]
    by_index = {turn.index: turn for turn in talk}
    return Findings(
        outcome=decision.outcome,
        answered_by=answer.by,
        sentiment=feeling,
        do_not_call=refusal is not None,
        objections=tuple(kind for kind, _cue in raised),
        follow_up_at=at,
        summary=summary,
        engagement=_engagement(talk) if human else None,
        key_points=tuple(points),
        questions=tuple(summaries.questions(talk)) if human else (),
        concerns=tuple(dict.fromkeys(summaries.sentence_of(by_index[cue.turn], cue) for _kind, cue in raised)),
        fields={each.name.removeprefix("fields."): each.value for each in filled},
        evidence=tuple(evidence),
        email_given=human and _email_given(talk),
        refuses_recording=recording is not None,
    )


def _of(name: str, value: object, cue: Cue | None, confidence: float) -> Evidence:
    return Evidence(name, value, cue.turn if cue else None, cue.words if cue else "", confidence)


def _engagement(talk: Sequence[Turn]) -> str:
    words = sum(turn.count for turn in talk if turn.role == "person")
    return "high" if words >= HIGH_WORDS else "low" if words < LOW_WORDS else "medium"


def _email_given(talk: Sequence[Turn]) -> bool:
    said = [turn for turn in talk if turn.role == "person"]
    return any("@" in turn.line or cues.has(turn, "emailgiven") for turn in said)
