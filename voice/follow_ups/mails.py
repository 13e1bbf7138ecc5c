"""The mail that tells whoever looks after a lead what came of a call: something was agreed on, or the lead is hot."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from lad.mail.kinds import Content, MailKind, Obsolete, mail_kinds
from lad.mail.messages import link
from lad.mail.models import MailDelivery
from lad.mail.services import queue
from leads.bookings.models import LeadBooking
from leads.contacts.models import Lead
from voice.agents.models import VoiceProfile
from voice.analysis.models import CallAnalysis, CallOutcome, LeadCategory
from voice.calls.models import CallLog
from voice.follow_ups.people import keeper_of

TEMPLATE: Final = "voice/follow_ups/mail/call-came-to-something"
# The preference of a member's voice profile. Without it they are told.
PREFERENCE: Final = "notify_on_follow_up"
# Calls of last year may be analysed again, thousands at once.
NEWS: Final = timedelta(days=2)


def tell_keeper(
    call: CallLog, analysis: CallAnalysis, lead: Lead, booking: LeadBooking | None, *, now: datetime
) -> None:
    """Queue one mail for a call that came to something. Analysing it again sends no other, nor does an old call."""
    is_news = now - (call.ended_at or call.created_at) <= NEWS
    if booking is None and (analysis.lead_category != LeadCategory.HOT or not is_news):
        return
    keeper = keeper_of(lead, call)
    if keeper is None or not keeper.email:
        return
    profile = VoiceProfile.objects.filter(user=keeper.pk).only("preferences").first()
    if profile is not None and profile.preferences.get(PREFERENCE) is False:
        return
    key = f"call-follow-up.{call.pk}"
    queue(kind=CAME_TO_SOMETHING, tenant_id=call.tenant_id, to=keeper.email, subject_id=call.pk, key=key)


def _build(delivery: MailDelivery, now: datetime) -> Content:
    analysis = CallAnalysis.objects.filter(call_log=delivery.subject_id).select_related("lead", "call_log").first()
    if analysis is None or analysis.lead is None:
        raise Obsolete("The call or its lead was deleted.")
    lead = analysis.lead
    booking = LeadBooking.objects.filter(
        tenant=analysis.tenant_id, idempotency_key=f"call:{analysis.call_log_id}"
    ).first()
    when = ""
    if booking is not None and booking.is_open:
        moment = booking.scheduled_at.astimezone(ZoneInfo(booking.timezone))
        when = f"{moment:%a %d %b %Y, %H:%M} ({booking.timezone})"
    outcome = CallOutcome(analysis.outcome).label if analysis.outcome else "Call"
    context = {
        "lead": str(lead),
        "outcome": outcome,
        "summary": analysis.summary,
        "next": analysis.recommended_action,
        "when": when,
        "link": link(f"/leads/{lead.pk}", page=f"leads/lead/{lead.pk}/change/"),
    }
    return Content(f"{outcome}: {lead}", TEMPLATE, context)


CAME_TO_SOMETHING: Final = mail_kinds.register(MailKind("call_follow_up", "Call came to something", _build, bulk=True))
