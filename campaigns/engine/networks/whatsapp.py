"""WhatsApp: free text while the lead's last message is young, else a template that WhatsApp has approved."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from campaigns.accounts.models import ChannelAccount, WhatsappTemplate
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.design.graph import Step
from campaigns.design.step_specs import TEMPLATE
from campaigns.engine import words
from campaigns.engine.acting import left, skipped
from campaigns.engine.handlers import Context
from campaigns.engine.networks.linkedin import contacts
from campaigns.engine.outcomes import Outcome, Place, Wait
from campaigns.engine.words import TEMPLATE_RETRY, Account, Prepared, Words
from campaigns.enrolment.reasons import EnrolmentReason
from campaigns.templates import whatsapp
from campaigns.templates.contexts import Context as Values

# So long after the lead's last message WhatsApp takes free text.
WINDOW: Final = timedelta(hours=24)
OUTSIDE_WINDOW: Final = (
    "The lead has not written within 24 hours, so WhatsApp takes an approved template only, and the step names none."
)
NOT_APPROVED: Final = "WhatsApp has not approved the template “{name}” for {account}. Choose another one."


def write(step: Step, places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> Prepared:
    """Return the text or the template for each lead, by whether WhatsApp takes free text for it now."""
    values = words.values_of(places, accounts, context)
    prepared = Prepared(outcomes=words.gone(places, values))
    able = left(places, prepared.outcomes)
    open_to_text = _open_to_text(able, accounts, context)
    has_text = bool(step.config.get("message") or step.config.get(TEMPLATE))
    free = [place for place in able if has_text and place.id in open_to_text]
    if free:
        texts, problems = words.fill(step, free, {place.id: values[place.id] for place in free}, context)
        prepared.outcomes |= problems
        prepared.words |= {key: Words(text.body) for key, text in texts.items()}
    others = [place for place in able if place not in free]
    if others and not step.config.get("template"):
        prepared.outcomes |= {place.id: skipped(OUTSIDE_WINDOW) for place in others}
    elif others:
        _add_templates(prepared, step, others, accounts, values, context)
    return prepared


def _open_to_text(places: Sequence[Place], accounts: Mapping[UUID, Account], context: Context) -> set[UUID]:
    """Return the enrolments for which free text is taken. Numbers that are linked by their app have no such rule."""
    bound = [place for place in places if getattr(accounts[place.id], "provider", "") == WHATSAPP_CLOUD]
    known = contacts(bound, accounts)
    since = context.now - WINDOW
    closed = {
        place.id
        for place in bound
        if (contact := known.get(place.id)) is None
        or contact.last_inbound_at is None
        or contact.last_inbound_at <= since
    }
    return {place.id for place in places} - closed


def _add_templates(
    prepared: Prepared,
    step: Step,
    places: Sequence[Place],
    accounts: Mapping[UUID, Account],
    values: Mapping[UUID, Values],
    context: Context,
) -> None:
    name = str(step.config["template"])
    approved = whatsapp.approved(name)
    for place in places:
        account = accounts[place.id]
        row = whatsapp.in_language(
            [each for each in approved if _may_use(account, each)],
            str(step.config.get("language") or ""),
            values[place.id].language,
        )
        if row is None:
            why = NOT_APPROVED.format(name=name, account=account)
            until = context.now + TEMPLATE_RETRY
            prepared.outcomes[place.id] = Wait(until, EnrolmentReason.BAD_TEMPLATE, why)
            continue
        filled = _variables(step, values[place.id], context)
        if isinstance(filled, list):
            prepared.words[place.id] = _words(row, filled, account)
        else:
            prepared.outcomes[place.id] = filled


def _may_use(account: Account, template: WhatsappTemplate) -> bool:
    """Return whether the account sends the template: its own, or its words where it needs no approval."""
    is_bound = isinstance(account, ChannelAccount) and account.provider == WHATSAPP_CLOUD
    return not is_bound or template.channel_account_id == account.pk


def _words(row: WhatsappTemplate, variables: list[str], account: Account) -> Words:
    body = whatsapp.filled_body(row, variables)
    if getattr(account, "provider", "") != WHATSAPP_CLOUD:
        return Words(body)
    return Words(body, metadata={"template": row.name, "language": row.language, "variables": variables})


def _variables(step: Step, values: Values, context: Context) -> list[str] | Outcome:
    filled: list[str] = []
    for text in step.config.get("variables", ()):
        written = words.fill_text(step, str(text), values, context)
        if not isinstance(written, str):
            return written
        # WhatsApp takes neither line breaks nor several spaces in a variable.
        filled.append(" ".join(written.split()))
    return filled
