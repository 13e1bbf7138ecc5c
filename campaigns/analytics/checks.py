"""The checks that stand before a message, each asked of the function that the engine or the sender asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.urls import reverse

from campaigns.design.models import Campaign, CampaignStatus, CampaignStep
from campaigns.design.step_specs import step_types
from campaigns.engine.handlers import can_do
from campaigns.enrolment.models import OPEN_ENROLMENTS, CampaignLead
from campaigns.enrolment.wording import reason_in_words
from campaigns.messages.models import Message, MessageState
from campaigns.messages.wording import about
from lad.times import written
from leads.contactability.decisions import Decision, ReasonCode, Verdict


class Answer(StrEnum):
    """The answer of a check. ``waits`` ends by itself; ``no`` needs somebody."""

    YES = "yes"
    WAITS = "waits"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Check:
    """One check with its answer, in words, and what to do about it. ``until`` is when a wait ends, if that is known."""

    key: str
    title: str
    answer: Answer
    text: str
    advice: str = ""
    until: datetime | None = None
    url: str = ""


# What to do about a decision of contactability.
CONTACT_ADVICE: Final = {
    ReasonCode.LEAD_MISSING: "",
    ReasonCode.LEAD_ARCHIVED: "Restore the lead from the archive.",
    ReasonCode.NO_ADDRESS: "Add it to the lead.",
    ReasonCode.SUPPRESSED: "Lift the do-not-contact entry if the lead agrees.",
    ReasonCode.COMPANY_SUPPRESSED: "Lift the do-not-contact entry of the company if it agrees.",
    ReasonCode.CONSENT_WITHDRAWN: "Record a new consent if the lead gives one.",
    ReasonCode.CONSENT_MISSING: "Record the lead’s consent, or change the contact policy.",
    ReasonCode.NO_OPEN_TIME: "",
}
STOPPED: Final = {
    CampaignStatus.DRAFT: "Start it.",
    CampaignStatus.PAUSED: "Resume it.",
    CampaignStatus.COMPLETED: "Duplicate it and enrol the leads in the copy.",
    CampaignStatus.STOPPED: "Duplicate it and enrol the leads in the copy.",
    CampaignStatus.ARCHIVED: "Duplicate it and enrol the leads in the copy.",
}


def campaign_check(campaign: Campaign, now: datetime) -> Check:
    """Is the campaign running?"""
    if campaign.status != CampaignStatus.RUNNING:
        status = CampaignStatus(campaign.status)
        reason = f" {campaign.last_execution_reason}" if campaign.last_execution_reason else ""
        what = "a draft" if status == CampaignStatus.DRAFT else status.label.lower()
        text = f"The campaign is {what}.{reason}"
        return Check("campaign", "Campaign", Answer.NO, text, STOPPED[status])
    if campaign.starts_at and campaign.starts_at > now:
        text = f"The campaign begins on {written(campaign.starts_at)}."
        return Check("campaign", "Campaign", Answer.WAITS, text, until=campaign.starts_at)
    return Check("campaign", "Campaign", Answer.YES, "The campaign is running.")


def enrolment_check(enrolment: CampaignLead | None, lead: str) -> Check:
    """Is the lead enrolled, and has the enrolment not ended?"""
    if enrolment is None:
        return Check(
            "enrolment", "Enrolment", Answer.NO, f"{lead} is not enrolled in this campaign.", "Enrol the lead."
        )
    url = reverse("admin:campaigns_campaignlead_change", args=(enrolment.pk,))
    if enrolment.status in OPEN_ENROLMENTS:
        return Check("enrolment", "Enrolment", Answer.YES, "The enrolment is open.", url=url)
    why = f": {reason_in_words(enrolment.reason, lead)}" if enrolment.reason else ""
    text = f"The enrolment has ended ({enrolment.get_status_display().lower()}){why}."
    return Check("enrolment", "Enrolment", Answer.NO, text, url=url)


def step_check(step: CampaignStep | None) -> Check:
    """Does the next step send something, and can LAD do it?"""
    if step is None:
        return Check("step", "Step", Answer.YES, "The lead has not come to the first step yet.")
    url = reverse("admin:campaigns_campaignstep_change", args=(step.pk,))
    if not can_do(step.type):
        text = f"LAD cannot do the next step, “{step.title}”, yet: its channel is not connected."
        return Check("step", "Step", Answer.NO, text, "Replace or remove the step.", url=url)
    if not step_types.get(step.type).reaches_lead:
        text = f"The next step, “{step.title}”, sends nothing: {step.get_type_display().lower()}."
        return Check("step", "Step", Answer.YES, text, url=url)
    return Check("step", "Step", Answer.YES, f"The next step is “{step.title}”.", url=url)


def due_check(enrolment: CampaignLead, lead: str, now: datetime) -> Check:
    """Is it the enrolment's turn?"""
    at, reason = enrolment.next_action_at, enrolment.reason
    why = f": {reason_in_words(reason, lead)}" if reason else ""
    if at is not None and at > now:
        return Check("due", "Due time", Answer.WAITS, f"It waits until {written(at)}{why}.", until=at)
    if at is None and reason:
        return Check("due", "Due time", Answer.WAITS, f"It waits{why}.")
    if at is None:
        return Check("due", "Due time", Answer.WAITS, "It waits for its turn to begin.")
    return Check("due", "Due time", Answer.YES, f"It has been due since {written(at)}.")


def contact_checks(decision: Decision, lead: str) -> Iterator[Check]:
    """May the lead be contacted now? One check for each reason against it."""
    if decision.allowed:
        yield Check("contact", "Permission to contact", Answer.YES, f"{lead} may be contacted now.")
    for reason in decision.reasons:
        deferred = decision.verdict == Verdict.DEFER
        text = about(reason.sentence(decision.channel), lead)
        if deferred and decision.until:
            text += f". Next: {decision.moment()}"
        yield Check(
            str(reason.code),
            "Permission to contact",
            Answer.WAITS if deferred else Answer.NO,
            f"{text[:1].upper()}{text[1:]}.",
            "" if deferred else CONTACT_ADVICE.get(ReasonCode(reason.code), ""),
            until=decision.until,
        )


def message_check(message: Message, lead: str, now: datetime) -> Check:
    """Was the message that was written sent?"""
    url = reverse("admin:campaigns_message_change", args=(message.pk,))
    name = f"“{message.subject}”" if message.subject else "The message"
    error = f" {message.error}" if message.error else ""
    state, at = MessageState(message.state), message.next_attempt_at
    title = "Message"
    if state == MessageState.SENT:
        sent = f" on {written(message.occurred_at)}" if message.occurred_at else ""
        return Check("message", title, Answer.YES, f"{name} was sent{sent}.", url=url)
    if state in (MessageState.FAILED, MessageState.CANCELLED):
        text = f"{name} was {'not sent' if state == MessageState.FAILED else 'cancelled'}.{error}"
        return Check("message", title, Answer.NO, text, "Open it to send it again.", url=url)
    if state == MessageState.UNKNOWN:
        text = f"It is not known whether {name} was sent.{error}"
        return Check(
            "message", title, Answer.WAITS, text, "LAD looks for it. If it is not found, decide yourself.", url=url
        )
    if state == MessageState.SENDING:
        return Check("message", title, Answer.WAITS, f"{name} is being sent.", url=url)
    if at is not None and at > now:
        return Check("message", title, Answer.WAITS, f"{name} waits until {written(at)}.{error}", until=at, url=url)
    return Check("message", title, Answer.YES, f"{name} is written and waits for its account.", url=url)
