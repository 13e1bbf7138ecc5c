"""Have leads called: ask whether each may be called, ask for the call, and go on by what became of it."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from campaigns.design.graph import Step
from campaigns.design.step_types import voice_agent_call as call
from campaigns.engine import acting, words
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place, Ring, Wait
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.templates.contexts import contexts, enrolments
from leads.channels import Channel
from leads.contactability.decisions import Decision, Verdict

OUTCOMES: Final[Mapping[str, str]] = {
    EnrolmentReason.CALL_ANSWERED: call.ANSWERED,
    EnrolmentReason.CALL_NOT_INTERESTED: call.NOT_INTERESTED,
    EnrolmentReason.CALL_VOICEMAIL: call.VOICEMAIL,
    EnrolmentReason.CALL_NOT_REACHED: call.NOT_REACHED,
    EnrolmentReason.CALL_FAILED: call.FAILED,
    EnrolmentReason.CALL_CANCELLED: call.SKIPPED,
}


@handles("voice_agent_call")
def ring(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Ask for a call of those that may be called now. Let those go on whose call is over."""
    found: dict[UUID, Outcome] = {
        place.id: Advance(OUTCOMES[place.reason], at=place.entered_at, status=None)
        for place in places
        if place.reason in OUTCOMES
    }
    left = [place for place in places if place.id not in found]
    decisions = acting.decisions(left, context, channel=Channel.VOICE)
    for place in left:
        if decisions[place.lead_id].verdict != Verdict.ALLOW:
            found[place.id] = _not_allowed(step, decisions[place.lead_id], context)
    found |= _calls(step, [place for place in left if place.id not in found], decisions, context)
    return [found[place.id] for place in places]


def _not_allowed(step: Step, decision: Decision, context: Context) -> Outcome:
    """Wait until the lead may be called. If that is never, skip the step, or stop where there is no other way."""
    if decision.verdict == Verdict.DEFER and decision.until is not None:
        return Wait(decision.until, decision.reasons[0].code, decision.sentence())
    return acting.refused(step, decision, context)


def _calls(
    step: Step, places: Sequence[Place], decisions: Mapping[UUID, Decision], context: Context
) -> dict[UUID, Outcome]:
    """Ask for the calls, each with what the agent is told about the lead."""
    if not places:
        return {}
    rows = enrolments(place.id for place in places)
    values = contexts(enrolments_or_leads=rows, campaign=context.campaign, now=context.now)
    texts, found = words.fill(step, places, values, context)
    for place in acting.left(places, found):
        decision = decisions[place.lead_id].as_json()
        found[place.id] = Ring(step.config["agent_id"], texts[place.id].body, decision)
    return found
