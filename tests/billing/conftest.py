"""Fixtures of the billing tests: a tenant's wallet, prices, admin browsers and a Stripe account."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.ledger.models import Wallet
from billing.payments.models import CreditPackage
from billing.pricing.models import Price
from lad.tenancy.context import platform_context, tenant_context
from tenants.access.rights import PLATFORM_RIGHTS
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.billing.payments.stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeAccount, serve
from tests.billing.usage.metered import CALL
from tests.factories.billing import CreditPackageFactory, PriceFactory, WalletFactory
from tests.factories.tenants import UserCapabilityFactory
from tests.support.serving import serving


@pytest.fixture
def wallet(tenant: Tenant) -> Wallet:
    """Return the tenant's own wallet, empty."""
    with platform_context(tenant_id=tenant.pk):
        return WalletFactory.create(user=None, low_balance_threshold=Decimal(1))


@pytest.fixture
def make_meter() -> Callable[[User], User]:
    """Return ``make_meter(user)``, by which LAD's staff give a member the rights to measure use."""

    def give(user: User) -> User:
        with platform_context(tenant_id=user.primary_tenant_id):
            for right in PLATFORM_RIGHTS:
                UserCapabilityFactory.create(user=user, capability_key=right)
        return user

    return give


@pytest.fixture
def meter(member: User, make_meter: Callable[[User], User]) -> User:
    """Return a member who measures use for LAD."""
    return make_meter(member)


@pytest.fixture
def account(settings: Any) -> Iterator[StripeAccount]:
    """Start a local Stripe stand-in and point the settings at it."""
    stripe = StripeAccount()
    settings.STRIPE_SECRET_KEY = SECRET_KEY
    settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
    with serving(serve(stripe)) as settings.STRIPE_API_URL:
        yield stripe


@pytest.fixture
def package(db: None) -> CreditPackage:
    """Return a package of 1,000 credits for 99.00."""
    with platform_context():
        return CreditPackageFactory.create(name="Starter", key="starter", credits=1_000, price=Decimal(99))


@pytest.fixture
def listed(db: None) -> Price:
    """Return a common price per minute that has been valid for long."""
    since = timezone.now() - timedelta(days=400)
    with platform_context():
        return PriceFactory.create(**CALL, unit_price=Decimal("0.013"), effective_from=since)


@pytest.fixture
def inside(tenant: Tenant, listed: Price) -> Iterator[None]:
    """Enter the tenant's context, with a price per minute."""
    with tenant_context(tenant.pk):
        yield
