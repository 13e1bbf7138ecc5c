"""Ask carriers about inbound calls whose callbacks stopped, so that none takes up room for ever."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Q

from lad.tenancy.context import platform_context, tenant_context
from voice.carriers.connecting import connect
from voice.carriers.errors import CarrierError
from voice.carriers.protocol import CallKey, Presence
from voice.dialer.reports import take_in
from voice.inbound.models import InboundCall
from voice.statuses import CALL_FINISHED

# So long after the last change of a call its carrier is asked.
SILENCE: Final = timedelta(minutes=3)
MOST: Final = 50

log = structlog.get_logger("voice.inbound")


def look_up_silent(now: datetime) -> int:
    """Ask about inbound calls that go on and of which nothing was heard, and return about how many.

    Call it outside of any scope.
    """
    with platform_context():
        going_on = ~Q(call_log__status__in=CALL_FINISHED) & Q(call_log__updated_at__lt=now - SILENCE)
        rows = InboundCall.objects.filter(going_on).select_related("call_log", "carrier_account")
        waiting = list(rows.order_by("call_log__updated_at")[:MOST])
    for row in waiting:
        key = CallKey(row.call_log_id, row.created_at, reference=row.reference)
        try:
            told = connect(row.carrier_account).look_up(key)
        except CarrierError as error:
            log.warning("an inbound call cannot be looked up", call=str(row.call_log_id), error=str(error))
            continue
        if told.presence == Presence.NEVER_PLACED:
            # It came in, so the carrier has only forgotten it.
            told = replace(told, presence=Presence.UNKNOWN)
        with tenant_context(row.tenant_id):
            take_in(row.call_log, told, at=now, now=now)
    return len(waiting)
