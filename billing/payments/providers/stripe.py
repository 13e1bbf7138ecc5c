"""Card payments through Stripe: its own client, behind the protocol of ``billing.payments.providers.cards``.

Every write carries the payment's id as Stripe's idempotency key, so that a repeated call finds the
first one's result. Stripe forgets keys after a day at the earliest.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

import stripe
from django.conf import settings

from billing.payments.providers.cards import (
    Busy,
    Declined,
    Dispute,
    Facts,
    KeyRefused,
    NoAnswer,
    NotConfigured,
    Order,
    ProviderEvent,
    Refund,
    Refused,
    SignatureRefused,
    Stage,
    smallest_unit,
)
from lad.db.identifiers import uuid_or_none

TIMEOUT_SECONDS: Final = 10
RETRIES: Final = 1
SIGNATURE_TOLERANCE_SECONDS: Final = 300
CHARGES_LOOKED_AT: Final = 100
PAYMENT: Final = "payment_id"
TENANT: Final = "tenant_id"
SESSION_STAGES: Final = {"open": Stage.OPEN, "complete": Stage.OPEN, "expired": Stage.EXPIRED}
INTENT_STAGES: Final = {
    "succeeded": Stage.PAID,
    "processing": Stage.OPEN,
    "requires_confirmation": Stage.OPEN,
    "requires_capture": Stage.OPEN,
    # Nobody sits at the screen of an automatic payment: what needs a person has failed.
    "requires_action": Stage.FAILED,
    "requires_payment_method": Stage.FAILED,
    "canceled": Stage.FAILED,
}

# Measures how long calls take, and tells Stripe.
stripe.enable_telemetry = False


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount as Stripe counts it, in whole smallest units."""
    return int((amount / smallest_unit(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def from_minor(count: int, currency: str) -> Decimal:
    """An amount Stripe counted."""
    return count * smallest_unit(currency)


class StripeCards:
    """The provider. ``secret_key`` and ``webhook_secret`` are never logged or shown."""

    def __init__(self, *, secret_key: str, webhook_secret: str, address: str) -> None:
        self._webhook_secret = webhook_secret
        self._api = stripe.StripeClient(
            secret_key,
            base_addresses={"api": address.rstrip("/")},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        ).v1

    def open_checkout(self, order: Order, *, success_url: str, cancel_url: str, keep_card: bool) -> Facts:
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

    def checkout(self, session_id: str) -> Facts:
        with _translated():
            return _session_facts(self._api.checkout.sessions.retrieve(session_id).to_dict())

    def charge(self, order: Order, *, description: str, customer_id: str, card_id: str) -> Facts:
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

    def payment(self, intent_id: str) -> Facts:
        with _translated():
            return _intent_facts(self._api.payment_intents.retrieve(intent_id).to_dict())

    def find_charge(self, payment_id: UUID, *, customer_id: str, since: datetime) -> Facts | None:
        params: Any = {
            "customer": customer_id,
            "created": {"gte": int(since.timestamp())},
            "limit": CHARGES_LOOKED_AT,
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
        event = json.loads(payload)
        return ProviderEvent(id=event["id"], type=event["type"], subject=event["data"]["object"])

    def facts(self, subject: Mapping[str, Any]) -> Facts | Refund | Dispute | None:
        match subject.get("object"):
            case "checkout.session":
                return _session_facts(subject)
            case "payment_intent":
                return _intent_facts(subject)
            case "charge":
                currency = subject["currency"].upper()
                refunded = from_minor(subject["amount_refunded"], currency)
                # What a payment intent is named with, its charge is named with too.
                return Refund(_id(subject, "payment_intent"), refunded, currency, _ours(subject)["payment_id"])
            case "dispute":
                currency = subject["currency"].upper()
                amount = from_minor(subject["amount"], currency)
                return Dispute(_id(subject, "payment_intent"), amount, currency, subject.get("reason") or "")
        return None


def provider() -> StripeCards:
    """The configured provider. Raises NotConfigured."""
    if not (settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET):
        raise NotConfigured
    return _provider(settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_URL)


@lru_cache(maxsize=4)
def _provider(secret_key: str, webhook_secret: str, address: str) -> StripeCards:
    return StripeCards(secret_key=secret_key, webhook_secret=webhook_secret, address=address)


@contextmanager
def _translated() -> Iterator[None]:
    """Stripe's errors as ours, by what they say of the payment: not made, declined, or nobody knows."""
    try:
        yield
    except stripe.CardError as error:
        raise Declined(error.user_message or "", reason=_decline_code(error)) from error
    except stripe.RateLimitError as error:
        raise Busy from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise KeyRefused from error
    except stripe.InvalidRequestError as error:
        raise Refused(f"Stripe refused the request: {error.user_message or error.code}") from error
    except stripe.StripeError as error:
        # Among them the same key with other parameters, or used this very moment: there is another request.
        raise NoAnswer from error


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


def _session_facts(session: Mapping[str, Any]) -> Facts:
    currency = (session.get("currency") or "").upper()
    total = session.get("amount_total")
    expires_at = session.get("expires_at")
    paid = session.get("payment_status") in ("paid", "no_payment_required")
    return Facts(
        stage=Stage.PAID if paid else SESSION_STAGES.get(session.get("status") or "", Stage.OPEN),
        total=None if total is None else from_minor(total, currency),
        currency=currency,
        session_id=session["id"],
        intent_id=_id(session, "payment_intent"),
        url=session.get("url") or "",
        expires_at=datetime.fromtimestamp(expires_at, UTC) if expires_at else None,
        customer_id=_id(session, "customer"),
        **_ours(session),
    )


def _intent_facts(intent: Mapping[str, Any]) -> Facts:
    currency = intent["currency"].upper()
    error = intent.get("last_payment_error") or {}
    return Facts(
        stage=INTENT_STAGES.get(intent["status"], Stage.OPEN),
        total=from_minor(intent["amount"], currency),
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
    """The id of a related object, which comes as text or, expanded, as the object itself."""
    value = subject.get(name)
    return str(value["id"] if isinstance(value, Mapping) else value or "")
