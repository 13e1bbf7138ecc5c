"""A company's money: its wallet, browsers to look at it with, and a Stripe account to fill it from."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import CreditPackage, Wallet
from lad.tenancy.context import platform_context
from tenants.models import Tenant, User
from tests.billing.stripe_server import SECRET_KEY, WEBHOOK_SECRET, Stripe, serve
from tests.factories.billing import CreditPackageFactory, WalletFactory


@pytest.fixture
def wallet(tenant: Tenant) -> Wallet:
    """The tenant's own wallet, empty."""
    with platform_context(tenant_id=tenant.pk):
        return WalletFactory.create(user=None, low_balance_threshold=Decimal(1))


@pytest.fixture
def browser() -> Callable[[User], Client]:
    """``browser(user)`` is signed in to the admin."""

    def sign_in(user: User) -> Client:
        with platform_context():
            User.objects.filter(pk=user.pk).update(is_staff=True)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def root(browser: Callable[[User], Client], superuser: User) -> Client:
    """The platform's superuser in the admin."""
    return browser(superuser)


@pytest.fixture
def account(settings: Any) -> Iterator[Stripe]:
    """A Stripe account on this machine, and the settings that lead there."""
    stripe = Stripe()
    server = serve(stripe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.STRIPE_API_URL = stripe.url
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    yield stripe
    server.shutdown()
    server.server_close()


@pytest.fixture
def package(db: None) -> CreditPackage:
    """1,000 credits for 99.00."""
    with platform_context():
        return CreditPackageFactory.create(name="Starter", key="starter", credits=1_000, price=Decimal(99))
