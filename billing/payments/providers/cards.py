"""The protocol of card payment providers, with the data and errors they exchange with billing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from billing.money import minor_unit
from lad.errors import DomainError, Invalid, Unavailable

# How Stripe counts amounts, from https://docs.stripe.com/currencies: most currencies in hundredths, these otherwise.
WITHOUT_CENTS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
IN_THOUSANDTHS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
HUNDREDTH: Final = Decimal("0.01")


class NotConfigured(DomainError):
    """Card payments are not set up. Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET."""

    code = "stripe_not_configured"
    status = 501
    title = "Card payments are not set up"


class NoResponse(Unavailable):
    """Stripe gave no clear response, so the payment may or may not be in progress. Repeat the same request."""

    code = "stripe_no_answer"


class ProviderBusy(Unavailable):
    """Stripe is too busy to take the request. Repeat it in a moment."""

    code = "stripe_busy"


class RequestRefused(DomainError):
    """Stripe refused the request, and nothing was paid."""

    code = "stripe_refused"
    status = 502
    title = "Refused by the payment provider"


class KeyRefused(RequestRefused):
    """Stripe does not accept the key in STRIPE_SECRET_KEY. Correct the setting and repeat the request."""

    code = "stripe_key_refused"


class CardDeclined(DomainError):
    """The card was declined."""

    code = "card_declined"
    status = 402
    title = "Card declined"


class EventMalformed(Invalid):
    """The webhook is signed, but it is not an event that LAD can read."""

    code = "stripe_event_malformed"


class SignatureRefused(Invalid):
    """The webhook's signature is missing, invalid or too old."""

    code = "stripe_signature_refused"


def counted_unit(currency: str) -> Decimal:
    """Return the unit in which Stripe counts amounts in the currency."""
    if currency.upper() in IN_THOUSANDTHS:
        return Decimal("0.001")
    return Decimal(1) if currency.upper() in WITHOUT_CENTS else HUNDREDTH


def smallest_unit(currency: str) -> Decimal:
    """Return the smallest amount a card can pay in the currency.

    It is a whole number of minor units. Stripe takes no thousandths, although it counts in them.
    """
    return max(counted_unit(currency), minor_unit(currency), HUNDREDTH)


class PaymentStage(StrEnum):
    """The state of a payment at the provider."""

    OPEN = "open"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order."""

    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """The amount a card should pay. ``payment_id`` is the idempotency key, so the provider executes it once."""

    payment_id: UUID
    tenant_id: UUID
    currency: str
    lines: Sequence[OrderLine]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """The provider's report about one payment. ``payment_id`` and ``tenant_id`` are None if it is not ours."""

    stage: PaymentStage
    total: Decimal | None
    currency: str
    payment_id: UUID | None
    tenant_id: UUID | None
    session_id: str = ""
    intent_id: str = ""
    url: str = ""
    expires_at: datetime | None = None
    customer_id: str = ""
    card_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """The total amount refunded so far of one payment."""

    intent_id: str
    refunded: Decimal
    currency: str
    payment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A payment that the cardholder disputed with their bank, and how it ended if it has."""

    intent_id: str
    amount: Decimal
    currency: str
    reason: str
    status: str = ""

    @property
    def won(self) -> bool:
        """Return whether the dispute, or the bank's inquiry before one, ended in our favour."""
        return self.status in ("won", "warning_closed")


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A webhook event whose signature was verified."""

    id: str
    type: str
    subject: Mapping[str, Any]


class CardProvider(Protocol):
    """A provider of card payments. Do not call it inside a transaction.

    Its methods raise NoResponse, ProviderBusy or RequestRefused.
    """

    def open_checkout(self, order: Order, *, success_url: str, cancel_url: str, keep_card: bool) -> PaymentFacts:
        """Open a page where the card is entered. The same order gets the same page."""

    def checkout(self, session_id: str) -> PaymentFacts:
        """Return the state of a checkout."""

    def charge(self, order: Order, *, description: str, customer_id: str, card_id: str) -> PaymentFacts:
        """Charge a saved card, once per order. Raises CardDeclined."""

    def payment(self, intent_id: str) -> PaymentFacts:
        """Return the state of a payment."""

    def find_charge(self, payment_id: UUID, *, customer_id: str, since: datetime) -> PaymentFacts | None:
        """Find the charge of one of our payments among a customer's charges since then."""

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        """Verify and parse a webhook. Raises SignatureRefused or EventMalformed."""

    def facts(self, subject: Mapping[str, Any]) -> PaymentFacts | RefundFacts | DisputeFacts | None:
        """Parse the object of an event; return None if its type is unknown. Raises EventMalformed."""
