"""Have leads called: ask whether each may be called, ask for the call, and go on by what became of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from campaigns.design.graph import Step
from campaigns.design.step_specs import channel_of
from campaigns.design.step_types import voice_agent_call as call
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, End, Outcome, Place, Ring, Wait
from campaigns.enrolment.models import ActivityStatus, CampaignLead, EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import contexts
from campaigns.templates.rendering import MissingVariables
from campaigns.templates.texts import render_step
from leads.channels import Channel
from leads.contactability.decisions import Decision, ReasonCode, Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide

OUTCOMES: Final[Mapping[str, str]] = {
    EnrolmentReason.CALL_ANSWERED: call.ANSWERED,
    EnrolmentReason.CALL_NOT_INTERESTED: call.NOT_INTERESTED,
    EnrolmentReason.CALL_VOICEMAIL: call.VOICEMAIL,
    EnrolmentReason.CALL_NOT_REACHED: call.NOT_REACHED,
    EnrolmentReason.CALL_FAILED: call.FAILED,
    EnrolmentReason.CALL_CANCELLED: call.SKIPPED,
}
GONE: Final = (ReasonCode.LEAD_MISSING, ReasonCode.LEAD_ARCHIVED)
MISSING_RETRY: Final = timedelta(days=1)
TEMPLATE_RETRY: Final = timedelta(hours=1)


@handles("voice_agent_call")
def ring(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Ask for a call of those that may be called now. Let those go on whose call is over."""
    found: dict[UUID, Outcome] = {
        place.id: Advance(OUTCOMES[place.reason], at=place.entered_at, status=None)
        for place in places
        if place.reason in OUTCOMES
    }
    left = [place for place in places if place.id not in found]
    decisions = decide(
        lead_ids=[place.lead_id for place in left],
        channel=Channel.VOICE,
        purpose=Purpose.OUTREACH,
        at=context.now,
        windows=context.schedule.window,
    )
    for place in left:
        if decisions[place.lead_id].verdict != Verdict.ALLOW:
            found[place.id] = _not_allowed(step, decisions[place.lead_id], context)
    found |= _calls(step, [place for place in left if place.id not in found], decisions, context)
    return [found[place.id] for place in places]


def _not_allowed(step: Step, decision: Decision, context: Context) -> Outcome:
    """Wait until the lead may be called. If that is never, skip the step, or stop where there is no other way."""
    if decision.verdict == Verdict.DEFER and decision.until is not None:
        return Wait(decision.until, decision.reasons[0].code, decision.sentence())
    metadata = {"decision": decision.as_json()}
    others = {channel_of(each.type) for each in context.graph.steps} - {None, Channel.VOICE}
    stops = step.config.get("if_refused", "skip" if others else "stop") == "stop"
    if stops or any(reason.code in GONE for reason in decision.reasons):
        return End(
            EnrolmentStatus.STOPPED, EnrolmentReason.REFUSED, decision.sentence(), ActivityStatus.SKIPPED, metadata
        )
    return Advance(call.SKIPPED, status=ActivityStatus.SKIPPED, metadata=metadata, error=decision.sentence())


def _calls(
    step: Step, places: Sequence[Place], decisions: Mapping[UUID, Decision], context: Context
) -> dict[UUID, Outcome]:
    """Ask for the calls, each with what the agent is told about the lead."""
    if not places:
        return {}
    rows = list(CampaignLead.objects.filter(pk__in=[place.id for place in places]))
    texts = render_step(step, contexts(enrolments_or_leads=rows, campaign=context.campaign, now=context.now))
    found: dict[UUID, Outcome] = {}
    for place in places:
        text = texts.get(place.id)
        if text is None:
            found[place.id] = End(EnrolmentStatus.STOPPED, EnrolmentReason.LEAD_DELETED)
        elif isinstance(text, MissingVariables):
            names = ", ".join(text.names)
            found[place.id] = Wait(context.now + MISSING_RETRY, EnrolmentReason.MISSING_VARIABLE, names)
        elif isinstance(text, TemplateError):
            found[place.id] = Wait(context.now + TEMPLATE_RETRY, EnrolmentReason.BAD_TEMPLATE, str(text))
        else:
            decision = decisions[place.lead_id].as_json()
            found[place.id] = Ring(step.config["agent_id"], text.body, decision)
    return found
