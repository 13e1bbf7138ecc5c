"""What happens in the billing domain, and who acts on it."""

from tenants.outbox import define

define("billing.wallet.suspended", "{actor} suspended {subject}", fields=["before"], optional=["reason"])
define("billing.wallet.reactivated", "{actor} reactivated {subject}", fields=["before"], optional=["reason"])
define("billing.wallet.closed", "{actor} closed {subject}", fields=["before"], optional=["reason"])

# A tenant's own prices only: a change of the common price list belongs to no tenant.
define(
    "billing.price.changed",
    "{actor} changed the price of {subject} from {before} to {after}",
    fields=["price_id", "before", "after", "effective_from"],
)

define("billing.invoice.issued", "{actor} issued the invoice {subject}", fields=["total", "currency", "due_at"])
define(
    "billing.invoice.paid",
    "The invoice {subject} was paid",
    fields=["total", "currency", "paid_at", "payment_method"],
)
define("billing.invoice.overdue", "The invoice {subject} is overdue", fields=["total", "currency", "due_at"])
define("billing.invoice.voided", "{actor} voided the invoice {subject}", fields=["before", "reason"])
