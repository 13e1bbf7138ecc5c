"""End calls that somebody asked to end at once. Asked again until the call is over, whatever fails in between."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.utils import timezone

from lad.errors import DomainError
from lad.notifier import WorkerNotifier
from lad.tenancy.context import platform_context, tenant_context
from voice.carriers.connecting import connect
from voice.carriers.livekit.names import room_of
from voice.carriers.models import CarrierAccount
from voice.carriers.providers import LIVEKIT
from voice.dialer.models import IS_OPEN, CallPlacement, PlacementState

TASK: Final = "voice.hang_up_calls"
# The carrier is asked again after this, if the call is not over by then.
AGAIN: Final = timedelta(seconds=15)
LIMIT: Final = 100
notifier: Final = WorkerNotifier(TASK)

log = structlog.get_logger("voice.dialer")


def has_work() -> bool:
    """Return whether a call is to be ended. Needs a platform scope."""
    return bool(_due().exists())


def hang_up_due() -> int:
    """Ask the carriers to end the calls that somebody asked to end. Return how many were asked for."""
    with platform_context():
        rows = list(
            _due()
            .select_related("carrier_account")
            .select_for_update(no_key=True, skip_locked=True, of=("self",))[:LIMIT]
        )
        _due().filter(pk__in=[row.pk for row in rows]).update(hang_up_asked_at=timezone.now() + AGAIN)
    return sum(_hang_up(row) for row in rows)


def _hang_up(row: CallPlacement) -> bool:
    account: CarrierAccount | None = row.carrier_account
    reference = row.reference or (_reference_of(account, row.call_log_id) if account is not None else "")
    if account is None or not reference:
        # A look-up finds it, or that there is no such call.
        return False
    try:
        connect(account).hang_up(reference)
    except DomainError as error:
        log.warning("call could not be ended yet", call=str(row.call_log_id), problem=error.code)
        return False
    with tenant_context(row.tenant_id):
        still_open = CallPlacement.objects.filter(IS_OPEN, pk=row.pk)
        still_open.update(look_at=timezone.now() + timedelta(seconds=2))
    return True


def _reference_of(account: CarrierAccount, call_id: UUID) -> str:
    """Return a reference that follows from LAD's own id, where the carrier has one that does."""
    return room_of(call_id) if account.carrier == LIVEKIT.key else ""


def _due() -> Any:
    rows = CallPlacement.objects.filter(IS_OPEN, hang_up_asked_at__lte=timezone.now(), carrier_account__isnull=False)
    return rows.exclude(state=PlacementState.PLACING)
