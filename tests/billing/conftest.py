"""A company's money: its wallet, what use costs, browsers to look at it with, and a Stripe account to fill it from."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.ledger.models import Wallet
from billing.payments.models import CreditPackage
from billing.pricing.models import Price
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import SECRET_KEY, WEBHOOK_SECRET, Stripe, serve
from tests.billing.usage.metered import CALL
from tests.factories.billing import CreditPackageFactory, PriceFactory, WalletFactory
from tests.support.serving import serving


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
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    with serving(serve(stripe)) as settings.STRIPE_API_URL:
        yield stripe


@pytest.fixture
def package(db: None) -> CreditPackage:
    """1,000 credits for 99.00."""
    with platform_context():
        return CreditPackageFactory.create(name="Starter", key="starter", credits=1_000, price=Decimal(99))


@pytest.fixture
def listed(db: None) -> Price:
    """A common price of a minute, since long."""
    since = timezone.now() - timedelta(days=400)
    with platform_context():
        return PriceFactory.create(**CALL, unit_price=Decimal("0.013"), effective_from=since)


@pytest.fixture
def inside(tenant: Tenant, listed: Price) -> Iterator[None]:
    """Work inside the tenant, where a minute has its price."""
    with tenant_context(tenant.pk):
        yield
