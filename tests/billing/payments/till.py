"""Buying by card in tests: the checkout, and what Stripe tells of it."""

import time
from decimal import Decimal
from typing import Any

from django.test import Client

from billing.ledger.models import LedgerTransaction, Wallet
from billing.payments.models import CreditPackage, Payment, StripeEvent
from lad.tenancy.context import platform_context
from tests.billing.payments.stripe_server import WEBHOOK_SECRET, Stripe, sign
from tests.conftest import superuser_connection

CHECKOUT = "/api/v1/billing-payments/"
WEBHOOK = "/api/v1/billing/stripe/webhook/"
APP = "http://localhost:5173"


def checkout(client: Any, package: CreditPackage, *, key: str = "purchase-1", **body: Any) -> Any:
    """Ask for a checkout."""
    wanted = {
        "package": str(package.pk),
        "success_url": f"{APP}/settings?tab=credits&payment=success",
        "cancel_url": f"{APP}/settings?tab=credits&payment=cancelled",
        **body,
    }
    return client.post(CHECKOUT, wanted, format="json", HTTP_IDEMPOTENCY_KEY=key)


def tell(payload: str, *, secret: str = WEBHOOK_SECRET, age: int = 0, signature: str | None = None) -> Any:
    """Deliver a webhook, signed ``age`` seconds ago."""
    header = sign(payload, secret, at=int(time.time()) - age) if signature is None else signature
    return Client(raise_request_exception=False).post(
        WEBHOOK, payload, content_type="application/json", HTTP_STRIPE_SIGNATURE=header
    )


def told(account: Stripe, kind: str, subject: dict[str, Any]) -> str:
    """Tell of something once; returns what became of it."""
    answer = tell(account.event(kind, subject))
    assert answer.status_code == 200, answer.content
    return str(answer.json()["outcome"])


def paid(account: Stripe, session_id: str) -> dict[str, Any]:
    """Pay a checkout, and have it told; returns the session."""
    session = account.pay(session_id)
    assert told(account, "checkout.session.completed", session) == "processed"
    return session


def available(wallet: Wallet) -> Decimal:
    """What can be spent now."""
    with platform_context():
        return Wallet.objects.get(pk=wallet.pk).available_balance


def rows(wallet: Wallet) -> list[LedgerTransaction]:
    """The wallet's ledger."""
    with platform_context():
        return list(LedgerTransaction.objects.filter(wallet=wallet).order_by("wallet_version"))


def payment(**by: Any) -> Payment:
    """The only payment, or the one."""
    with platform_context():
        return Payment.objects.get(**by)


def event_rows() -> list[StripeEvent]:
    """What was told."""
    with platform_context():
        return list(StripeEvent.objects.order_by("created_at"))


def until_another_waits() -> None:
    """Until somebody else's statement waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with superuser_connection() as behind:
        for _ in range(500):
            if behind.execute(waiting).fetchone():
                return
            time.sleep(0.01)
