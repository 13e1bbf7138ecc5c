"""Emit events for postings that people want to hear of."""

from collections.abc import Sequence
from typing import Final

from billing.ledger.models import TransactionType
from billing.ledger.services.client import LedgerReply, PostingOutcome
from lad.outbox.emission import NewEvent, emit_many

# Debits and holds are too frequent to announce one by one.
_ANNOUNCED_TYPES: Final = frozenset({TransactionType.TOPUP, TransactionType.CREDIT, TransactionType.ADJUSTMENT})


def announce(replies: Sequence[LedgerReply]) -> None:
    """Emit ``billing.wallet.credited`` and ``billing.wallet.balance_low`` for what was posted."""
    events = [event for reply in replies for event in _events(reply)]
    if events:
        emit_many(events)


def _events(reply: LedgerReply) -> Sequence[NewEvent]:
    posted = reply.posted
    if posted is None or reply.outcome != PostingOutcome.POSTED:
        return ()
    payloads: dict[str, dict[str, object]] = {}
    if posted.transaction_type in _ANNOUNCED_TYPES:
        payloads["billing.wallet.credited"] = {
            "transaction_id": posted.id,
            "amount": posted.amount,
            "available": posted.balance_after,
        }
    if reply.is_low:
        payloads["billing.wallet.balance_low"] = {"available": reply.available}
    return [
        NewEvent(
            event_type,
            payload=payload,
            tenant_id=posted.tenant_id,
            aggregate_type="wallet",
            aggregate_id=posted.wallet_id,
        )
        for event_type, payload in payloads.items()
    ]
