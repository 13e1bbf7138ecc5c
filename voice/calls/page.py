"""What the page of a call shows: its facts, its conversation in step with the recording, why, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from voice import formatting
from voice.analysis.formatting import (
    OUTCOME_COLOURS,
    assessment_chips,
    follow_up_text,
    made_by,
    point_lists,
    said_values,
)
from voice.analysis.models import CallAnalysis, CallOutcome
from voice.calls.models import CallLog
from voice.calls.story import story_of
from voice.recordings.services import link_to, recording_of_call
from voice.statuses import CallStatus

SPEAKERS: Final = ("agent", "person")
# Beginnings of addresses that a browser plays.
PLAYABLE: Final = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Talk:
    """One turn on the strip above the conversation, in shares of the call's length."""

    place: int
    role: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Who spoke when. ``shares`` has the share of the talking by speaker."""

    turns: Sequence[Talk]
    shares: dict[str, float]


def call_context(call: CallLog, *, sees_leads: bool) -> dict[str, Any]:
    """Return the context of ``voice/call.html``. Without ``sees_leads`` it links to no lead."""
    analysis = CallAnalysis.objects.filter(call_log=call).first()
    recording, recording_state = _recording(call)
    outcome = _outcome(analysis)
    return {
        "call": call,
        "who": str(call.lead) if call.lead is not None else call.phone.international,
        "lead_url": reverse("admin:leads_lead_change", args=(call.lead_id,)) if call.lead_id and sees_leads else "",
        "status_tone": formatting.CALL_COLOURS[CallStatus(call.status)],
        "story": story_of(call, analysis),
        "conversation": formatting.render_conversation(call.transcripts, playable=bool(recording)),
        "strip": strip_of(call.transcripts, call.duration_seconds),
        "recording": recording,
        "recording_state": recording_state,
        "cost": formatting.render_cost_table(call.cost_breakdown, call.cost, call.currency),
        "analysis": analysis,
        "analysis_outcome": outcome,
        # The outcome stands beside the name already.
        "assessment_chips": assessment_chips(analysis)[1:] if outcome else assessment_chips(analysis),
        "answered_by": call.get_answered_by_display() or (analysis.get_answered_by_display() if analysis else ""),
        "point_lists": point_lists(analysis),
        "said_values": said_values(analysis),
        "follow_up": follow_up_text(analysis),
        "made_by": made_by(analysis),
        "analysis_url": analysis and reverse("admin:voice_callanalysis_change", args=(analysis.pk,)),
    }


def _recording(call: CallLog) -> tuple[str, str]:
    """Return where the browser plays the recording from, and why it cannot: LAD's own copy, or else the carrier's."""
    row = recording_of_call(call)
    if row is not None and row.is_stored:
        return link_to(row, now=timezone.now()).path, ""
    if row is not None:
        return "", row.erased_reason or row.error or f"The recording: {row.get_state_display().lower()}."
    return (call.recording_url, "") if call.recording_url.startswith(PLAYABLE) else ("", "")


def strip_of(turns: Sequence[dict[str, Any]], seconds: float) -> Strip | None:
    """Return who spoke when, or None for a transcript without times."""
    timed = [(place, turn) for place, turn in enumerate(turns, 1) if turn.get("end") is not None]
    timed = [(place, turn) for place, turn in timed if turn.get("start") is not None and turn["role"] in SPEAKERS]
    length = max([float(seconds), *(float(turn["end"]) for _place, turn in timed)], default=0)
    if not timed or not length:
        return None
    talks = [
        Talk(place, turn["role"], turn["start"] / length, max(turn["end"] - turn["start"], 0) / length)
        for place, turn in timed
    ]
    talking = sum(talk.width for talk in talks)
    of = {role: sum(talk.width for talk in talks if talk.role == role) for role in SPEAKERS}
    return Strip(talks, {role: share / talking for role, share in of.items()} if talking else of)


def _outcome(analysis: CallAnalysis | None) -> tuple[str, str] | None:
    """Return the label and the colour of what came of the call."""
    if analysis is None or not analysis.outcome:
        return None
    return str(analysis.get_outcome_display()), str(OUTCOME_COLOURS[CallOutcome(analysis.outcome)])
