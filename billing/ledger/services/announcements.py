"""What the ledger tells: money that came in or was corrected, and a balance that has become low."""

from collections.abc import Sequence
from typing import Any, Final

from billing.ledger.models import TransactionType
from billing.ledger.services.client import Answer, Outcome
from lad.outbox.emission import NewEvent, emit_many

# What people want to hear of: money that came in or was corrected, not each use of it.
_TOLD: Final = frozenset({TransactionType.TOPUP, TransactionType.CREDIT, TransactionType.ADJUSTMENT})


def tell(answers: Sequence[Answer]) -> None:
    """Emit what people want to hear of what was posted."""
    events = [event for answer in answers for event in _events(answer)]
    if events:
        emit_many(events)


def _events(answer: Answer) -> Sequence[NewEvent]:
    posted = answer.posted
    if posted is None or answer.outcome != Outcome.POSTED:
        return ()
    about: dict[str, Any] = {
        "tenant_id": posted.tenant_id,
        "aggregate_type": "wallet",
        "aggregate_id": posted.wallet_id,
    }
    events = []
    if posted.transaction_type in _TOLD:
        told = {"transaction_id": posted.id, "amount": posted.amount, "available": posted.balance_after}
        events.append(NewEvent("billing.wallet.credited", payload=told, **about))
    if answer.is_low:
        events.append(NewEvent("billing.wallet.balance_low", payload={"available": answer.available}, **about))
    return events
