"""Fixtures of every test: a migrated database under the restricted login, two tenants and their people."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import django.test.utils
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.template import Context, Template
from django.test import Client, TransactionTestCase
from django.test.signals import template_rendered
from factory.random import reseed_random
from rest_framework.test import APIClient

from lad.garbage import leave_out_what_is_loaded
from lad.tenancy.context import platform_context, tenant_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.tenants import MembershipFactory, TenantFactory, UserFactory
from tests.support.database import empty_tables
from tests.support.mailbox import mailbox  # noqa: F401  (a fixture)
from tests.support.sandbox import sandbox, sandbox_process  # noqa: F401  (fixtures)
from tests.support.snapshots import use_migrated_copy


def pytest_configure() -> None:
    setattr(django.test.utils, "instrumented_test_render", _tell_of_whole_templates)  # noqa: B010  (not in the stubs)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def _tell_of_whole_templates(self: Template, context: Context) -> str:
    """Tell Django's test client what is rendered, so that answers have their context.

    Django's own would also copy the context of each of the forty templates that a page of the admin includes.
    """
    if context.template is self:
        template_rendered.send(sender=self, template=self, context=context)
    return self.nodelist.render(context)


# Files that take ten seconds or more. They start first, or one worker would be idle at the end.
LONGEST_FIRST = (
    "browser/",
    "runtime/",
    "api/test_fuzz",
    "contract/",
    "db/test_migrations",
    "billing/ledger/",
    "limits/test_patterns",
    "tests/demo/",
    "benchmarks/test_ledger_stress",
    "interoperation/",
    "documentation/test_schema",
    "billing/audit/",
    "invoicing/test_rerate",
    "sandbox/test_hostile",
    "lad/admin/test_unknown_pages",
    "tenants/access/test_capabilities",
    "prospecting/test_chaos",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.as_posix()
        return next((number for number, part in enumerate(LONGEST_FIRST) if part in path), len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Collect no garbage while tests are collected: they and their imports live until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        leave_out_what_is_loaded()
        gc.enable()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None) -> None:
    """Make the test database, which the owner migrated; the tests themselves run as the restricted login."""
    use_migrated_copy(f"test_lad_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    # Every test sets its own prices. What the migrations list is for test_standard_prices.py.
    empty_tables()
    # Nothing drops it: the server is removed at the end of the run.


def _tear_down_committed(self: Any) -> None:
    connections.close_all()
    empty_tables()


# Django would flush as the restricted login, which may not truncate anything.
setattr(TransactionTestCase, "_fixture_teardown", _tear_down_committed)  # noqa: B010  (not in the stubs)


@pytest.fixture(autouse=True)
def _same_names_each_run() -> None:
    """Let factories invent the same people in every run, so that a test never fails for a name it happened to get."""
    reseed_random("LAD")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(name="Acme Outreach", slug="acme-outreach")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(name="Borealis Sales", slug="borealis-sales")


def _member(tenant: Tenant, role: Role, email: str) -> User:
    with platform_context(tenant_id=tenant.pk):
        user = UserFactory.create(email=email, primary_tenant=tenant)
        MembershipFactory.create(user=user, role=role)
    return user


@pytest.fixture
def owner(tenant: Tenant) -> User:
    return _member(tenant, Role.OWNER, "owner@acme.test")


@pytest.fixture
def admin(tenant: Tenant) -> User:
    return _member(tenant, Role.ADMIN, "admin@acme.test")


@pytest.fixture
def member(tenant: Tenant) -> User:
    return _member(tenant, Role.MEMBER, "member@acme.test")


@pytest.fixture
def viewer(tenant: Tenant) -> User:
    return _member(tenant, Role.VIEWER, "viewer@acme.test")


@pytest.fixture
def other_owner(other_tenant: Tenant) -> User:
    return _member(other_tenant, Role.OWNER, "owner@borealis.test")


@pytest.fixture
def superuser(db: None) -> User:
    with platform_context():
        return UserFactory.create(email="root@lad.test", is_staff=True, is_superuser=True)


@pytest.fixture
def scope() -> Callable[[Tenant], AbstractContextManager[None]]:
    """``with scope(tenant): …`` works inside that tenant."""
    return lambda tenant: tenant_context(tenant.pk)


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """``api(user)`` is a client that carries the user's access token; ``api()`` carries none."""

    def make_client(user: User | None = None, *, tenant: Tenant | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            from tenants.accounts.tokens import issue_access_token

            token = issue_access_token(user=user, tenant_id=(tenant.pk if tenant else user.primary_tenant_id))
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return make_client


@pytest.fixture
def admin_of() -> Callable[..., Client]:
    """``admin_of(user, tenant)`` is a browser signed in to the admin; without a tenant in the user's usual one."""

    def sign_in(user: User, tenant: Tenant | None = None) -> Client:
        if not user.is_staff:
            with platform_context():
                User.objects.filter(pk=user.pk).update(is_staff=True)
            user.is_staff = True
        browser = Client()
        browser.force_login(user)
        if tenant is not None:
            browser.post("/admin/tenant/", {"tenant_id": str(tenant.pk), "next": "/admin/"})
        return browser

    return sign_in


@pytest.fixture
def root(admin_of: Callable[..., Client], superuser: User) -> Client:
    """A browser of the platform's superuser, who sees all tenants."""
    return admin_of(superuser)
