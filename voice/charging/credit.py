"""Pause batches whose next call cannot be paid, and let them go on when there is credit again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing.pricing.services import quoting
from lad.tenancy.context import current_tenant_id, read_across_tenants, tenant_context
from voice.batches.models import CallBatch
from voice.charging.components import expected, payee_of
from voice.charging.selling import sell
from voice.dialer.models import DialingPolicy
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber
from voice.statuses import BATCH_OPEN

BEGINS: Final = "The credit has ended:"
CREDIT_ENDED: Final = BEGINS + " {} Top up the wallet, and the batch goes on by itself."
PAUSED: Final = """
SELECT tenant_id, id FROM voice_call_batches
WHERE paused_at IS NOT NULL AND status = ANY(%s) AND starts_with(pause_reason, %s) AND deleted_at IS NULL
ORDER BY tenant_id, id
"""


def pause_after_commit(reasons: Mapping[UUID | None, str]) -> None:
    """Pause the batches, each with its reason, in a transaction of its own: the claim holds locks that others want."""
    found = {batch_id: reason for batch_id, reason in reasons.items() if batch_id is not None}
    tenant_id = current_tenant_id()
    if found:
        transaction.on_commit(lambda: _pause(tenant_id, found), robust=True)


def resume_paid(*, now: datetime | None = None) -> int:
    """Let batches go on whose credit had ended and whose next call can be paid now. Return how many.

    Call it outside any scope. A batch that somebody paused keeps their reason and stays paused.
    """
    now = now or timezone.now()
    found = read_across_tenants(PAUSED, [list(BATCH_OPEN), BEGINS])
    resumed = 0
    for tenant_id in dict.fromkeys(row[0] for row in found):
        with tenant_context(tenant_id):
            mine = [row[1] for row in found if row[0] == tenant_id]
            for batch in CallBatch.objects.filter(pk__in=mine).select_for_update(no_key=True, skip_locked=True):
                if batch.pause_reason.startswith(BEGINS) and can_pay(batch, now):
                    CallBatch.objects.filter(pk=batch.pk).update(paused_at=None, pause_reason="")
                    resumed += 1
    return resumed


def can_pay(batch: CallBatch, now: datetime) -> bool:
    """Return whether the wallet has what one call of the batch is expected to cost, and the plan allows it."""
    policy = DialingPolicy.objects.first() or DialingPolicy()
    numbers = VoiceNumber.objects.select_related("carrier_account")
    number = numbers.filter(pk=batch.from_number_id).first() if batch.from_number_id else numbers.first()
    payee = payee_of(number.carrier_account if number else None, number.provider if number else "")
    sale = sell(expected(payee, policy.max_minutes * 60), at=now)
    if not sale.items:
        return True
    quote = quoting.quote(items=sale.items, feature_key=VOICE_AGENT, at=now)
    return quote.affordable and quote.allowed


def _pause(tenant_id: UUID, reasons: Mapping[UUID, str]) -> None:
    with tenant_context(tenant_id):
        for batch_id, reason in reasons.items():
            rows = CallBatch.objects.filter(pk=batch_id, paused_at__isnull=True, status__in=BATCH_OPEN)
            rows.update(paused_at=timezone.now(), pause_reason=reason)
