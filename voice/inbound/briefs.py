"""Tell LAD's agent worker what it needs to answer a call: it comes without what is sent with calls that LAD places."""

from datetime import datetime
from typing import Any

from lad.errors import NotFound
from lad.tenancy.context import platform_context, tenant_context
from voice.agents.briefs import brief_of
from voice.calls.models import CallLog
from voice.carriers.callback_addresses import CallbackAddressUnknown, callback_url, read_token
from voice.carriers.connecting import connect
from voice.carriers.livekit.client import dispatch
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import CallbackRequest, Caller, CallToPlace
from voice.inbound.services import call_of


class NobodyAnswers(NotFound):
    """No agent answers this number."""

    code = "nobody_answers"


def brief_for(token: str, request: CallbackRequest, *, now: datetime) -> dict[str, Any]:
    """Return what the worker is told of the call that somebody makes, as it is sent with calls that LAD places.

    The request is that of the carrier's own webhook about the caller, signed as that is. Raises
    CallbackAddressUnknown, CallbackRefused and NobodyAnswers.
    """
    account_id = read_token(token)
    with platform_context():
        account = CarrierAccount.objects.filter(pk=account_id).first()
    if account is None:
        raise CallbackAddressUnknown
    events = connect(account).parse_callback(request)
    call = next((found for event in events if (found := call_of(account, event, now)) is not None), None)
    if call is None or call.agent_id is None:
        raise NobodyAnswers
    with tenant_context(call.tenant_id):
        return _told(account, CallLog.objects.select_related("from_number").get(pk=call.pk))


def _told(account: CarrierAccount, call: CallLog) -> dict[str, Any]:
    number = call.from_number
    caller = Caller(number.phone.e164 if number is not None else "", number.carrier_reference if number else "")
    asked = CallToPlace(call.pk, call.phone.e164, caller, callback_url(account), brief_of(call))
    # Whoever is on the telephone came by themselves, under a name that the carrier gave.
    return {**dispatch(asked), "person": "", "direction": call.direction}
