"""Services of the dialer: start a call, cancel calls, and wake whoever dials."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLead
from lad import phones, writes
from lad.errors import Invalid
from lad.tenancy.context import current_tenant_id
from lad.tenancy.countries import country_of
from lad.types import Actor, Values
from leads.bookings.models import LeadBooking
from leads.contactability.decisions import Decision
from leads.contactability.models import Purpose
from leads.contacts.models import Lead
from voice.agents.models import VoiceAgent
from voice.agents.services.permissions import require_use
from voice.agents.services.usable import faults_of
from voice.calls.models import CallLog
from voice.calls.services import record_call_status
from voice.carriers.outcomes import Outcome
from voice.dialer import hanging_up
from voice.dialer.candidates import CONTEXT, WANTED_NUMBER
from voice.dialer.ending import finish, lock_placement
from voice.dialer.models import CallPlacement, DialingPolicy, PlacementState
from voice.dialer.waking import wake
from voice.numbers import destinations
from voice.numbers.models import VoiceNumber
from voice.statuses import CallStatus

__all__ = ["calls_of_batch", "cancel_calls", "start_call", "wake"]

MAX_CONTEXT: Final = 20_000
NO_PHONE: Final = "Enter a number: the lead has none."
CANCELLED: Final = "The call was cancelled before it was placed."


@transaction.atomic
def start_call(
    *,
    lead: Lead | None,
    to_phone: str = "",
    agent: VoiceAgent,
    number: VoiceNumber | None = None,
    context: str = "",
    purpose: Purpose | str = Purpose.OUTREACH,
    actor: Actor,
    booking: LeadBooking | None = None,
    campaign_lead: CampaignLead | None = None,
    campaign_step: CampaignStep | None = None,
    due_at: datetime | None = None,
    decision: Decision | None = None,
) -> CallLog:
    """Let the dialer call a lead, or a number, as soon as it may; not before ``due_at``. Return the pending call.

    A ``decision`` is why it waits until then. It is called earlier if that no longer holds.

    ``to_phone`` is read in the tenant's country; empty means the lead's number. Without a ``number`` the tenant's
    numbers take turns. Whether the person may be called is asked when the call is placed: it waits, or is cancelled
    with the reason. Raises Invalid for a number that cannot be dialled, an agent or a number that cannot be used, and
    NotPermitted.
    """
    if number is not None or actor is not None:
        require_use(actor=actor, number=number, voice=agent.voice if agent.voice_id else None)
    _check(agent, number, context)
    phone = _phone(to_phone or (lead.phone if lead is not None else ""))
    metadata: dict[str, Any] = {CONTEXT: context} if context else {}
    if number is not None:
        metadata[WANTED_NUMBER] = str(number.pk)
    call = CallLog.objects.create(
        tenant_id=current_tenant_id(),
        initiated_by_user=actor,
        lead=lead,
        agent=agent,
        from_number=number,
        **phone.columns("to_"),
        campaign_id=campaign_lead.campaign_id if campaign_lead is not None else _campaign_of(campaign_step),
        campaign_lead=campaign_lead,
        campaign_step=campaign_step,
        metadata=metadata,
    )
    CallPlacement.objects.create(
        tenant_id=call.tenant_id,
        call_log=call,
        booking=booking,
        agent=agent,
        number=number,
        to_phone=phone.e164,
        purpose=str(purpose),
        due_at=due_at or timezone.now(),
        decision=decision.explained() if decision is not None else {},
    )
    wake()
    return call


def cancel_calls(calls: Iterable[CallLog], *, forced: bool = False, actor: Actor = None) -> list[CallLog]:
    """Cancel calls of the current tenant. Return those that were cancelled or are being ended.

    Calls that wait for their turn are cancelled at once. Those that ring or are ongoing go on, unless ``forced``: then
    they are hung up, which is tried again until they are over, and their record says how they really ended.
    """
    del actor  # The audit log names the scope's user.
    now = timezone.now()
    keys = sorted({call.pk for call in calls})
    return [call for key in keys if (call := _cancel(key, forced, now)) is not None]


@transaction.atomic
def _cancel(call_id: UUID, forced: bool, now: datetime) -> CallLog | None:
    placement = lock_placement(call_id)
    if placement is None:
        return _cancel_unplaced(call_id, now)
    if placement.state == PlacementState.QUEUED:
        return finish(placement, Outcome.CANCELLED, now=now, reason=CANCELLED, retry=False)
    if not placement.is_open or not forced:
        return None
    if placement.hang_up_asked_at is None:
        placement.hang_up_asked_at = now
        placement.save(update_fields=["hang_up_asked_at"])
    hanging_up.notifier.notify_on_commit()
    call: CallLog = placement.call_log
    return call


def _cancel_unplaced(call_id: UUID, now: datetime) -> CallLog | None:
    """Cancel a call that waits and that nobody placed, such as one that staff wrote by hand."""
    call = CallLog.objects.filter(pk=call_id, status=CallStatus.PENDING).first()
    if call is None:
        return None
    return record_call_status(call=call, status=CallStatus.CANCELLED, now=now, outcome=Outcome.CANCELLED)


def calls_of_batch(batch_id: UUID) -> Sequence[CallLog]:
    """Return the calls of a batch that wait for their turn or are under way."""
    rows = CallPlacement.objects.filter(batch=batch_id).exclude(state=PlacementState.SETTLED)
    return [each.call_log for each in rows.select_related("call_log")]


def _check(agent: VoiceAgent, number: VoiceNumber | None, context: str) -> None:
    errors = faults_of(agent, number)
    if len(context) > MAX_CONTEXT:
        errors["context"] = [f"The context is longer than {MAX_CONTEXT:,} characters."]
    if errors:
        raise Invalid(errors=errors)


def _phone(written: str) -> phones.Phone:
    if not written.strip():
        raise Invalid(errors={"to_phone": [NO_PHONE]})
    country = "" if phones.is_international(written) else country_of(current_tenant_id())
    try:
        phone = phones.parse(written, country)
    except ValidationError as error:
        raise Invalid(errors={"to_phone": error.messages}) from None
    refusal = destinations.check(phone.e164)
    if refusal is not None:
        raise Invalid(errors={"to_phone": [refusal.detail]})
    return phone


def _campaign_of(step: CampaignStep | None) -> UUID | None:
    return step.campaign_id if step is not None else None


class DialingPolicyWriter(writes.Writer[DialingPolicy]):
    """Writes a tenant's rules of dialling: what is kept for inbound calls leaves room for outbound ones."""

    def prepare(self, row: DialingPolicy | None, values: Values, *, actor: Actor) -> Values:
        most = values.get("max_concurrent", row.max_concurrent if row is not None else None)
        reserve = values.get("inbound_reserve", row.inbound_reserve if row is not None else None)
        if most is not None and reserve is not None and reserve >= most:
            message = "Keep fewer calls for inbound than there are at once, or nobody is ever called."
            raise Invalid(errors={"inbound_reserve": [message]})
        return values

    def after_save(self, change: writes.Change[DialingPolicy]) -> None:
        wake()


writes.register(DialingPolicy, DialingPolicyWriter)
