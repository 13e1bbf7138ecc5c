"""What happens in the billing domain, and who acts on it."""

from django.utils import timezone

from billing.services import auto_topup, card_receipts, notices
from tenants.outbox import Batch, consumes, define

define("billing.wallet.suspended", "{actor} suspended {subject}", fields=["before"], optional=["reason"])
define("billing.wallet.reactivated", "{actor} reactivated {subject}", fields=["before"], optional=["reason"])
define("billing.wallet.closed", "{actor} closed {subject}", fields=["before"], optional=["reason"])
define(
    "billing.wallet.threshold_set",
    "{actor} set the threshold of {subject} from {before} to {after}",
    fields=["before", "after"],
    optional=["reason"],
)
define(
    "billing.wallet.credited",
    "{amount} was posted to {subject}",
    fields=["transaction_id", "amount", "available"],
)
define("billing.wallet.balance_low", "{subject} holds only {available}", fields=["available"])

# A tenant's own prices only: a change of the common price list belongs to no tenant.
define(
    "billing.price.changed",
    "{actor} changed the price of {subject} from {before} to {after}",
    fields=["price_id", "before", "after", "effective_from"],
)

define(
    "billing.ledger.audit_failed",
    "The audit of the ledger found {violations} violations",
    fields=["audit_id", "violations", "rules"],
)

define("billing.usage.voided", "{actor} voided the use {subject}", fields=["before", "reason", "cost", "currency"])

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

QUOTA = ["feature_key", "window", "quota", "used", "resets_at"]
define("billing.entitlement.nearly_used", "{feature_key} has used {used} of {quota} this {window}", fields=QUOTA)
define("billing.entitlement.used_up", "{feature_key} has used up its {quota} of this {window}", fields=QUOTA)

PAID = ["total", "currency", "amount", "kind"]
define("billing.payment.succeeded", "{subject} was paid by card", fields=PAID)
define(
    "billing.payment.failed",
    "{subject} was not paid: {reason}",
    fields=["reason", "total", "currency", "kind"],
)
define(
    "billing.payment.refunded",
    "{returned} {currency} of {subject} went back to the card",
    fields=["returned", "refunded", "currency"],
)
define(
    "billing.payment.disputed",
    "{amount} {currency} of {subject} are disputed",
    fields=["amount", "currency", "reason"],
)
define("billing.payment.attention_needed", "{subject} needs somebody to look into it: {reason}", fields=["reason"])
define("billing.payment.settled", "{actor} looked into {subject}: {reason}", fields=["before", "reason"])
define(
    "billing.auto_topup.declined",
    "An automatic top-up was declined, and is tried again after {paused_until}: {reason}",
    fields=["reason", "paused_until"],
)


@consumes("billing.wallet.balance_low", name="low-balance-mail")
def warn_of_low_balance(batch: Batch) -> None:
    """Queues the mail that tells a tenant's owners and admins that a wallet runs low."""
    notices.queue_low_balance(batch)


@consumes("billing.auto_topup.declined", name="topup-declined-mail")
def tell_of_decline(batch: Batch) -> None:
    """Queues the mail that tells a tenant, once for a streak, that its automatic top-up was declined."""
    notices.queue_declined(batch)


@consumes("billing.wallet.balance_low", name="auto-topup")
def top_up(batch: Batch) -> None:
    """Begins an automatic payment for each wallet that has fallen below its rule's threshold."""
    auto_topup.consider(wallet_ids=batch.aggregate_ids, now=timezone.now())


@consumes(
    ["billing.payment.succeeded", "billing.payment.refunded"],
    name="card-receipts",
    order="aggregate",
    scope="tenant",
)
def write_card_receipts(batch: Batch) -> None:
    """Writes the receipt of a card payment, and the credit note of its refund."""
    card_receipts.write(batch)
