"""Start one call: to a lead, or to a number, whose lead is found or made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from lad import phones, writes
from lad.errors import Conflict, Invalid
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.types import Actor
from leads.channels import Channel
from leads.contactability.decisions import Decision, ReasonCode, Verdict
from leads.contactability.models import Purpose
from leads.contactability.services import decide
from leads.contacts.models import Lead
from voice.agents.models import VoiceAgent
from voice.agents.services.defaults import with_defaults
from voice.agents.services.usable import AGENT_MISSING, check_usable
from voice.calls.models import CallLog
from voice.dialer.models import CallPlacement, PlacementState
from voice.dialer.services import start_call
from voice.numbers import destinations
from voice.numbers.models import VoiceNumber

SOURCE: Final = "call"
# Calls to one number that are planned closer together are one.
APART: Final = timedelta(minutes=15)


class CallNotAllowed(Conflict):
    """This lead may not be called."""

    code = "call_not_allowed"


class CallUnderWay(Conflict):
    """A call to this number is under way or waits for its turn. See how that one ends first."""

    code = "call_under_way"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who calls, and what about. Without an agent it is the user's default one, and without ``number`` as well.

    ``chooses_number`` lets the dialer choose the number instead. ``due_at`` is when to call; None means now.
    """

    agent: VoiceAgent | None = None
    number: VoiceNumber | None = None
    chooses_number: bool = False
    context: str = ""
    purpose: str = Purpose.OUTREACH
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StartedCall:
    """A call that was asked for. ``waits`` says why it is not made at once, in a sentence."""

    call: CallLog
    waits: str = ""


@writes.in_transaction
def call_lead(*, lead: Lead, wish: Wish, phone: str = "", actor: Actor, now: datetime | None = None) -> StartedCall:
    """Ask for a call to a lead, at its own number or another one, and return it. The dialer makes it.

    Somebody who may be called later is called then. Raises Invalid without an agent or a valid number, NotPermitted,
    CallNotAllowed with the reason, and CallUnderWay, so that a request that is sent twice calls once.
    """
    now = now or timezone.now()
    # Whoever asks for another call to this lead waits, and then finds this one.
    Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    agent, number = _chosen(wish, actor)
    to_phone = _number(phone or lead.phone, "phone")
    at = max(now, wish.due_at or now)
    decision = decision_for(lead.pk, purpose=wish.purpose, at=at)
    if decision.verdict == Verdict.REFUSE and not (phone and _lacks_number_only(decision)):
        raise CallNotAllowed(decision.sentence())
    waits = decision.sentence() if decision.verdict == Verdict.DEFER else ""
    due_at = decision.until if waits else wish.due_at
    _require_no_other(to_phone, at=due_at or now)
    call = start_call(
        lead=lead,
        to_phone=to_phone,
        agent=agent,
        number=number,
        context=wish.context,
        purpose=wish.purpose,
        actor=actor,
        due_at=due_at,
        decision=decision if waits and wish.due_at is None else None,
    )
    return StartedCall(call, waits)


@writes.in_transaction
def call_number(*, phone: str, name: str = "", wish: Wish, actor: Actor) -> StartedCall:
    """Ask for a call to a number, and return it. Its lead is the first that has it, or a new one with that name.

    Raises what ``call_lead`` raises.
    """
    to_phone = _number(phone, "phone")
    rows = Lead.objects.filter(tenant=current_tenant_id(), phone=to_phone, is_archived=False)
    lead = rows.order_by("created_at").first() or _new_lead(to_phone, name, actor)
    return call_lead(lead=lead, wish=wish, phone=to_phone, actor=actor)


def decision_for(lead_id: UUID, *, purpose: str, at: datetime) -> Decision:
    """Return whether a lead of the current tenant may be called at a time."""
    found: Mapping[UUID, Decision] = decide(lead_ids=[lead_id], channel=Channel.VOICE, purpose=Purpose(purpose), at=at)
    return found[lead_id]


def _lacks_number_only(decision: Decision) -> bool:
    return [each.code for each in decision.reasons] == [ReasonCode.NO_ADDRESS]


def _require_no_other(to_phone: str, *, at: datetime) -> None:
    rows = CallPlacement.objects.filter(to_phone=to_phone, tenant=current_tenant_id())
    rows = rows.exclude(state=PlacementState.SETTLED).filter(entry__isnull=True)
    if rows.filter(
        Q(due_at__isnull=True) | Q(due_at__lt=at + APART), Q(due_at__isnull=True) | Q(due_at__gt=at - APART)
    ).exists():
        raise CallUnderWay


def _chosen(wish: Wish, actor: Actor) -> tuple[VoiceAgent, VoiceNumber | None]:
    values: dict[str, Any] = {}
    if wish.agent is not None:
        values["agent"] = wish.agent
    if wish.number is not None or wish.chooses_number:
        values["from_number"] = wish.number
    values = with_defaults(values, actor)
    agent, number = values.get("agent"), values.get("from_number")
    if agent is None:
        raise Invalid(errors={"agent": [AGENT_MISSING]})
    check_usable(agent=agent, number=number, voice=None, actor=actor)
    return agent, number


def _number(text: str, name: str) -> str:
    if not text.strip():
        raise Invalid(errors={name: ["The lead has no telephone number. Enter one."]})
    try:
        number = phones.normalise(text, "" if phones.is_international(text) else country_of(current_tenant_id()))
    except ValidationError as error:
        raise Invalid(errors={name: error.messages}) from error
    if refusal := destinations.check(number):
        raise Invalid(errors={name: [refusal.detail]})
    return number


def _new_lead(phone: str, name: str, actor: Actor) -> Lead:
    first, _space, last = name.strip().partition(" ")
    values = {"phone": phone, "first_name": first[:100], "last_name": last.strip()[:100], "source": SOURCE}
    return writes.create(Lead, values, actor=actor)
