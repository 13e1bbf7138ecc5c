"""What every test stands on: a migrated database, reached as the restricted login, and people in two tenants."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import environ
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.test import TransactionTestCase
from rest_framework.test import APIClient

from lad.db.models import LadModel
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Role, Tenant
from tests.factories.tenants import MembershipFactory, TenantFactory, UserFactory
from tests.support.snapshots import migrated, superuser_of


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


# Files that take a minute or more: begun last they would leave one worker idle.
LONGEST_FIRST = ("browser/", "runtime/", "api/test_fuzz", "contract/", "db/test_migrations", "billing/test_ledger")
# Rarer than Python's own 700: what tests leave behind is small beside all that is loaded.
GARBAGE_AFTER = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.as_posix()
        return next((number for number, part in enumerate(LONGEST_FIRST) if part in path), len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the garbage collector ten thousand tests and all that they import: none of it is garbage before the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)


@contextmanager
def signed_in_to_database(url_name: str) -> Iterator[None]:
    """Have Django's connection sign in as another role for a while."""
    database = connection.settings_dict
    saved = dict(database)
    other = environ.Env().db_url(url_name)
    connection.close()
    database.update({key: other[key] for key in ("USER", "PASSWORD", "HOST", "PORT")})
    database["OPTIONS"] = {**saved["OPTIONS"], **other.get("OPTIONS", {})}
    try:
        yield
    finally:
        name = database["NAME"]
        connection.close()
        database.update(saved)
        database["NAME"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> None:
    """Create and migrate the test database as the owner; the tests themselves run as the restricted login."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    with django_db_blocker.unblock(), signed_in_to_database("DATABASE_OWNER_URL"):
        if worker:
            migrated(f"test_lad_{worker}")
        else:
            connection.settings_dict["TEST"]["NAME"] = "test_lad_main"
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    # It goes with its server when the run ends.


def superuser_connection() -> psycopg.Connection:
    """A connection to the test database that no rule holds back, for cleaning and for looking behind the curtain."""
    return superuser_of(connection.settings_dict["NAME"], search_path=settings.DB_SCHEMA)


def empty_tables() -> None:
    """Remove every row that tests committed, append-only tables included."""
    tables = [model._meta.db_table for model in apps.get_models() if issubclass(model, LadModel)]
    # Most are empty after most tests, and TRUNCATE would make all of their files anew.
    looks = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in [*tables, "django_session"])
    with superuser_connection() as superuser:
        superuser.execute("SET session_replication_role = replica")
        for (table,) in superuser.execute(" UNION ALL ".join(looks)).fetchall():
            superuser.execute(f"DELETE FROM {table}")


def _tear_down_committed(self: Any) -> None:
    connections.close_all()
    empty_tables()


# Django would flush as the restricted login, which may not truncate anything.
setattr(TransactionTestCase, "_fixture_teardown", _tear_down_committed)  # noqa: B010  (not in the stubs)


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
