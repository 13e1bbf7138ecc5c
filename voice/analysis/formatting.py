"""Format a call analysis for the pages of the analysis and of its call."""

from typing import Final

from voice.analysis.models import CallAnalysis, LeadCategory, Sentiment

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


def assessment_chips(analysis: CallAnalysis | None) -> list[str]:
    """Return the sentiment, lead category, disposition and engagement that the analysis names."""
    if analysis is None:
        return []
    labels = (
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
