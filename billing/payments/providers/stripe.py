"""Card payments through Stripe's client, behind the protocol of ``billing.payments.providers.cards``.

Every write carries the payment's id as idempotency key, so that a repeated call returns the first result.
Stripe keeps keys for at least a day.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, cast
from uuid import UUID

import stripe

from billing.payments.providers.cards import (
    CardDeclined,
    DisputeFacts,
    EventMalformed,
    KeyRefused,
    NoResponse,
    Order,
    PaymentFacts,
    PaymentStage,
    ProviderBusy,
    ProviderEvent,
    RefundFacts,
    RequestRefused,
    SignatureRefused,
    counted_unit,
)
from lad.db.identifiers import uuid_or_none

TIMEOUT_SECONDS: Final = 10
RETRIES: Final = 1
SIGNATURE_TOLERANCE_SECONDS: Final = 300
PAGE_SIZE: Final = 100
MAX_NAME_LENGTH: Final = 100
PAYMENT: Final = "payment_id"
TENANT: Final = "tenant_id"
SESSION_STAGES: Final = {"open": PaymentStage.OPEN, "complete": PaymentStage.OPEN, "expired": PaymentStage.EXPIRED}
INTENT_STAGES: Final = {
    "succeeded": PaymentStage.PAID,
    "processing": PaymentStage.OPEN,
    "requires_confirmation": PaymentStage.OPEN,
    "requires_capture": PaymentStage.OPEN,
    # An automatic payment that needs the cardholder has failed.
    "requires_action": PaymentStage.FAILED,
    "requires_payment_method": PaymentStage.FAILED,
    "canceled": PaymentStage.FAILED,
}

# Telemetry would report call durations to Stripe.
stripe.enable_telemetry = False


def to_minor(amount: Decimal, currency: str) -> int:
    """Convert an amount to Stripe's integer in the unit in which it counts the currency."""
    return int((amount / counted_unit(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def from_minor(count: int, currency: str) -> Decimal:
    """Convert Stripe's integer to an amount."""
    return count * counted_unit(currency)


class StripeCards:
    """The Stripe provider. ``secret_key`` and ``webhook_secret`` are never logged or shown."""

    def __init__(self, *, secret_key: str, webhook_secret: str, address: str) -> None:
        self._webhook_secret = webhook_secret
        self._api = stripe.StripeClient(
            secret_key,
            base_addresses={"api": address.rstrip("/")},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        ).v1

    def open_checkout(self, order: Order, *, success_url: str, cancel_url: str, keep_card: bool) -> PaymentFacts:
        intent: dict[str, Any] = {"metadata": _names(order)}
        params: dict[str, Any] = {
            "mode": "payment",
            "line_items": [_line_item(line.name, line.amount, order.currency) for line in order.lines],
            "success_url": success_url,
            "cancel_url": cancel_url,
            "client_reference_id": str(order.payment_id),
            "metadata": _names(order),
            "payment_intent_data": intent,
        }
        if keep_card:
            intent["setup_future_usage"] = "off_session"
            params["customer_creation"] = "always"
        with _translated():
            session = self._api.checkout.sessions.create(cast(Any, params), _once(order))
        return _session_facts(session.to_dict())

    def checkout(self, session_id: str) -> PaymentFacts:
        with _translated():
            return _session_facts(self._api.checkout.sessions.retrieve(session_id).to_dict())

    def charge(self, order: Order, *, description: str, customer_id: str, card_id: str) -> PaymentFacts:
        params: dict[str, Any] = {
            "amount": to_minor(order.total, order.currency),
            "currency": order.currency.lower(),
            "customer": customer_id,
            "payment_method": card_id,
            "payment_method_types": ["card"],
            "description": description,
            "metadata": _names(order),
            "confirm": True,
            "off_session": True,
        }
        with _translated():
            return _intent_facts(self._api.payment_intents.create(cast(Any, params), _once(order)).to_dict())

    def payment(self, intent_id: str) -> PaymentFacts:
        with _translated():
            return _intent_facts(self._api.payment_intents.retrieve(intent_id).to_dict())

    def find_charge(self, payment_id: UUID, *, customer_id: str, since: datetime) -> PaymentFacts | None:
        params: Any = {
            "customer": customer_id,
            "created": {"gte": int(since.timestamp())},
            "limit": PAGE_SIZE,
        }
        with _translated():
            pages = self._api.payment_intents.list(params)
            found = (_intent_facts(each.to_dict()) for each in pages.auto_paging_iter())
            return next((facts for facts in found if facts.payment_id == payment_id), None)

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        try:
            stripe.WebhookSignature.verify_header(payload, signature, self._webhook_secret, SIGNATURE_TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise SignatureRefused from error
        with _readable():
            event = json.loads(payload)
            made = ProviderEvent(id=event["id"], type=event["type"], subject=event["data"]["object"])
            _require_texts(made.id, made.type)
            if not isinstance(made.subject, Mapping):
                raise TypeError(made.subject)
            return made

    def facts(self, subject: Mapping[str, Any]) -> PaymentFacts | RefundFacts | DisputeFacts | None:
        with _readable():
            return _facts(subject)


@contextmanager
def _readable() -> Iterator[None]:
    """Raise EventMalformed for JSON that is cut off, lacks a member or has one of another kind."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, OverflowError, RecursionError) as error:
        raise EventMalformed(f"The webhook is signed, but LAD cannot read it: {type(error).__name__}.") from error


def _require_texts(*values: object) -> None:
    """Raise TypeError unless all are non-empty texts that can be stored."""
    for value in values:
        if not isinstance(value, str) or not value or len(value) > MAX_NAME_LENGTH or "\0" in value:
            raise TypeError(value)


def _facts(subject: Mapping[str, Any]) -> PaymentFacts | RefundFacts | DisputeFacts | None:
    match subject.get("object"):
        case "checkout.session":
            return _session_facts(subject)
        case "payment_intent":
            return _intent_facts(subject)
        case "charge":
            currency = subject["currency"].upper()
            refunded = from_minor(_count(subject["amount_refunded"]), currency)
            # A charge carries the metadata of its payment intent.
            return RefundFacts(_id(subject, "payment_intent"), refunded, currency, _ours(subject)["payment_id"])
        case "dispute":
            currency = subject["currency"].upper()
            amount = from_minor(_count(subject["amount"]), currency)
            status, reason = str(subject.get("status") or ""), str(subject.get("reason") or "")
            return DisputeFacts(_id(subject, "payment_intent"), amount, currency, reason, status)
    return None


def _count(value: object) -> int:
    """Return Stripe's integer. Raises TypeError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


@contextmanager
def _translated() -> Iterator[None]:
    """Translate Stripe's errors by what they mean for the payment: not made, declined, or unknown."""
    try:
        yield
    except stripe.CardError as error:
        raise CardDeclined(error.user_message or "", reason=_decline_code(error)) from error
    except stripe.RateLimitError as error:
        raise ProviderBusy from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise KeyRefused from error
    except stripe.InvalidRequestError as error:
        raise RequestRefused(f"Stripe refused the request: {error.user_message or error.code}") from error
    except stripe.StripeError as error:
        # Includes key conflicts, which mean that another request with this key exists.
        raise NoResponse from error


def _decline_code(error: stripe.CardError) -> str:
    detail = (error.json_body or {}).get("error", {}) if isinstance(error.json_body, Mapping) else {}
    return str(detail.get("decline_code") or error.code or "card_declined")


def _once(order: Order) -> Any:
    return {"idempotency_key": str(order.payment_id)}


def _names(order: Order) -> dict[str, str]:
    return {PAYMENT: str(order.payment_id), TENANT: str(order.tenant_id)}


def _line_item(name: str, amount: Decimal, currency: str) -> dict[str, Any]:
    price = {
        "currency": currency.lower(),
        "unit_amount": to_minor(amount, currency),
        "product_data": {"name": name},
    }
    return {"quantity": 1, "price_data": price}


def _session_facts(session: Mapping[str, Any]) -> PaymentFacts:
    currency = (session.get("currency") or "").upper()
    total = session.get("amount_total")
    expires_at = session.get("expires_at")
    paid = session.get("payment_status") in ("paid", "no_payment_required")
    return PaymentFacts(
        stage=PaymentStage.PAID if paid else SESSION_STAGES.get(session.get("status") or "", PaymentStage.OPEN),
        total=None if total is None else from_minor(_count(total), currency),
        currency=currency,
        session_id=session["id"],
        intent_id=_id(session, "payment_intent"),
        url=session.get("url") or "",
        expires_at=datetime.fromtimestamp(expires_at, UTC) if expires_at else None,
        customer_id=_id(session, "customer"),
        **_ours(session),
    )


def _intent_facts(intent: Mapping[str, Any]) -> PaymentFacts:
    currency = intent["currency"].upper()
    error = intent.get("last_payment_error") or {}
    return PaymentFacts(
        stage=INTENT_STAGES.get(intent["status"], PaymentStage.OPEN),
        total=from_minor(_count(intent["amount"]), currency),
        currency=currency,
        intent_id=intent["id"],
        customer_id=_id(intent, "customer"),
        card_id=_id(intent, "payment_method"),
        error=str(error.get("message") or error.get("code") or ""),
        **_ours(intent),
    )


def _ours(subject: Mapping[str, Any]) -> dict[str, Any]:
    named = subject.get("metadata") or {}
    return {"payment_id": uuid_or_none(named.get(PAYMENT) or ""), "tenant_id": uuid_or_none(named.get(TENANT) or "")}


def _id(subject: Mapping[str, Any], name: str) -> str:
    """Return the id of a related object, which is a string or, if expanded, the object itself."""
    value = subject.get(name)
    return str(value["id"] if isinstance(value, Mapping) else value or "")
