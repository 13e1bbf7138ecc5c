"""A company's money: its wallet, and browsers to look at it with."""

from collections.abc import Callable

import pytest
from django.test import Client

from billing.models import Wallet
from lad.tenancy.context import platform_context
from tenants.models import Tenant, User
from tests.factories.billing import WalletFactory


@pytest.fixture
def wallet(tenant: Tenant) -> Wallet:
    """The tenant's own wallet, empty."""
    with platform_context(tenant_id=tenant.pk):
        return WalletFactory.create(user=None)


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
