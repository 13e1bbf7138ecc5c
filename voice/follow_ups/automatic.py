"""Bookings that call by themselves: a voice agent calls the lead when their time has come."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.design.models import CampaignStep
from campaigns.engine import calls as steps
from campaigns.engine.calls import Asked
from campaigns.enrolment.models import CampaignLead
from lad import writes
from lad.errors import Conflict, DomainError
from lad.tenancy.context import read_across_tenants, tenant_context
from lad.types import Actor
from leads.bookings import services as bookings
from leads.bookings.models import IS_OPEN, LIVE, BookingStatus, CallResult, LeadBooking, TaskStatus
from leads.contactability.models import Purpose
from tenants.accounts.models import User
from voice.agents.models import VoiceAgent
from voice.dialer.services import start_call
from voice.numbers.models import VoiceNumber

TASK: Final = "voice.call_bookings"
# The key in a booking's metadata.
KEY: Final = "automatic_call"
# A person who expects a call at three does not expect it in the evening.
TOO_LATE: Final = timedelta(hours=2)
PER_RUN: Final = 200
NOT_WANTED: Final = "The campaign does not wait for the call any more."
LATE: Final = "LAD could not call in time."
UNEXPECTED: Final = "LAD failed to ask for this call."
AGENT_GONE: Final = "The voice agent was deleted."
LEAD_GONE: Final = "The lead was deleted."

# Tenants with a booking that is to be called now. Few bookings wait in this state at any time.
TENANTS: Final = """
SELECT DISTINCT lead_bookings.tenant_id FROM lead_bookings
JOIN tenants ON tenants.id = lead_bookings.tenant_id AND tenants.deleted_at IS NULL
    AND tenants.status NOT IN ('suspended', 'cancelled')
WHERE lead_bookings.task_status = 'scheduled' AND lead_bookings.task_scheduled_at <= %s
    AND lead_bookings.deleted_at IS NULL
"""

log = structlog.get_logger("voice.follow_ups")


class BookingIsOver(Conflict):
    """Only an open booking can call by itself. Book another attempt instead."""

    code = "booking_over"


@dataclass(frozen=True, slots=True)
class AutomaticCall:
    """Who calls, and why. The campaign's keys are of the step that waits for the call."""

    agent_id: int
    number_id: str | None = None
    purpose: str = Purpose.SERVICE
    context: str = ""
    campaign_lead_id: str | None = None
    campaign_step_id: str | None = None

    @classmethod
    def of(cls, booking: LeadBooking) -> "AutomaticCall | None":
        """Return what a booking says about its call; None if it has none."""
        stored = booking.metadata.get(KEY)
        return cls(**stored) if isinstance(stored, Mapping) else None


def stored(call: AutomaticCall) -> dict[str, Any]:
    """Return what a booking stores about its call."""
    return {name: value for name, value in asdict(call).items() if value not in (None, "")}


def values_of(call: AutomaticCall, booking: LeadBooking | None, scheduled_at: datetime) -> dict[str, Any]:
    """Return the values of a booking that calls by itself."""
    metadata = {**(booking.metadata if booking else {}), KEY: stored(call)}
    return {
        "metadata": metadata,
        "task_name": TASK,
        "task_status": TaskStatus.SCHEDULED,
        "task_scheduled_at": scheduled_at,
    }


@transaction.atomic
def let_agent_call(*, booking: LeadBooking, call: AutomaticCall, actor: Actor = None) -> LeadBooking:
    """Let a voice agent call the lead at the booking's time. Raises BookingIsOver."""
    row = LeadBooking.objects.select_for_update(of=("self",)).get(pk=booking.pk)
    if row.status not in (BookingStatus.SCHEDULED, BookingStatus.CONFIRMED):
        raise BookingIsOver
    return writes.update(row, values_of(call, row, row.scheduled_at), actor=actor)


@transaction.atomic
def let_nobody_call(*, booking: LeadBooking, actor: Actor = None) -> LeadBooking:
    """Take back that a voice agent calls the lead. The booking stays. A call that was asked for already is made."""
    row = LeadBooking.objects.select_for_update(of=("self",)).get(pk=booking.pk)
    if row.task_status != TaskStatus.SCHEDULED:
        return row
    return writes.update(row, {"task_status": TaskStatus.CANCELLED}, actor=actor)


def has_work(now: datetime | None = None) -> bool:
    """Return whether a booking is to be called. Needs a platform scope."""
    waiting = LeadBooking.objects.filter(LIVE, task_status=TaskStatus.SCHEDULED)
    return waiting.filter(task_scheduled_at__lte=now or timezone.now()).exists()


def call_due(now: datetime | None = None) -> dict[str, int]:
    """Ask for the calls of bookings whose time has come. Return the number of bookings by what became of them."""
    now = now or timezone.now()
    counts: dict[str, int] = {}
    for (tenant_id,) in read_across_tenants(TENANTS, [now]):
        for _number in range(PER_RUN):
            with tenant_context(tenant_id):
                became = _call_next(now)
            if became is None:
                break
            counts[became] = counts.get(became, 0) + 1
    return counts


def _call_next(now: datetime) -> str | None:
    """Ask for the call of the booking that waits longest, in one transaction. Return what became of it."""
    booking = _due(now).select_related("lead").first()
    if booking is None:
        return None
    call = AutomaticCall.of(booking)
    if call is not None and call.campaign_lead_id and not steps.is_wanted(Asked.of(asdict(call))):
        return _not_wanted(booking, Asked.of(asdict(call)), now)
    refusal = _refusal(booking, call, now)
    if refusal or call is None:
        return _end(booking, refusal, now)
    try:
        with transaction.atomic():
            _start(booking, call, now)
    except DomainError as error:
        return _end(booking, error.detail, now)
    except Exception:
        # One booking must not keep the others from being called.
        log.exception("booking not called", booking=str(booking.pk))
        return _end(booking, UNEXPECTED, now)
    return "called"


def _due(now: datetime) -> QuerySet[LeadBooking]:
    waiting = LeadBooking.objects.filter(LIVE, task_status=TaskStatus.SCHEDULED, task_scheduled_at__lte=now)
    return waiting.order_by("task_scheduled_at").select_for_update(no_key=True, skip_locked=True, of=("self",))


def _refusal(booking: LeadBooking, call: AutomaticCall | None, now: datetime) -> str:
    """Return why the booking is not called any more; an empty text if it is."""
    if not booking.is_open or call is None:
        return "The booking has ended."
    if booking.lead.deleted_at is not None:
        return LEAD_GONE
    return LATE if now - booking.scheduled_at > TOO_LATE else ""


def _start(booking: LeadBooking, call: AutomaticCall, now: datetime) -> None:
    agent = VoiceAgent.objects.filter(pk=call.agent_id).first()
    if agent is None:
        raise Conflict(AGENT_GONE)
    values = {
        "status": BookingStatus.IN_PROGRESS,
        "task_status": TaskStatus.EXECUTED,
        "executed_at": now,
        "execution_attempts": booking.execution_attempts + 1,
    }
    row = writes.update(booking, values)
    step = CampaignStep.objects.filter(pk=call.campaign_step_id).first() if call.campaign_step_id else None
    enrolment = (
        CampaignLead.objects.filter(pk=call.campaign_lead_id).first() if step and call.campaign_lead_id else None
    )
    start_call(
        lead=booking.lead,
        agent=agent,
        number=VoiceNumber.objects.filter(pk=call.number_id).first() if call.number_id else None,
        context=call.context,
        purpose=call.purpose,
        actor=_initiator(booking),
        booking=row,
        campaign_lead=enrolment,
        campaign_step=step if enrolment else None,
    )


def _initiator(booking: LeadBooking) -> User | None:
    """Return the person whose numbers may be used: who booked it, if anybody did."""
    if booking.created_by_user_id is None:
        return None
    return User.objects.filter(pk=booking.created_by_user_id, is_active=True).first()


def _not_wanted(booking: LeadBooking, asked: Asked, now: datetime) -> str:
    """Cancel the booking. The enrolment of a paused campaign asks again when the campaign goes on."""
    steps.take_back([asked.campaign_lead_id], now=now)
    bookings.cancel(booking=booking, reason=NOT_WANTED)
    return "cancelled"


def _end(booking: LeadBooking, reason: str, now: datetime) -> str:
    """Record why the call of a booking was not asked for. An open booking was missed or has failed."""
    writes.update(
        booking,
        {
            "task_status": TaskStatus.FAILED,
            "last_execution_error": reason,
            "executed_at": now,
            "execution_attempts": booking.execution_attempts + 1,
        },
    )
    log.info("booking not called", booking=str(booking.pk), reason=reason)
    if not booking.is_open:
        return "over"
    if reason == LATE:
        bookings.miss(booking=booking, call_result=CallResult.NO_ANSWER, notes=reason)
        return "missed"
    writes.update(booking, {"status": BookingStatus.FAILED})
    return "failed"


def withdraw_of_lead(lead_id: UUID, *, reason: str, actor: Actor = None) -> int:
    """Cancel the open bookings of a lead that would call by themselves. Return how many."""
    rows = LeadBooking.objects.filter(IS_OPEN, Q(task_status=TaskStatus.SCHEDULED), lead=lead_id)
    found = list(rows.order_by("pk"))
    for row in found:
        bookings.cancel(booking=row, reason=reason, actor=actor)
    return len(found)
