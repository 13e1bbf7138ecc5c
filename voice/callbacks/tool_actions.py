"""The tools that LAD offers its agents."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

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
from leads.contactability.whereabouts import whereabouts
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from voice.analysis.models import CallAnalysis, CallOutcome
from voice.analysis.reading import calendar, clock
from voice.analysis.reading.words import Turn
from voice.callbacks.tools import Asked, tool
from voice.calls.models import CallLog
from voice.follow_ups import agreed

SOURCE: Final = "Call"
NO_LEAD: Final = "This is not possible: nobody knows who is on the telephone."
NO_TIME: Final = "This time was not understood. Ask for the day and the time of day."
PAST: Final = "This time has passed. Ask for a later one."
NOT_BOOKED: Final = "This time cannot be booked. Offer another one."
NO_ADDRESS: Final = "There is no e-mail address of this person."
NO_TEMPLATE: Final = "There is no such e-mail."
CANNOT_SEND: Final = "This e-mail cannot be sent. Somebody will follow up."


@tool("do_not_call_again", "Do not call again")
def do_not_call_again(asked: Asked) -> str:
    """Put the person on the do-not-contact list, with the number that was called."""
    call = asked.call
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


@tool("book_slot", "Book a time")
def book_slot(asked: Asked) -> str:
    """Book a meeting at the time that the person agreed to, in their zone."""
    return _agree(asked, CallOutcome.MEETING_BOOKED)


@tool("call_back", "Agree on another call")
def call_back(asked: Asked) -> str:
    """Book another call at the time that the person named, in their zone."""
    return _agree(asked, CallOutcome.CALLBACK)


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


def _agree(asked: Asked, outcome: CallOutcome) -> str:
    """Book what was agreed on during the call. Its analysis moves the same booking, should it read another time."""
    call = asked.call
    if call.lead is None:
        return NO_LEAD
    zone = _zone_of(call)
    moment = _moment(asked, zone)
    if moment is None or moment <= asked.now:
        return NO_TIME if moment is None else PAST
    heard = CallAnalysis(
        tenant_id=call.tenant_id, call_log=call, outcome=outcome, follow_up_at=moment, follow_up_zone=str(zone)
    )
    booking = agreed.keep(call, heard, call.lead, now=asked.now)
    if booking is None:
        return _as_it_is(call, zone)
    return f"Booked for {_spoken(booking.scheduled_at, zone)}."


def _as_it_is(call: CallLog, zone: ZoneInfo) -> str:
    """Return what is booked for the call already, if anything is."""
    row = agreed.booking_of(call)
    return f"It is booked for {_spoken(row.scheduled_at, zone)}." if row is not None and row.is_open else NOT_BOOKED


def _moment(asked: Asked, zone: ZoneInfo) -> datetime | None:
    """Return the moment that the agent names: by its start, or by a day and a time as they are said."""
    start = asked.text("start", "at")
    if start:
        try:
            found = datetime.fromisoformat(start)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=zone)
    day, time = asked.text("day", "date"), asked.text("time", "hour")
    try:
        return datetime.fromisoformat(f"{day} {time}".strip()).replace(tzinfo=zone)
    except ValueError:
        pass
    language = asked.call.agent.language if asked.call.agent is not None else "en"
    for known in dict.fromkeys((language, "en")):
        told = clock.find(Turn.of(0, "person", f"{day} {time}"), known)
        moment = calendar.resolve(told[-1], asked.now.astimezone(zone)) if told else None
        if moment is not None:
            return moment
    return None


def _zone_of(call: CallLog) -> ZoneInfo:
    """Return the zone of whoever is on the telephone."""
    tenant_zone = Tenant.objects.values_list("timezone", flat=True).get(pk=call.tenant_id)
    location = call.lead.location if call.lead is not None else ""
    return whereabouts(str(call.phone.e164), location or "", tenant_zone=tenant_zone).zones[0]


def _spoken(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%A, %d %B at %H:%M}"


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
