"""Models of card payments, credit packages and automatic top-ups."""

from billing.payments.models.auto_topup import (
    DEFAULT_MINUTES_BETWEEN,
    DEFAULT_PER_DAY,
    MAX_MINUTES_BETWEEN,
    MAX_PER_DAY,
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
    "DEFAULT_MINUTES_BETWEEN",
    "DEFAULT_PER_DAY",
    "MAX_MINUTES_BETWEEN",
    "MAX_PER_DAY",
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
