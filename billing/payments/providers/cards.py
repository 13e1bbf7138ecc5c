"""What the billing domain wants of a provider of card payments, and what it is told by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from lad.errors import DomainError, Invalid, Unavailable

# https://docs.stripe.com/currencies: of these whole units are paid; three-decimal ones we do not sell in.
WITHOUT_CENTS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)


class NotConfigured(DomainError):
    """Card payments are not set up here: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET."""

    code = "stripe_not_configured"
    status = 501
    title = "Card payments are not set up"


class NoAnswer(Unavailable):
    """Stripe gave no clear answer, so that the payment may or may not be under way: repeat the same request."""

    code = "stripe_no_answer"


class Busy(Unavailable):
    """Stripe did not take the request right now: repeat it in a moment."""

    code = "stripe_busy"


class Refused(DomainError):
    """Stripe refused the request, and nothing was paid."""

    code = "stripe_refused"
    status = 502
    title = "Refused by the payment provider"


class KeyRefused(Refused):
    """Stripe does not accept the key in STRIPE_SECRET_KEY for this: correct the setting and repeat the request."""

    code = "stripe_key_refused"


class Declined(DomainError):
    """The card was declined."""

    code = "card_declined"
    status = 402
    title = "Card declined"


class SignatureRefused(Invalid):
    """This is not signed as Stripe signs, or was signed too long ago."""

    code = "stripe_signature_refused"


def smallest_unit(currency: str) -> Decimal:
    """The smallest amount a card can pay in the currency."""
    return Decimal(1) if currency.upper() in WITHOUT_CENTS else Decimal("0.01")


class Stage(StrEnum):
    """How far a payment is at the provider."""

    OPEN = "open"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what is paid."""

    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. ``payment_id`` names it to the provider, which carries it out once."""

    payment_id: UUID
    tenant_id: UUID
    currency: str
    lines: Sequence[Line]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the provider says of one payment. The ids of ours are None where it names none of our payments."""

    stage: Stage
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
class Refund:
    """What has gone back to the card so far, of one payment."""

    intent_id: str
    refunded: Decimal
    currency: str
    payment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """Somebody told their bank that they did not want to pay."""

    intent_id: str
    amount: Decimal
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event as it came, its signature checked."""

    id: str
    type: str
    subject: Mapping[str, Any]


class CardProvider(Protocol):
    """A provider of card payments. Calls raise NoAnswer, Busy or Refused; none belongs inside a transaction."""

    def open_checkout(self, order: Order, *, success_url: str, cancel_url: str, keep_card: bool) -> Facts:
        """A page where the card is asked for; the same one for the same order."""

    def checkout(self, session_id: str) -> Facts:
        """How a checkout stands."""

    def charge(self, order: Order, *, description: str, customer_id: str, card_id: str) -> Facts:
        """Charge a kept card, once for the same order. Raises Declined."""

    def payment(self, intent_id: str) -> Facts:
        """How a payment stands."""

    def find_charge(self, payment_id: UUID, *, customer_id: str, since: datetime) -> Facts | None:
        """The charge of one of our payments among those of a customer since then, if there is one."""

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        """The event of a webhook. Raises SignatureRefused."""

    def facts(self, subject: Mapping[str, Any]) -> Facts | Refund | Dispute | None:
        """What the subject of an event says; None where it is of no kind we know."""
