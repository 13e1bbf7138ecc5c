"""Accounts at the sandbox's Apollo."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from lad.broker import broker
from lad.tenancy.context import tenant_context
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.apollo.client import Apollo
from leads.companies.features import FEATURE
from tenants.teams.models import Tenant
from tests.factories.education import DirectoryAccountFactory
from tests.factories.tenants import TenantFeatureFactory
from tests.support.sandbox import Sandbox

KEY = "sandbox-organization"
Connects = Callable[..., DirectoryAccount]


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def directory(tenant: Tenant, sandbox: Sandbox) -> Connects:
    """``directory("sandbox-tiny")`` connects the tenant with that key, whose limits are not known yet."""
    forget_limits()

    def make(key: str = KEY, *, address: str = address(sandbox), **values: Any) -> DirectoryAccount:
        with tenant_context(tenant.pk):
            return DirectoryAccountFactory.create(base_url=address, api_key=key, **values)

    return make


@pytest.fixture
def apollo(directory: Connects, sandbox: Sandbox) -> Callable[..., Apollo]:
    """``apollo("sandbox-tiny")`` is a client with that key. Its limits pass with the sandbox's time."""

    def make(key: str = KEY) -> Apollo:
        return Apollo(directory(key), clock=lambda: sandbox.now().timestamp())

    return make


@pytest.fixture
def feature(tenant: Tenant) -> None:
    """Switch directories on for the tenant."""
    with tenant_context(tenant.pk):
        TenantFeatureFactory.create(feature_key=FEATURE, enabled=True)


def address(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/apollo/api/v1"


def forget_limits() -> None:
    """Do to the limits what a restart of Valkey does."""
    keys = list(broker().scan_iter("lad:directory:*"))
    if keys:
        broker().delete(*keys)
