"""Card payments, packages and automatic top-ups."""

from billing.payments.models.auto_topup import (
    LONGEST_MINUTES_BETWEEN,
    MINUTES_BETWEEN,
    MOST_EVER_PER_DAY,
    MOST_PER_DAY,
    AutoTopup,
)
from billing.payments.models.package import CreditPackage
from billing.payments.models.payment import (
    UNFINISHED,
    UNPAID,
    EventOutcome,
    Payment,
    PaymentKind,
    PaymentStatus,
    StripeEvent,
)

__all__ = [
    "LONGEST_MINUTES_BETWEEN",
    "MINUTES_BETWEEN",
    "MOST_EVER_PER_DAY",
    "MOST_PER_DAY",
    "UNFINISHED",
    "UNPAID",
    "AutoTopup",
    "CreditPackage",
    "EventOutcome",
    "Payment",
    "PaymentKind",
    "PaymentStatus",
    "StripeEvent",
]
