"""Write the documents of card payments: a receipt for each payment and a credit note for each refund."""

from decimal import Decimal

from billing.invoicing.services import invoices
from billing.payments.models import Payment
from billing.payments.services.receipts import receipt_for_payment
from lad.outbox.consumers import Batch

PAID = "billing.payment.succeeded"
REFUNDED = "billing.payment.refunded"


def write_documents(batch: Batch) -> None:
    """Write receipts and credit notes for one tenant's payment events, in the order of the events."""
    rows = Payment.objects.in_bulk(batch.aggregate_ids)
    for event in batch:
        payment = rows[event.aggregate_id]
        receipt = receipt_for_payment(payment)
        if event.type == REFUNDED:
            invoices.credit_note(
                invoice=receipt,
                amount=Decimal(event.payload["returned"]),
                reason=f"Refunded to the card: {payment.description}",
                key=str(event.id),
                now=event.created_at,
            )
