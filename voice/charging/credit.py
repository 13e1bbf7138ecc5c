"""Let batches go on that were paused because their credit had ended."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from billing.pricing.services import quoting
from lad.tenancy.context import read_across_tenants, tenant_context
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
    """Return whether the wallet has what the dearest call of the batch is expected to cost, and the plan allows it."""
    policy = DialingPolicy.objects.first() or DialingPolicy()
    numbers = VoiceNumber.objects.filter(carrier_account__isnull=False).select_related("carrier_account")
    if batch.from_number_id is not None:
        numbers = numbers.filter(pk=batch.from_number_id)
    payees = {payee_of(number.carrier_account, number.provider) for number in numbers}
    sales = [sell(expected(each, policy.max_minutes * 60), at=now) for each in payees]
    quotes = [quoting.quote(items=each.items, feature_key=VOICE_AGENT, at=now) for each in sales if each.items]
    return all(quote.affordable and quote.allowed for quote in quotes)
