"""Buy credits: store the payment, then ask the provider for a checkout page.

The provider is called outside of any transaction. After a crash, repeating the request with the same key
continues the same payment and returns the same page.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from billing.invoicing.models import profile_of
from billing.ledger.errors import IdempotencyConflict, WalletClosed
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.services import wallets
from billing.payments.models import CreditPackage, Payment, PaymentKind, PaymentStatus
from billing.payments.providers.cards import CardProvider, KeyRefused, RequestRefused
from billing.payments.services import payments, purchases
from lad.errors import Conflict, Invalid, NotFound
from lad.tenancy.context import current_scope, current_tenant_id
from tenants.accounts.models import User

# The provider forgets idempotency keys after a day and would create a second page.
REPEATABLE_FOR: Final = timedelta(hours=23)
FIRST_CHECK_AFTER: Final = timedelta(minutes=10)

ScopeFactory = Callable[[], AbstractContextManager[None]]


class PackageNotFound(NotFound):
    """This package does not exist or is no longer sold."""


class WalletNotFound(NotFound):
    """This wallet does not exist."""


class CheckoutOver(Conflict):
    """This checkout has expired. Start another one with a new Idempotency-Key."""

    code = "checkout_over"


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """A requested purchase. Without ``wallet_id`` it is for the tenant's own wallet."""

    package_id: UUID
    success_url: str
    cancel_url: str
    wallet_id: UUID | None = None
    keep_card: bool = False


@dataclass(frozen=True, slots=True)
class StartedCheckout:
    """A checkout, and whether it had already been started."""

    payment: Payment
    replayed: bool


def start(
    *, request: CheckoutRequest, key: str, user: User, scope: ScopeFactory, cards: CardProvider, now: datetime
) -> StartedCheckout:
    """Start a checkout, or continue the one with this key. Call it outside of any transaction.

    ``scope`` enters the payer's scope, once before and once after the call of the provider. Raises
    PackageNotFound, WalletNotFound, WalletClosed, IdempotencyConflict if the key belongs to a
    different purchase, CheckoutOver, Invalid for a foreign redirect address, or what the provider raises.
    """
    with scope():
        payment, made = _find_or_create(request, key, user, now)
    if payment.status != PaymentStatus.CREATED:
        return StartedCheckout(payment, replayed=True)
    if now - payment.created_at > REPEATABLE_FOR:
        raise CheckoutOver
    if current_scope() is not None:
        raise RuntimeError("A checkout was started inside a scope, whose transaction would wait for the provider.")
    try:
        facts = cards.open_checkout(
            purchases.order_of(payment),
            success_url=payment.success_url,
            cancel_url=payment.cancel_url,
            keep_card=payment.keep_card,
        )
    except KeyRefused:
        raise
    except RequestRefused as error:
        with scope():
            payments.fail(payment=payment, reason=error.detail)
        raise
    with scope():
        payments.require_match(payment, facts)
        return StartedCheckout(payments.record_session(payment=payment, facts=facts), replayed=not made)


def allowed_address(address: str) -> bool:
    """Return whether a payer may be redirected there: to the app or another origin that may call the API."""
    try:
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return False
    return "\\" not in address and origin in {
        _origin(each) for each in (settings.APP_URL, *settings.CORS_ALLOWED_ORIGINS) if each
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _find_or_create(request: CheckoutRequest, key: str, user: User, now: datetime) -> tuple[Payment, bool]:
    """Return the payment of the key and whether it was created. One of several simultaneous requests creates it."""
    found = Payment.objects.filter(tenant=current_tenant_id(), idempotency_key=key).first()
    if found is None:
        payment = _new(request, key, user, now)
        Payment.objects.bulk_create([payment], ignore_conflicts=True)
        found = Payment.objects.get(tenant=current_tenant_id(), idempotency_key=key)
        if found.pk == payment.pk:
            return found, True
    _require_same(found, request)
    return found, False


def _new(request: CheckoutRequest, key: str, user: User, now: datetime) -> Payment:
    _require_allowed(request)
    package = CreditPackage.objects.filter(pk=request.package_id, is_active=True).first()
    if package is None:
        raise PackageNotFound
    wallet = _wallet(request.wallet_id)
    if wallet.status == WalletStatus.CLOSED:
        raise WalletClosed
    return purchases.new_payment(
        terms=purchases.package_terms(package, wallet=wallet, profile=profile_of(wallet.tenant_id)),
        wallet=wallet,
        kind=PaymentKind.CHECKOUT,
        key=key,
        user_id=user.pk,
        package=package,
        success_url=request.success_url,
        cancel_url=request.cancel_url,
        keep_card=request.keep_card,
        next_attempt_at=now + FIRST_CHECK_AFTER,
        created_at=now,
    )


def _wallet(wallet_id: UUID | None) -> Wallet:
    if wallet_id is None:
        return wallets.open_wallet()
    found: Wallet | None = Wallet.objects.filter(pk=wallet_id).first()
    if found is None:
        raise WalletNotFound
    return found


def _require_allowed(request: CheckoutRequest) -> None:
    refused = {
        name: ["This address is not allowed. Use an address of the app (APP_URL or one of CORS_ALLOWED_ORIGINS)."]
        for name in ("success_url", "cancel_url")
        if not allowed_address(getattr(request, name))
    }
    if refused:
        raise Invalid(errors=refused)


def _require_same(payment: Payment, request: CheckoutRequest) -> None:
    """Raise IdempotencyConflict if the key belongs to a different purchase."""
    values = {
        "package": (payment.package_id, request.package_id),
        "success_url": (payment.success_url, request.success_url),
        "cancel_url": (payment.cancel_url, request.cancel_url),
        "keep_card": (payment.keep_card, request.keep_card),
        "wallet": (payment.wallet_id, request.wallet_id or payment.wallet_id),
    }
    for field, (before, now) in values.items():
        if before != now:
            raise IdempotencyConflict(
                f"This key was already used for a purchase with a different {field}. Use a new key.", field=field
            )
