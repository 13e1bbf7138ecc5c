"""Pay for tokens: held before a model is asked, charged as they were used, released if its answer was not used.

A use is one turn of a conversation, or one question elsewhere in the assistant. Only the platform's models cost
credits. A tenant's own connection is paid by the tenant to its provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils import timezone

from aiicp.features import ICP_ASSISTANT
from billing.pricing.models import PriceCategory
from billing.pricing.services.quoting import UsageItem
from billing.units import PriceUnit
from billing.usage.services import held
from billing.usage.services.held import PlannedUse
from lad.errors import DomainError
from lad.llm.messages import Usage
from lad.llm.models import ModelConnection
from lad.tenancy.context import read_across_tenants, tenant_context

REFERENCE: Final = "assistant:"
HOLD_TTL: Final = timedelta(hours=2)
# Longer than two calls of the longest allowed time. What is still held then belongs to a use that died.
MISSED_AFTER: Final = timedelta(minutes=45)
BATCH_SIZE: Final = 200
NOT_ANSWERED: Final = "The model gave no answer"
MISSED: Final = """
SELECT tenant_id, external_reference_id FROM billing_usage_events
WHERE status = 'pending' AND next_charge_at IS NULL AND feature_key = %s
    AND idempotency_key LIKE 'held:assistant:%%' AND created_at < %s
ORDER BY created_at LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Whether the tenant's credit covers a use's tokens. ``error`` says why not."""

    error: DomainError | None = None


def hold(*, use_id: UUID, connection: ModelConnection, estimates: Sequence[Usage], now: datetime) -> Held:
    """Hold what the calls of a use cost at most. Call it in the transaction that stores what is asked.

    A model of the platform's without a price is refused with NoPrice, so that the platform gives nothing away. A
    tenant's own connection is free. Raises what the database raises, so that no model is asked unpaid.
    """
    if connection.tenant_id is not None:
        return Held()
    inputs = sum(each.input_tokens for each in estimates)
    outputs = sum(each.output_tokens for each in estimates)
    prompt, completion = _items(connection, inputs, outputs)
    use = PlannedUse(_reference(use_id), prompt, ICP_ASSISTANT, {"use": str(use_id)}, further=(completion,))
    [found] = held.hold_many(uses=[use], ttl=HOLD_TTL, now=now).values()
    return Held(found.error)


def settle(*, use_id: UUID | str, usages: Sequence[Usage], now: datetime | None = None) -> None:
    """Charge the tokens of the calls whose answers were used, and release the rest. Idempotent.

    Call it in the transaction that stores the answer, so that neither is without the other.
    """
    reference = _reference(use_id)
    inputs, outputs = (sum(getattr(each, name) for each in usages) for name in ("input_tokens", "output_tokens"))
    used = inputs + outputs > 0
    held.settle_many(
        used=[reference] if used else [],
        unused=[] if used else [reference],
        reason=NOT_ANSWERED,
        quantities={reference: (Decimal(inputs), Decimal(outputs))},
        now=now,
    )


def release_missed(*, now: datetime | None = None) -> int:
    """Release what uses hold that died before their answer. Return how many there were.

    An answer and its charge are stored together, so a use that is still held belongs to no answer. Call it outside any
    scope. Several may run at once.
    """
    now = now or timezone.now()
    total = 0
    while True:
        found = read_across_tenants(MISSED, [ICP_ASSISTANT, now - MISSED_AFTER, BATCH_SIZE])
        for tenant_id in dict.fromkeys(row[0] for row in found):
            references = {row[1] for row in found if row[0] == tenant_id}
            with tenant_context(tenant_id):
                held.settle_many(used=[], unused=references, reason=NOT_ANSWERED, now=now)
        total += len(found)
        if len(found) < BATCH_SIZE:
            return total


def _items(connection: ModelConnection, inputs: int, outputs: int) -> tuple[UsageItem, UsageItem]:
    def item(category: PriceCategory, tokens: int) -> UsageItem:
        return UsageItem(category, connection.provider, connection.model, PriceUnit.TOKEN, Decimal(tokens))

    return item(PriceCategory.LLM_PROMPT, inputs), item(PriceCategory.LLM_COMPLETION, outputs)


def _reference(use_id: UUID | str) -> str:
    return f"{REFERENCE}{use_id}"
