"""What happens in the billing domain, and who acts on it."""

from lad.outbox.catalogue import define

define("billing.invoice.drafted", "{actor} drafted an invoice of {total} {currency}", fields=["total", "currency"])


define(
    "billing.invoice.finalised",
    "{actor} finalised the invoice {subject}",
    fields=["kind", "total", "currency", "due_at"],
)


define(
    "billing.invoice.paid",
    "The invoice {subject} was paid",
    fields=["total", "currency", "paid_at", "payment_method"],
)


define("billing.invoice.overdue", "The invoice {subject} is overdue", fields=["total", "currency", "due_at"])


define("billing.invoice.sent", "The invoice {subject} was mailed to {to_address}", fields=["to_address"])


define("billing.invoice.voided", "{actor} voided the invoice {subject}", fields=["before", "reason"])
