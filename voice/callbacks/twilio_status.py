"""Twilio's status callbacks about calls of a LiveKit trunk that is Twilio's: they have the status code of SIP.

LiveKit's webhooks do not tell a line that is busy from a call that is declined, and some are lost. The account's
callback secret is Twilio's auth token, or two of them with a comma between while one is replaced.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from django.db.models.functions import Now

from lad.tenancy.context import platform_context, tenant_context
from lad.twilio_signatures import is_genuine
from voice.callbacks.receiving import account_of, is_new
from voice.calls.models import CallLog
from voice.carriers import values
from voice.carriers.errors import CallbackRefused
from voice.carriers.livekit.causes import cause_of_sip
from voice.carriers.models import CarrierAccount
from voice.carriers.outcomes import Cause, Outcome
from voice.carriers.protocol import CarrierCall, CarrierEvent, EventKind, Presence
from voice.carriers.providers import LIVEKIT
from voice.dialer.models import CallPlacement
from voice.dialer.reports import take_in
from voice.statuses import CallStatus

# A call lasts three hours at most. Twilio tells only the number that was called.
RECENT: Final = timedelta(hours=4)
GOING_ON: Final = {
    "initiated": CallStatus.PENDING,
    "queued": CallStatus.PENDING,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.ONGOING,
    "answered": CallStatus.ONGOING,
}
ENDS: Final = {
    "completed": Cause("completed", Outcome.ANSWERED, Outcome.UNKNOWN),
    "busy": Cause("busy", Outcome.BUSY, Outcome.BUSY),
    "no-answer": Cause("no-answer", Outcome.NO_ANSWER, Outcome.NO_ANSWER),
    "canceled": Cause("canceled", Outcome.ANSWERED, Outcome.CANCELLED),
    "failed": Cause("failed", Outcome.CARRIER_FAILED, Outcome.CARRIER_FAILED),
}
LOWEST_FINAL_CODE: Final = 300


def receive(token: str, *, url: str, signature: str, form: Sequence[tuple[str, str]], now: datetime) -> None:
    """Take in a status callback. ``url`` is the public address that Twilio called.

    Raises CallbackAddressUnknown, and CallbackRefused for one that Twilio did not sign.
    """
    account = account_of(token)
    tokens = [each.strip() for each in account.webhook_secret.split(",")]
    if account.carrier != LIVEKIT.key or not is_genuine(url=url, signature=signature, tokens=tokens, parameters=form):
        raise CallbackRefused
    told = dict(form)
    call = _call_of(account, told.get("To", ""))
    event = None if call is None else _event(told, now)
    if call is None or event is None:
        return
    with tenant_context(call.tenant_id):
        if is_new(account, event, call):
            take_in(call, event.call, at=event.at, now=now)


def _call_of(account: CarrierAccount, to: str) -> CallLog | None:
    """Return the last call of the account to a number."""
    with platform_context():
        rows = CallPlacement.objects.filter(carrier_account=account.pk, to_phone=to, asked_at__gt=Now() - RECENT)
        found = rows.order_by("-asked_at").select_related("call_log").first()
    call: CallLog | None = None if found is None else found.call_log
    return call


def _event(told: Mapping[str, str], now: datetime) -> CarrierEvent | None:
    """Return what a callback tells; nothing for a status that is not known."""
    word, sid = told.get("CallStatus", ""), told.get("CallSid", "")[:64]
    at = min(_moment(told.get("Timestamp", "")) or now, now)
    if word in GOING_ON:
        state = GOING_ON[word]
        answered = state == CallStatus.ONGOING
        call = CarrierCall(Presence.PLACED, state=state, answered=answered, answered_at=at if answered else None)
    elif word in ENDS:
        seconds = values.number(told.get("CallDuration"))
        answered = word == "completed"
        call = CarrierCall(
            Presence.PLACED,
            cause=_cause(word, told.get("SipResponseCode", "")),
            answered=answered,
            ended_at=at,
            duration_seconds=int(seconds) if answered and seconds is not None else None,
        )
    else:
        return None
    return CarrierEvent(f"twilio:{sid}:{word}", EventKind.STATE, "", None, at, call)


def _cause(word: str, code: str) -> Cause:
    """Return why a call ended: by the code of SIP where there is one, which says more."""
    number = int(code) if code.isdecimal() and len(code) == 3 else 0
    return ENDS[word] if word == "completed" or number < LOWEST_FINAL_CODE else cause_of_sip(number)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
