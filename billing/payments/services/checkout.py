"""Buying credits: the payment is a row first, then the provider is asked for a page where the card is entered.

The provider is called outside of any transaction. Whatever dies in between, the same request again,
with the same key, goes on with the same payment and finds the same page.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from billing.invoicing.models import profile_of
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import ledger, wallets
from billing.payments.models import CreditPackage, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import CardProvider, KeyRefused, Refused
from billing.payments.services import payments, purchases
from lad.errors import Conflict, Invalid, NotFound
from lad.tenancy.context import current_scope, current_tenant_id

# The provider forgets what it was asked for after a day, and would make a second page.
REPEATABLE: Final = timedelta(hours=23)
FIRST_LOOK: Final = timedelta(minutes=10)

Scope = Callable[[], AbstractContextManager[None]]


class PackageUnknown(NotFound):
    """There is no such package, or it is no longer sold."""


class WalletUnknown(NotFound):
    """There is no such wallet here."""


class CheckoutOver(Conflict):
    """This checkout has ended: begin another one, with another Idempotency-Key."""

    code = "checkout_over"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be bought. Without a wallet it is for the tenant's own."""

    package_id: UUID
    success_url: str
    cancel_url: str
    wallet_id: UUID | None = None
    keep_card: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A checkout, and whether it was there already."""

    payment: Payment
    replayed: bool


def start(*, wanted: Wanted, key: str, user: Any, scope: Scope, cards: CardProvider, now: datetime) -> Begun:
    """Begin a checkout, or go on with the one that has the key. Called outside of any transaction.

    ``scope`` enters the payer's scope; it is entered before the call of the provider and after it.
    Raises PackageUnknown, WalletUnknown, ledger.WalletClosed, ledger.IdempotencyConflict (the key
    began another purchase), CheckoutOver, Invalid (addresses) or what the provider raises.
    """
    with scope():
        payment, made = _row(wanted, key, user, now)
    if payment.status != PaymentStatus.CREATED:
        return Begun(payment, replayed=True)
    if now - payment.created_at > REPEATABLE:
        raise CheckoutOver
    if current_scope() is not None:
        raise RuntimeError("A checkout began inside a scope, whose transaction would wait for the provider.")
    try:
        facts = cards.open_checkout(
            purchases.order_of(payment),
            success_url=payment.success_url,
            cancel_url=payment.cancel_url,
            keep_card=payment.keep_card,
        )
    except KeyRefused:
        raise
    except Refused as error:
        with scope():
            payments.fail(payment=payment, reason=error.detail)
        raise
    with scope():
        payments.check(payment, facts)
        return Begun(payments.note(payment=payment, facts=facts), replayed=not made)


def allowed_address(address: str) -> bool:
    """Whether a payer may be sent there: to the single-page app or another origin that may call the API."""
    try:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return False
    return "\\" not in address and origin in {
        _origin(each) for each in (settings.APP_URL, *settings.CORS_ALLOWED_ORIGINS)
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _row(wanted: Wanted, key: str, user: Any, now: datetime) -> tuple[Payment, bool]:
    """The payment of the key, made if it is new. Of simultaneous requests one makes it."""
    found = Payment.objects.filter(tenant=current_tenant_id(), idempotency_key=key).first()
    if found is None:
        payment = _new(wanted, key, user, now)
        Payment.objects.bulk_create([payment], ignore_conflicts=True)
        found = Payment.objects.get(tenant=current_tenant_id(), idempotency_key=key)
        if found.pk == payment.pk:
            return found, True
    _require_same(found, wanted)
    return found, False


def _new(wanted: Wanted, key: str, user: Any, now: datetime) -> Payment:
    _require_allowed(wanted)
    package = CreditPackage.objects.filter(pk=wanted.package_id, is_active=True).first()
    if package is None:
        raise PackageUnknown
    wallet = _wallet(wanted.wallet_id)
    if wallet.status == WalletStatus.CLOSED:
        raise ledger.WalletClosed
    return purchases.new(
        terms=purchases.package_terms(package, wallet=wallet, profile=profile_of(wallet.tenant_id)),
        wallet=wallet,
        kind=PaymentKind.CHECKOUT,
        key=key,
        user_id=user.pk,
        package=package,
        success_url=wanted.success_url,
        cancel_url=wanted.cancel_url,
        keep_card=wanted.keep_card,
        next_attempt_at=now + FIRST_LOOK,
        created_at=now,
    )


def _wallet(wallet_id: UUID | None) -> Wallet:
    if wallet_id is None:
        return wallets.open_wallet()
    found: Wallet | None = Wallet.objects.filter(pk=wallet_id).first()
    if found is None:
        raise WalletUnknown
    return found


def _require_allowed(wanted: Wanted) -> None:
    refused = {
        name: ["Only addresses of the app are allowed: its origin is APP_URL or one of CORS_ALLOWED_ORIGINS."]
        for name in ("success_url", "cancel_url")
        if not allowed_address(getattr(wanted, name))
    }
    if refused:
        raise Invalid(errors=refused)


def _require_same(payment: Payment, wanted: Wanted) -> None:
    """A key that began another purchase is not its repetition."""
    asked = {
        "package": (payment.package_id, wanted.package_id),
        "success_url": (payment.success_url, wanted.success_url),
        "cancel_url": (payment.cancel_url, wanted.cancel_url),
        "keep_card": (payment.keep_card, wanted.keep_card),
        "wallet": (payment.wallet_id, wanted.wallet_id or payment.wallet_id),
    }
    for field, (before, asks) in asked.items():
        if before != asks:
            raise ledger.IdempotencyConflict(
                f"This key named a purchase with something else as its {field} before; use a new one.", field=field
            )
