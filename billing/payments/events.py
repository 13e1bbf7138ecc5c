"""What happens in the billing domain, and who acts on it."""

from django.utils import timezone

from billing.payments.mails import queue_declined, queue_low_balance
from billing.payments.services.auto_topup import consider
from billing.payments.services.card_receipts import write
from lad.outbox.catalogue import define
from lad.outbox.consumers import Batch, consumes

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
    queue_low_balance(batch)


@consumes("billing.auto_topup.declined", name="topup-declined-mail")
def tell_of_decline(batch: Batch) -> None:
    """Queues the mail that tells a tenant, once for a streak, that its automatic top-up was declined."""
    queue_declined(batch)


@consumes("billing.wallet.balance_low", name="auto-topup")
def top_up(batch: Batch) -> None:
    """Begins an automatic payment for each wallet that has fallen below its rule's threshold."""
    consider(wallet_ids=batch.aggregate_ids, now=timezone.now())


@consumes(
    ["billing.payment.succeeded", "billing.payment.refunded"],
    name="card-receipts",
    order="aggregate",
    scope="tenant",
)
def write_card_receipts(batch: Batch) -> None:
    """Writes the receipt of a card payment, and the credit note of its refund."""
    write(batch)
