"""Answer a conversation on the channel and from the account on which the other side wrote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, EmailAccount, LinkedinAccount, TemplateStatus, WhatsappTemplate
from campaigns.inbox.models import Conversation
from campaigns.inbox.services import handling
from campaigns.inbox.services.ways import Way, ways
from campaigns.messages.models import Message
from campaigns.messages.services import Draft, queue
from campaigns.messages.templated import filled_template, write_with_template
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.errors import Conflict, Invalid
from lad.types import Actor
from leads.channels import Channel
from leads.contacts.models import Lead
from tenants.accounts.models import User

# {{1}} or {{first_name}} in an approved template.
VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# The longest text that each network takes.
LONGEST: Final[Mapping[str, int]] = {
    Channel.LINKEDIN: 8_000,
    Channel.WHATSAPP: 4_096,
    Channel.SMS: 1_600,
    Channel.WEB: 1_000,
}


class NotALead(Conflict):
    """This person is no lead yet. Make them a lead first, or choose the lead that they are."""

    code = "not_a_lead"


class CannotAnswer(Conflict):
    """There is no account from which this conversation can be answered."""

    code = "cannot_answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. ``way`` names a channel and account, empty for the one on which the other side wrote last.

    A template gives what is left empty. WhatsApp's window being closed, only ``whatsapp_template`` with its
    ``variables`` is sent.
    """

    body: str = ""
    subject: str = ""
    way: str = ""
    template: CommunicationTemplate | None = None
    whatsapp_template: WhatsappTemplate | None = None
    variables: Sequence[str] = ()
    attachment_ids: Sequence[UUID] = ()
    close: bool = False


@writes.in_transaction
def reply(*, conversation: Conversation, given: Reply, actor: Actor) -> Message:
    """Queue an answer and return it. Who answers takes the conversation over if nobody has it, and has read it.

    Raises NotALead, CannotAnswer, LeadNotToBeContacted, or Invalid with the field.
    """
    if conversation.lead is None:
        raise NotALead
    way = chosen_way(conversation, given.way)
    send = _by_email if way.channel == Channel.EMAIL else _by_network
    message = send(conversation.lead, way, given, actor)
    if conversation.assigned_to_id is None and isinstance(actor, User):
        handling.assign(ids=[conversation.pk], user=actor, actor=actor)
    if given.close:
        handling.close(ids=[conversation.pk], actor=actor)
    else:
        handling.mark_read(ids=[conversation.pk], actor=actor)
    return message


def chosen_way(conversation: Conversation, key: str) -> Way:
    """Return the way that is named, or the one on which the other side wrote last. Raises Invalid or CannotAnswer."""
    found = ways(conversation, now=timezone.now())
    if not found:
        raise CannotAnswer
    way = next((each for each in found if each.key == key), None) if key else found[0]
    if way is None:
        raise Invalid(errors={"way": ["Choose one of the accounts through which you have written to each other."]})
    if way.problem:
        raise CannotAnswer(way.problem)
    return way


def _by_email(lead: Lead, way: Way, given: Reply, actor: Actor) -> Message:
    assert isinstance(way.account, EmailAccount)
    return write_with_template(
        lead=lead,
        actor=actor,
        subject=given.subject,
        body=given.body,
        account=way.account,
        template=given.template,
        answers=way.answers,
        attachment_ids=given.attachment_ids,
    )


def _by_network(lead: Lead, way: Way, given: Reply, actor: Actor) -> Message:
    if given.attachment_ids:
        raise Invalid(errors={"attachments": ["Files are sent by e-mail only."]})
    body, metadata = _words(lead, way, given)
    longest = LONGEST.get(way.channel, LONGEST[Channel.WEB])
    if not body.strip():
        raise Invalid(errors={"body": ["Write a text."]})
    if len(body) > longest:
        raise Invalid(errors={"body": [f"{way.channel_name} takes at most {longest:,} letters."]})
    account, decision = way.account, way.decision
    [key] = queue(
        [
            Draft(
                lead_id=lead.pk,
                channel=way.channel,
                subject="",
                body=body,
                purpose=way.purpose,
                due_at=decision.until if decision is not None else None,
                answers_id=way.answers.pk if way.answers is not None else None,
                decision=decision.as_json() if decision is not None else None,
                metadata=metadata,
                created_by_user_id=actor.pk if actor is not None else None,
                linkedin_account_id=account.pk if isinstance(account, LinkedinAccount) else None,
                channel_account_id=account.pk if isinstance(account, ChannelAccount) else None,
            )
        ]
    )
    message: Message = Message.objects.get(pk=key)
    return message


def _words(lead: Lead, way: Way, given: Reply) -> tuple[str, dict[str, Any] | None]:
    """Return the text, and what the sender of WhatsApp needs besides. Raises Invalid."""
    if given.whatsapp_template is not None:
        return _approved(way, given.whatsapp_template, given.variables)
    if way.needs_template:
        message = "They wrote more than 24 hours ago, so WhatsApp takes an approved template only. Choose one."
        raise Invalid(errors={"whatsapp_template": [message]})
    body = given.body
    if given.template is not None and not body.strip():
        if given.template.channel != way.channel:
            raise Invalid(errors={"template": [f"Choose a template for {way.channel_name}."]})
        body = filled_template(given.template, lead).body
    return body, None


def _approved(way: Way, template: WhatsappTemplate, variables: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the text of an approved template, and the template as the sender names it. Raises Invalid."""
    errors: dict[str, list[str]] = {}
    if template.channel_account_id != way.account.pk:
        errors["whatsapp_template"] = [f"Choose a template of {way.account_name}."]
    elif template.status != TemplateStatus.APPROVED:
        errors["whatsapp_template"] = [f"WhatsApp has not approved this template: {template.get_status_display()}."]
    filled = [each.strip() for each in variables]
    if len(filled) != template.variables or not all(filled):
        errors["variables"] = [f"This template has {template.variables} variables. Fill in each."]
    if errors:
        raise Invalid(errors=errors)
    known = {"template": template.name, "language": template.language, "variables": filled}
    return _with_values(template.body, filled), known


def _with_values(body: str, values: Sequence[str]) -> str:
    """Return the text of an approved template with its variables filled in, in the order in which they come."""
    names = list(dict.fromkeys(VARIABLE.findall(body)))
    by_name = dict(zip(names, values, strict=False))
    return VARIABLE.sub(lambda found: by_name.get(found[1], found[0]), body)
