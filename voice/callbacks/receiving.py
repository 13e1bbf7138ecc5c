"""Take in callbacks: find the call that each event tells of, and take every event in once.

Only calls of the account that the callback came for are found: who holds one account's secret cannot report about the
calls of another. What is about none of them is answered and forgotten, or a carrier would repeat it.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import connection

from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context, tenant_context
from voice.callbacks import tools
from voice.calls.models import CallLog
from voice.carriers.callback_addresses import CallbackAddressUnknown, read_token
from voice.carriers.connecting import connect
from voice.carriers.models import CarrierAccount
from voice.carriers.protocol import CallbackRequest, CarrierEvent, EventKind
from voice.dialer import hooks
from voice.dialer.models import CallPlacement
from voice.dialer.reports import take_in

MAX_EVENT_ID: Final = 200
# A simultaneous delivery of the same event waits here until the first one has committed or failed.
RECORD: Final = """
INSERT INTO voice_carrier_reports
    (id, tenant_id, carrier_account_id, event_id, kind, call_log_id, happened_at, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, statement_timestamp())
ON CONFLICT (tenant_id, carrier_account_id, event_id) DO NOTHING
"""

log = structlog.get_logger("voice.callbacks")


def receive(token: str, request: CallbackRequest, *, now: datetime) -> Mapping[str, Any]:
    """Take in a callback that arrived at the address with this token, and return the body of the answer.

    Raises CallbackAddressUnknown and CallbackRefused. After any other exception nothing of the event is stored, and
    the carrier should send it again.
    """
    account = account_of(token)
    carrier = connect(account)
    results: dict[str, str] = {}
    for event in carrier.parse_callback(request):
        results |= _take(account, event, now)
    return carrier.callback_reply(results) if results else {}


def account_of(token: str) -> CarrierAccount:
    """Return the account that callbacks to an address are about. Raises CallbackAddressUnknown."""
    account_id = read_token(token)
    with platform_context():
        # Calls of a deleted account may still be under way.
        account: CarrierAccount | None = CarrierAccount.all_objects.filter(pk=account_id).first()
    if account is None:
        raise CallbackAddressUnknown
    return account


def _take(account: CarrierAccount, event: CarrierEvent, now: datetime) -> Mapping[str, str]:
    """Take in one event. Return the results of the tool calls that it asks for, by their ids."""
    found = _find(account, event, now)
    if found is None:
        log.info("event of an unknown call", account=str(account.pk), kind=str(event.kind))
        return {}
    with tenant_context(found.tenant_id):
        new = is_new(account, event, found)
        if event.kind == EventKind.TOOL_CALLS:
            return tools.answer(found, event.tools, now=now)
        if new and event.kind != EventKind.DELAY:
            take_in(found, event.call, at=event.at, now=now)
    return {}


def _find(account: CarrierAccount, event: CarrierEvent, now: datetime) -> CallLog | None:
    """Return the call that an event tells of, if it is one of the account."""
    if event.call_id is None:
        return hooks.call_of(account, event, now)
    with platform_context():
        call = CallLog.objects.filter(pk=event.call_id).first()
        if call is None or account.tenant_id not in (None, call.tenant_id):
            return None
        rows = CallPlacement.objects.filter(tenant=call.tenant_id, call_log=call.pk, carrier_account=account.pk)
        return call if rows.exists() else None


def is_new(account: CarrierAccount, event: CarrierEvent, call: CallLog) -> bool:
    """Note the event of a call, in its tenant's scope. Return whether it was not taken in before."""
    id = event.id if len(event.id) <= MAX_EVENT_ID else hashlib.sha256(event.id.encode()).hexdigest()
    values: list[Any] = [uuid7(), call.tenant_id, account.pk, id, str(event.kind), call.pk, event.at]
    with connection.cursor() as cursor:
        cursor.execute(RECORD, values)
        return cursor.rowcount == 1
