"""The papers of card payments: a receipt for each that succeeded, a credit note for each refund."""

from decimal import Decimal

from billing.invoicing import services as invoices
from billing.payments.models import Payment
from lad.outbox.consumers import Batch

PAID = "billing.payment.succeeded"
REFUNDED = "billing.payment.refunded"


def write(batch: Batch) -> None:
    """Write what the events of one tenant's payments call for. Called in the order they happened."""
    rows = Payment.objects.in_bulk(batch.aggregate_ids)
    for event in batch:
        payment = rows[event.aggregate_id]
        receipt = invoices.receipt_for_payment(payment)
        if event.type == REFUNDED:
            invoices.credit_note(
                invoice=receipt,
                amount=Decimal(event.payload["returned"]),
                reason=f"Refunded to the card: {payment.description}",
                key=str(event.id),
                now=event.created_at,
            )
