"""Write a message to a lead from a template."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from campaigns.accounts.models import EmailAccount
from campaigns.messages.models import Message
from campaigns.messages.writing import write
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import contexts
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.rendering import MissingVariables, RenderedMessage, render
from campaigns.templates.texts import texts_of_template
from lad.errors import Invalid
from lad.types import Actor
from leads.contacts.models import Lead


def write_with_template(
    *,
    lead: Lead,
    actor: Actor,
    subject: str = "",
    body: str = "",
    html: str = "",
    account: EmailAccount | None = None,
    template: CommunicationTemplate | None = None,
    answers: Message | None = None,
    attachment_ids: Sequence[UUID] = (),
    due_at: datetime | None = None,
) -> Message:
    """Queue an e-mail from a user to a lead. A template gives what is left empty: the subject, or the text.

    Raises what ``write`` raises, and Invalid if the template cannot be filled for the lead.
    """
    if template is not None:
        filled = filled_template(template, lead, account)
        subject = subject.strip() or filled.subject
        if not body.strip() and not html.strip():
            body, html = filled.body, filled.html
    return write(
        lead=lead,
        subject=subject,
        body=body,
        html=html,
        actor=actor,
        account=account,
        answers=answers,
        attachment_ids=attachment_ids,
        due_at=due_at,
    )


def filled_template(
    template: CommunicationTemplate, lead: Lead, account: EmailAccount | None = None
) -> RenderedMessage:
    """Return the template's texts for a lead. Raises Invalid if it cannot be filled for the lead."""
    values = contexts(enrolments_or_leads=[lead], account=account)
    try:
        return render(texts_of_template(template), values[lead.pk])
    except (MissingVariables, TemplateError) as error:
        raise Invalid(errors={"template": [str(error)]}) from error
