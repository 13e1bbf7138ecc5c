"""What follows from the findings of a call: the next step, the lead's category and the stages that were reached."""

from datetime import datetime, timedelta
from typing import Any, Final

from voice.analysis.models import CallOutcome, Disposition, LeadCategory, Sentiment
from voice.analysis.reading.findings import Findings
from voice.analysis.reading.summaries import ACTIONS

SOON: Final = timedelta(days=4)
# A person who is very interested for this long is a hot lead.
HOT_SECONDS: Final = 60
CONTACTED, SCHEDULED, EMAIL_GIVEN, BOOKED = "contacted", "follow-up scheduled", "email given", "booking made"
NEXT_STEPS: Final = {
    CallOutcome.MEETING_BOOKED: Disposition.PROCEED,
    CallOutcome.INTERESTED: Disposition.FOLLOW_UP_3,
    CallOutcome.INFORMATION: Disposition.FOLLOW_UP_3,
    CallOutcome.CALLBACK: Disposition.FOLLOW_UP_7,
    CallOutcome.UNDECIDED: Disposition.NURTURE,
    CallOutcome.GATEKEEPER: Disposition.FOLLOW_UP_3,
    CallOutcome.NOT_INTERESTED: Disposition.DROP,
    CallOutcome.DO_NOT_CALL: Disposition.DROP,
    CallOutcome.WRONG_PERSON: Disposition.DROP,
    CallOutcome.CUSTOMER: Disposition.DROP,
}
CATEGORIES: Final = {
    CallOutcome.MEETING_BOOKED: LeadCategory.HOT,
    CallOutcome.INTERESTED: LeadCategory.WARM,
    CallOutcome.INFORMATION: LeadCategory.WARM,
    CallOutcome.CALLBACK: LeadCategory.WARM,
    CallOutcome.UNDECIDED: LeadCategory.WARM,
    CallOutcome.NOT_INTERESTED: LeadCategory.COLD,
    CallOutcome.DO_NOT_CALL: LeadCategory.COLD,
    CallOutcome.WRONG_PERSON: LeadCategory.COLD,
}
_SPOKEN: Final = frozenset(CallOutcome) - {CallOutcome.VOICEMAIL, CallOutcome.IVR, CallOutcome.NO_CONVERSATION}


def assess(findings: Findings, *, start: datetime, seconds: int) -> dict[str, Any]:
    """Return the disposition, the lead category, the recommended action and the stages that were reached.

    The lead was not spoken to if there is no disposition. ``seconds`` is how long the call took.
    """
    outcome = CallOutcome(findings.outcome.value)
    step = NEXT_STEPS.get(outcome)
    if outcome == CallOutcome.CALLBACK and findings.follow_up_at and findings.follow_up_at - start <= SOON:
        step = Disposition.FOLLOW_UP_3
    if outcome == CallOutcome.INTERESTED and findings.email_given:
        step = Disposition.PROCEED
    category = CATEGORIES.get(outcome)
    very = findings.sentiment == Sentiment.VERY_INTERESTED
    if step == Disposition.PROCEED or (category == LeadCategory.WARM and very and seconds > HOT_SECONDS):
        category = LeadCategory.HOT
    return {
        "disposition": step,
        "lead_category": category,
        "recommended_action": ACTIONS[findings.outcome],
        "stages_reached": _stages(findings, outcome),
    }


def _stages(findings: Findings, outcome: CallOutcome) -> list[str]:
    reached = [CONTACTED] if outcome in _SPOKEN else []
    reached += [SCHEDULED] if findings.follow_up_at else []
    reached += [EMAIL_GIVEN] if findings.email_given else []
    return reached + ([BOOKED] if outcome == CallOutcome.MEETING_BOOKED else [])
