"""Text messages: they are charged by their segments, and very long ones are not sent."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from campaigns.design.graph import Step
from campaigns.design.step_types.sms_send import MAX_SEGMENTS
from campaigns.engine import words
from campaigns.engine.handlers import Context
from campaigns.engine.outcomes import Place, Wait
from campaigns.engine.words import TEMPLATE_RETRY, Account, Prepared, Words
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.sms_text import segments_of

TOO_MANY: Final = "Filled in for the lead, the text takes {many} segments, and at most {most} are sent. Shorten it."


def write(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Return the text for each lead, with the number of its segments."""
    values = words.values_of(places, accounts, context)
    texts, problems = words.fill(step, places, values, context)
    prepared = Prepared(outcomes=problems)
    for key, text in texts.items():
        segments = segments_of(text.body).count
        if segments > MAX_SEGMENTS:
            why = TOO_MANY.format(many=segments, most=MAX_SEGMENTS)
            prepared.outcomes[key] = Wait(context.now + TEMPLATE_RETRY, EnrolmentReason.BAD_TEMPLATE, why)
        else:
            prepared.words[key] = Words(text.body, metadata={"segments": segments})
    return prepared
