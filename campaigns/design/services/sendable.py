"""Find what is wrong with what a step says, before it is saved and before the campaign starts."""

from collections.abc import Iterator
from typing import Final

from campaigns.charging.units import takes_units
from campaigns.design.models import CampaignStep
from campaigns.design.step_specs import step_types
from campaigns.design.step_types.sms_send import MAX_SEGMENTS
from campaigns.sms_text import segments_of
from campaigns.templates import checking, whatsapp
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import sample_context
from campaigns.templates.rendering import MessageTexts, render_with_gaps
from campaigns.templates.services import problems_of_step
from campaigns.templates.texts import SendingStep, all_texts_of
from leads.channels import Channel

TOO_LONG: Final = "The text has {many:,} characters when it is filled in, and at most {most:,} are taken. Shorten it."
TOO_MANY: Final = (
    "The text takes {many} segments when it is filled in, and at most {most} are sent. Shorten it, or leave out letters"
    " that are not in the standard alphabet of text messages{letters}."
)


def problems(step: CampaignStep) -> list[str]:
    """Return what is wrong with the texts, the template and the settings of a step of a known type, as sentences."""
    found = problems_of_step(step)
    spec = step_types.get(step.type)
    if spec.channel == Channel.WHATSAPP:
        found += whatsapp.problems(step.config)
    if username := step.config.get("username"):
        found += [f"username: {each}" for each in checking.problems(MessageTexts(body=str(username)))]
    return found or list(_lengths(step))


@takes_units("sms_send")
def segments_of_step(step: SendingStep) -> int:
    """Return the most segments that the step's text takes for a usual lead; one if its template is gone."""
    try:
        return max((segments_of(text).count for text in filled_texts(step)), default=1)
    except TemplateError:
        return 1


def filled_texts(step: SendingStep) -> list[str]:
    """Return the step's texts, in each language, as a usual lead would get them. Raises TemplateError."""
    sample = sample_context()
    return [render_with_gaps(texts, sample)[0].body for texts in all_texts_of(step)]


def _lengths(step: CampaignStep) -> Iterator[str]:
    spec = step_types.get(step.type)
    if not spec.max_length and spec.channel != Channel.SMS:
        return
    try:
        texts = filled_texts(step)
    except TemplateError as error:
        yield str(error)
        return
    longest = max(texts, key=len, default="")
    if spec.max_length and len(longest) > spec.max_length:
        yield TOO_LONG.format(many=len(longest), most=spec.max_length)
    if spec.channel == Channel.SMS:
        cut = max((segments_of(text) for text in texts), key=lambda each: each.count)
        if cut.count > MAX_SEGMENTS:
            letters = f", such as {' '.join(cut.foreign[:5])}" if cut.foreign else ""
            yield TOO_MANY.format(many=cut.count, most=MAX_SEGMENTS, letters=letters)
