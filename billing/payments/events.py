"""Domain events of card payments, and the consumers that send mails, top up wallets and write receipts."""

from django.utils import timezone

from billing.payments.mails import queue_declined, queue_low_balance
from billing.payments.services.auto_topup import start_due_topups
from billing.payments.services.card_receipts import write_documents
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
    "{amount} {currency} of {subject} was disputed",
    fields=["amount", "currency", "reason"],
)


define("billing.payment.attention_needed", "{subject} needs attention: {reason}", fields=["reason"])


define("billing.payment.settled", "{actor} reviewed {subject}: {reason}", fields=["before", "reason"])


define(
    "billing.auto_topup.declined",
    "An automatic top-up was declined and is retried after {paused_until}: {reason}",
    fields=["reason", "paused_until"],
)


@consumes("billing.wallet.balance_low", name="low-balance-mail")
def warn_of_low_balance(batch: Batch) -> None:
    """Queue the low-balance mail to the tenant's owners and admins."""
    queue_low_balance(batch)


@consumes("billing.auto_topup.declined", name="topup-declined-mail")
def warn_of_declined_topup(batch: Batch) -> None:
    """Queue the mail about a declined automatic top-up, once per streak of declines."""
    queue_declined(batch)


@consumes("billing.wallet.balance_low", name="auto-topup")
def start_topups(batch: Batch) -> None:
    """Start an automatic payment for each wallet that is below its rule's threshold."""
    start_due_topups(wallet_ids=batch.aggregate_ids, now=timezone.now())


@consumes(
    ["billing.payment.succeeded", "billing.payment.refunded"],
    name="card-receipts",
    order="aggregate",
    scope="tenant",
)
def write_card_receipts(batch: Batch) -> None:
    """Write the receipt of a card payment and the credit note of its refund."""
    write_documents(batch)
