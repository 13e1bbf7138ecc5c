"""Helpers for card payment tests: start checkouts, deliver webhooks, read the results."""

import time
from decimal import Decimal
from typing import Any

from django.test import Client

from billing.ledger.models import LedgerTransaction, Wallet
from billing.payments.models import CreditPackage, Payment, StripeEvent
from lad.tenancy.context import platform_context
from tests.billing.payments.stripe_server import WEBHOOK_SECRET, StripeAccount, sign

CHECKOUT = "/api/v1/billing-payments/"
WEBHOOK = "/api/v1/billing/stripe/webhook/"
APP = "http://localhost:5173"


def start_checkout(client: Any, package: CreditPackage, *, key: str = "purchase-1", **body: Any) -> Any:
    """Request a checkout."""
    body_sent = {
        "package": str(package.pk),
        "success_url": f"{APP}/settings?tab=credits&payment=success",
        "cancel_url": f"{APP}/settings?tab=credits&payment=cancelled",
        **body,
    }
    return client.post(CHECKOUT, body_sent, format="json", HTTP_IDEMPOTENCY_KEY=key)


def deliver_webhook(payload: str, *, secret: str = WEBHOOK_SECRET, age: int = 0, signature: str | None = None) -> Any:
    """Deliver a webhook that was signed ``age`` seconds ago."""
    header = sign(payload, secret, at=int(time.time()) - age) if signature is None else signature
    return Client(raise_request_exception=False).post(
        WEBHOOK, payload, content_type="application/json", HTTP_STRIPE_SIGNATURE=header
    )


def deliver_event(account: StripeAccount, kind: str, subject: dict[str, Any]) -> str:
    """Deliver an event and return its outcome."""
    answer = deliver_webhook(account.event(kind, subject))
    assert answer.status_code == 200, answer.content
    return str(answer.json()["outcome"])


def pay_checkout(account: StripeAccount, session_id: str) -> dict[str, Any]:
    """Pay a checkout, deliver its event, and return the session."""
    session = account.pay(session_id)
    assert deliver_event(account, "checkout.session.completed", session) == "processed"
    return session


def available(wallet: Wallet) -> Decimal:
    """Return the wallet's available balance."""
    with platform_context():
        return Wallet.objects.get(pk=wallet.pk).available_balance


def ledger_rows(wallet: Wallet) -> list[LedgerTransaction]:
    """Return the wallet's ledger entries."""
    with platform_context():
        return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))


def get_payment(**by: Any) -> Payment:
    """Return the only payment that matches."""
    with platform_context():
        return Payment.objects.get(**by)


def stripe_events() -> list[StripeEvent]:
    """Return all Stripe events in order."""
    with platform_context():
        return list(StripeEvent.objects.order_by("created_at"))
