"""Signed-in browsers for the admin."""

from collections.abc import Callable

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant


@pytest.fixture
def admin_of() -> Callable[..., Client]:
    """``admin_of(user, tenant)`` is a browser signed in to the admin; without a tenant on the user's usual one."""

    def client(user: User, tenant: Tenant | None = None) -> Client:
        if not user.is_staff:
            with platform_context():
                User.objects.filter(pk=user.pk).update(is_staff=True)
            user.is_staff = True
        browser = Client()
        browser.force_login(user)
        if tenant is not None:
            browser.post("/admin/tenant/", {"tenant_id": str(tenant.pk), "next": "/admin/"})
        return browser

    return client


@pytest.fixture
def root(admin_of: Callable[..., Client], superuser: User) -> Client:
    """The platform's superuser, looking at all tenants."""
    return admin_of(superuser)
