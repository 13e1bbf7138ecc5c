"""Tools of agents: never call again, send an e-mail, hand the call over. Bookings are made by the follow-ups."""

from typing import Any, Final

from django.db.models import F, Q

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE
from campaigns.messages.services import Draft, queue
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import contexts
from campaigns.templates.models import CommunicationTemplate
from campaigns.templates.rendering import MissingVariables, render
from campaigns.templates.texts import texts_of_template
from lad.tenancy.context import current_tenant_id
from leads.channels import Channel
from leads.contactability.models import Purpose, SuppressionReason
from leads.contactability.services import suppress
from leads.contacts.models import Lead
from voice.callbacks.tools import Asked, tool
from voice.calls.models import CallLog

SOURCE: Final = "Call"
NO_LEAD: Final = "This is not possible: nobody knows who is on the telephone."
UNKNOWN: Final = "Your number is not shown, so nobody here can call it."
NO_ADDRESS: Final = "There is no e-mail address of this person."
NO_TEMPLATE: Final = "There is no such e-mail."
CANNOT_SEND: Final = "This e-mail cannot be sent. Somebody will follow up."


@tool("do_not_call_again", "Do not call again")
def do_not_call_again(asked: Asked) -> str:
    """Put the person on the do-not-contact list, with the number that was called."""
    call = asked.call
    if not call.phone.is_known and call.lead is None:
        return UNKNOWN
    evidence = {"call_id": str(call.pk), "words": asked.text("words", "reason")[:500]}
    suppress(
        lead=call.lead,
        address=str(call.phone.e164),
        channel=Channel.VOICE,
        reason=SuppressionReason.UNSUBSCRIBED,
        source=SOURCE,
        evidence=evidence,
    )
    return "This number is on the do-not-contact list now and will not be called again."


@tool("send_email", "Send an e-mail")
def send_email(asked: Asked) -> str:
    """Send the person the e-mail that they agreed to. It is an answer, so that it needs no other consent."""
    lead = asked.call.lead
    if lead is None or not lead.email:
        return NO_LEAD if lead is None else NO_ADDRESS
    account = _account_for(lead)
    template = _template(asked.text("template"), asked.call)
    if template is None or account is None:
        return NO_TEMPLATE if template is None else CANNOT_SEND
    context = contexts(enrolments_or_leads=[lead], account=account, now=asked.now)[lead.pk]
    try:
        message = render(texts_of_template(template, language=context.language), context)
    except (MissingVariables, TemplateError):
        return CANNOT_SEND
    queue(
        [
            Draft(
                lead.pk,
                Channel.EMAIL,
                message.subject,
                message.body,
                html=message.html,
                email_account_id=account.pk,
                purpose=Purpose.SERVICE,
                metadata={"call_id": str(asked.call.pk)},
            )
        ]
    )
    return f"The e-mail is on its way to {lead.email}."


@tool("transfer_call", "Hand the call over")
def transfer_call(asked: Asked) -> str:
    """Keep that the call was handed over. The agent's worker moves the person on the line itself."""
    return "It is noted that the call is handed over."


def _template(key: str, call: CallLog) -> CommunicationTemplate | None:
    """Return the e-mail with this key: the tenant's before the shared one, the agent's own before one for all."""
    rows: Any = CommunicationTemplate.objects.filter(
        Q(agent_id=None) | Q(agent_id=call.agent_id), channel=Channel.EMAIL, template_key=key, is_active=True
    ).exclude(category="snippet")
    ordered = rows.order_by(F("tenant").asc(nulls_last=True), F("agent_id").asc(nulls_last=True), "language")
    found: CommunicationTemplate | None = ordered.first()
    return found


def _account_for(lead: Lead) -> EmailAccount | None:
    """Return the mailbox of whoever looks after the lead, or else any of the tenant that can send."""
    rows = EmailAccount.objects.filter(tenant=current_tenant_id(), is_active=True, status__in=USABLE)
    usable = list(rows.exclude(smtp_host="").order_by("created_at"))
    own = (each for each in usable if each.user_id is not None and each.user_id == lead.assigned_user_id)
    return next(own, usable[0] if usable else None)
