"""Take calls that come in into the same log as those that LAD places, with the number's agent and the caller's lead."""

from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F

from lad import phones, writes
from lad.phones import NO_NUMBER, Phone
from lad.tenancy.context import platform_context, tenant_context
from lad.tenancy.countries import country_of
from leads.contacts.models import Lead
from voice.agents.models import VoiceAgent
from voice.agents.services.versions import published_versions
from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import CarrierEvent
from voice.dialer import hooks
from voice.inbound.models import InboundCall
from voice.numbers.models import NumberStatus, VoiceNumber
from voice.statuses import CallStatus, Direction

SOURCE: Final = "inbound_call"


@hooks.finds_calls
def call_of(account: CarrierAccount, event: CarrierEvent, now: datetime) -> CallLog | None:
    """Return the inbound call that a carrier tells of: the one in the log, or a new one if somebody calls.

    Call it outside of any scope; it commits the call that it makes. Two events of a new call that arrive at once find
    the same one. Returns None for a call of none of the account's numbers.
    """
    if not event.reference:
        return None
    with platform_context():
        rows = InboundCall.objects.filter(carrier_account=account.pk, reference=event.reference)
        found = rows.select_related("call_log").first()
    if found is not None:
        return found.call_log
    if event.direction != Direction.INBOUND or not event.number:
        return None
    number = number_called(account, event.number)
    if number is None:
        return None
    with tenant_context(number.tenant_id), transaction.atomic():
        return _begin(account, event, number, _caller(event.other_number, number))


def number_called(account: CarrierAccount, text: str) -> VoiceNumber | None:
    """Return the number that was called: the account's tenant's, or for LAD's own account one that calls through it.

    Of several tenants that entered the same number, the first one has it: nobody takes another's calls by entering
    their number too.
    """
    try:
        phone = phones.parse(text)
    except ValidationError:
        return None
    with platform_context():
        rows = VoiceNumber.objects.filter(
            country_code=phone.country_code, base_number=phone.base_number, leading_zeros=phone.leading_zeros
        ).select_related("default_agent")
        own = {"tenant": account.tenant_id} if account.tenant_id is not None else {"carrier_account": account.pk}
        found: VoiceNumber | None = rows.filter(**own).order_by("created_at", "pk").first()
    return found


def agent_for(number: VoiceNumber) -> VoiceAgent | None:
    """Return the agent that answers a number, or None where nobody is to."""
    rules = number.metadata.get("rules") or {}
    if number.status != NumberStatus.ACTIVE or rules.get("inbound") is False:
        return None
    agent: VoiceAgent | None = number.default_agent
    return agent if agent is not None and agent.deleted_at is None else None


def _begin(account: CarrierAccount, event: CarrierEvent, number: VoiceNumber, caller: Phone) -> CallLog:
    """Write a new call into the log. The carrier's name of it is locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"inbound:{account.pk}:{event.reference}"]
        )
    known = InboundCall.objects.filter(carrier_account=account.pk, reference=event.reference)
    found = known.select_related("call_log").first()
    if found is not None:
        return found.call_log
    agent = agent_for(number)
    values: dict[str, Any] = {
        "phone": caller,
        "direction": Direction.INBOUND,
        "status": CallStatus.PENDING,
        # Who withholds the number is nobody in particular.
        "lead": lead_of(caller) if caller.is_known else None,
        "agent": agent,
        "agent_version": published_versions([agent])[agent.pk] if agent is not None else None,
        "from_number": number,
    }
    call = writes.create(CallLog, values)
    InboundCall.objects.create(call_log=call, carrier_account=account, reference=event.reference)
    return call


def lead_of(caller: Phone) -> Lead:
    """Return the tenant's lead with this number, the one that was active last, or a new one."""
    rows = Lead.objects.filter(phone=caller.e164).order_by("is_archived", F("last_activity_at").desc(nulls_last=True))
    return rows.first() or writes.create(Lead, {"phone": caller.e164, "source": SOURCE})


def _caller(text: str, number: VoiceNumber) -> Phone:
    """Return the caller's number, read in the tenant's country, or NO_NUMBER if it is withheld or cannot be called."""
    try:
        return phones.parse(text, "" if phones.is_international(text) else country_of(number.tenant_id))
    except ValidationError:
        return NO_NUMBER
