"""Fill the texts of a step for each lead, or say why they cannot be filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.design.graph import Step
from campaigns.design.step_specs import step_types
from campaigns.engine.acting import Outcomes, skipped
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import End, Outcome, Place, Wait
from campaigns.enrolment.models import EnrolmentStatus
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import Context as Values
from campaigns.templates.contexts import contexts, enrolments
from campaigns.templates.rendering import MessageTexts, MissingVariables, RenderedMessage, render
from campaigns.templates.texts import render_step

Account = EmailAccount | LinkedinAccount | ChannelAccount

MISSING_RETRY: Final = timedelta(days=1)
TEMPLATE_RETRY: Final = timedelta(hours=1)
TOO_LONG: Final = (
    "Filled in for the lead, the text has {many:,} characters, and at most {most:,} are taken. Shorten it."
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said to one lead, and what the channel's driver must know besides."""

    body: str = ""
    subject: str = ""
    html: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Prepared:
    """The words for each enrolment, and what becomes of those that have none."""

    words: dict[UUID, Words] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=dict)


def values_of(places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> dict[UUID, Values]:
    """Return the values that fill the texts, by enrolment. Leads that are gone are left out."""
    rows = enrolments(place.id for place in places)
    return contexts(
        enrolments_or_leads=rows,
        account={row.pk: accounts[row.pk] for row in rows},
        campaign=context.campaign,
        now=context.now,
    )


def fill(
    step: Step, places: Sequence[Place], values: Mapping[UUID, Values], context: Context
) -> tuple[dict[UUID, RenderedMessage], Outcomes]:
    """Return the step's filled texts, and what becomes of those for whom they cannot be filled."""
    filled: dict[UUID, RenderedMessage] = {}
    problems: Outcomes = {}
    longest = step_types.get(step.type).max_length
    for key, written in render_step(step, values).items():
        if not isinstance(written, RenderedMessage):
            problems[key] = unfilled(step, written, context.now)
        elif longest and len(written.body) > longest:
            why = TOO_LONG.format(many=len(written.body), most=longest)
            problems[key] = Wait(context.now + TEMPLATE_RETRY, EnrolmentReason.BAD_TEMPLATE, why)
        else:
            filled[key] = written
    return filled, problems | gone(places, values)


def fill_text(step: Step, text: str, values: Values, context: Context) -> str | Outcome:
    """Return one text of a setting filled, or what becomes of the enrolment if it cannot be."""
    try:
        return render(MessageTexts(body=text, seed=str(step.id)), values).body
    except (MissingVariables, TemplateError) as error:
        return unfilled(step, error, context.now)


def gone(places: Sequence[Place], values: Mapping[UUID, Values]) -> Outcomes:
    """End the enrolments whose leads do not exist any more."""
    missing = [place for place in places if place.id not in values]
    return {place.id: End(EnrolmentStatus.STOPPED, EnrolmentReason.LEAD_DELETED) for place in missing}


def unfilled(step: Step, error: MissingVariables | TemplateError, now: datetime) -> Outcome:
    """Return what becomes of an enrolment whose text cannot be filled: it waits, or skips the step."""
    if isinstance(error, TemplateError):
        return Wait(now + TEMPLATE_RETRY, EnrolmentReason.BAD_TEMPLATE, str(error))
    if step.config.get("if_missing") == "skip":
        return skipped(str(error), {"missing": list(error.names)})
    return Wait(now + MISSING_RETRY, EnrolmentReason.MISSING_VARIABLE, ", ".join(error.names))
