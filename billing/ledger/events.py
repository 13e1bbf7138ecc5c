"""What happens in the billing domain, and who acts on it."""

from lad.outbox.catalogue import define

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


define(
    "billing.ledger.audit_failed",
    "The audit of the ledger found {violations} violations",
    fields=["audit_id", "violations", "rules"],
)
