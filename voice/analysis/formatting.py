"""Format a call analysis for the pages of the analysis and of its call."""

from dataclasses import dataclass
from typing import Any, Final

from lad.labels import in_words
from leads.contactability.whereabouts import zone_named
from voice.analysis.models import CallAnalysis, CallOutcome, LeadCategory, Sentiment

SENTIMENT_COLOURS: Final = {
    Sentiment.VERY_INTERESTED: "success",
    Sentiment.POSITIVE: "success",
    Sentiment.NEUTRAL: "default",
    Sentiment.NEGATIVE: "danger",
}
CATEGORY_COLOURS: Final = {
    LeadCategory.HOT: "danger",
    LeadCategory.WARM: "warning",
    LeadCategory.COLD: "info",
}
OUTCOME_COLOURS: Final = {
    CallOutcome.MEETING_BOOKED: "success",
    CallOutcome.INTERESTED: "success",
    CallOutcome.INFORMATION: "info",
    CallOutcome.CALLBACK: "info",
    CallOutcome.UNDECIDED: "default",
    CallOutcome.NOT_INTERESTED: "warning",
    CallOutcome.DO_NOT_CALL: "danger",
    CallOutcome.WRONG_PERSON: "warning",
    CallOutcome.GATEKEEPER: "default",
    CallOutcome.CUSTOMER: "primary",
    CallOutcome.VOICEMAIL: "default",
    CallOutcome.IVR: "default",
    CallOutcome.NO_CONVERSATION: "default",
}
FIELD: Final = "fields."
SHOWN: Final = {
    "outcome": "Outcome",
    "sentiment": "Sentiment",
    "do_not_call": "Not to be called",
    "objections": "Objection",
    "follow_up_at": "Follow up",
    "answered_by": "Answered by",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One value of an analysis with the words it was read from. ``turn`` counts from 1, as people do."""

    label: str
    value: str
    words: str
    turn: int | None
    sure: int


def said_values(analysis: CallAnalysis | None) -> list[Said]:
    """Return the values of an analysis with the words they came from, the agent's own fields first."""
    if analysis is None:
        return []
    evidence = sorted(analysis.evidence, key=lambda each: not each["name"].startswith(FIELD))
    return [
        Said(
            _label(each["name"]),
            _value(analysis, each),
            each["words"],
            None if each["turn"] is None else each["turn"] + 1,
            round(100 * each["confidence"]),
        )
        for each in evidence
        if each["words"]
    ]


def follow_up_text(analysis: CallAnalysis | None) -> str:
    """Return the agreed time as the clock of the person who was called shows it."""
    if analysis is None or analysis.follow_up_at is None:
        return ""
    zone = zone_named(analysis.follow_up_zone)
    return f"{analysis.follow_up_at.astimezone(zone):%A, %-d %B %Y, %H:%M} ({zone.key})"


def made_by(analysis: CallAnalysis | None) -> str:
    """Say in a sentence what made the analysis."""
    if analysis is None or not analysis.analyser_version:
        return ""
    by = f"the model {analysis.model}" if analysis.model else "LAD's own reader"
    return f"Version {analysis.version}, read by {by}. {analysis.reason}".strip()


def _label(name: str) -> str:
    return in_words(name.removeprefix(FIELD)) if name.startswith(FIELD) else SHOWN.get(name, in_words(name))


def _value(analysis: CallAnalysis, each: dict[str, Any]) -> str:
    value = each["value"]
    if each["name"] == "follow_up_at":
        return follow_up_text(analysis)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return in_words(value) if each["name"] in SHOWN else str(value)


def assessment_chips(analysis: CallAnalysis | None) -> list[str]:
    """Return the outcome, sentiment, lead category, disposition and engagement that the analysis names."""
    if analysis is None:
        return []
    labels = (
        analysis.get_outcome_display(),
        analysis.get_sentiment_display(),
        analysis.get_lead_category_display(),
        analysis.get_disposition_display(),
        analysis.engagement_level and f"{analysis.get_engagement_level_display()} engagement",
    )
    return [label for label in labels if label]


def point_lists(analysis: CallAnalysis | None) -> list[tuple[str, list[str]]]:
    """Return the titled lists of what the person said."""
    if analysis is None:
        return []
    return [
        ("Key points", analysis.key_points),
        ("Questions", analysis.prospect_questions),
        ("Concerns", analysis.prospect_concerns),
    ]
