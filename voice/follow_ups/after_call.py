"""What follows from a call that was analysed."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from django.db import transaction

from lad import writes
from lad.errors import DomainError
from lad.outbox.consumers import Event
from leads.channels import Channel
from leads.contactability.models import SuppressionReason
from leads.contactability.services import NewSuppression, suppress_many
from leads.contacts.models import Lead, LeadNote
from voice.analysis.models import CallAnalysis, CallOutcome
from voice.calls.models import CallLog
from voice.follow_ups import agreed, automatic, campaign_steps, lead_changes, mails

SILENT: Final = frozenset({CallOutcome.VOICEMAIL, CallOutcome.IVR, CallOutcome.NO_CONVERSATION})
UNINTERESTED: Final = frozenset({CallOutcome.NOT_INTERESTED, CallOutcome.DO_NOT_CALL, CallOutcome.WRONG_PERSON})
ASKED: Final = "The lead asked not to be called again."
SOURCE: Final = "Call"

T = TypeVar("T")

log = structlog.get_logger("voice.follow_ups")


def follow_up(event: Event, *, now: datetime) -> None:
    """Do what follows from the analysis that the event tells of, in the tenant's scope.

    An analysis that a newer one has replaced is left to the newer one's event. Doing it again changes nothing.
    """
    analysis = CallAnalysis.objects.filter(call_log=event.aggregate_id).first()
    if analysis is None or analysis.version != event.payload.get("version"):
        return
    call = CallLog.objects.select_related("agent", "initiated_by_user").get(pk=analysis.call_log_id)
    if analysis.do_not_call:
        _never_again(call, analysis)
    interested = not analysis.do_not_call and analysis.outcome not in UNINTERESTED
    campaign_steps.call_heard(call, interested=interested, now=now)
    lead = Lead.objects.filter(pk=call.lead_id).first() if call.lead_id else None
    if lead is None:
        return
    booking = _in_part("booking", call, lambda: agreed.keep(call, analysis, lead, now=now))
    _in_part("lead", call, lambda: lead_changes.change(lead, call, analysis))
    _in_part("note", call, lambda: _note(call, analysis, lead))
    mails.tell_keeper(call, analysis, lead, booking, now=now)


def _in_part(name: str, call: CallLog, part: Callable[[], T]) -> T | None:
    """Do one part. A rule that it breaks does not keep the others from being done."""
    try:
        with transaction.atomic():
            return part()
    except DomainError as error:
        log.warning("part of a follow-up not done", part=name, call=str(call.pk), reason=error.detail)
        return None


def _never_again(call: CallLog, analysis: CallAnalysis) -> None:
    """Put the number that was called, and those of the lead, on the do-not-contact list for calls."""
    words = next((each["words"] for each in analysis.evidence if each.get("name") == "do_not_call"), "")
    evidence = {"call_id": str(call.pk), "words": words}
    lead = Lead.objects.filter(pk=call.lead_id).first() if call.lead_id else None
    reason = SuppressionReason.UNSUBSCRIBED
    wishes = []
    if call.phone.is_known:
        number = str(call.phone.e164)
        wishes.append(NewSuppression(Channel.VOICE, reason, lead, number, source=SOURCE, evidence=evidence))
    if lead is not None:
        wishes.append(NewSuppression(Channel.VOICE, reason, lead, source=SOURCE, evidence=evidence))
        automatic.withdraw_of_lead(lead.pk, reason=ASKED)
    suppress_many(wishes)


def _note(call: CallLog, analysis: CallAnalysis, lead: Lead) -> None:
    """Write on the lead's timeline what came of the call, or correct what an earlier analysis said."""
    if not analysis.summary or analysis.outcome in SILENT or analysis.outcome is None:
        return
    key = note_id(call)
    content = _words(call, analysis)
    row = LeadNote.all_objects.filter(pk=key).first()
    if row is None:
        writes.create(LeadNote, {"id": key, "lead": lead, "content": content})
    elif row.deleted_at is None and row.content != content:
        writes.update(row, {"content": content})


def note_id(call: CallLog) -> UUID:
    """Return the id of the note about a call. There is one for each call."""
    return uuid5(NAMESPACE_URL, f"lad:call-note:{call.pk}")


def _words(call: CallLog, analysis: CallAnalysis) -> str:
    agent = call.agent.name if call.agent is not None else "The voice agent"
    label = CallOutcome(analysis.outcome).label if analysis.outcome else ""
    lines = [f"{agent} talked on the telephone: {label[:1].lower()}{label[1:]}.", analysis.summary]
    if analysis.recommended_action:
        lines.append(f"Next: {analysis.recommended_action}")
    return "\n".join(lines)[: LeadNote._meta.get_field("content").max_length]
