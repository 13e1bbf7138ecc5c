"""A tenant with credit, prices, an account, and a directory in memory."""

from collections.abc import Callable

import pytest

from lad.tenancy.context import tenant_context
from leads.companies import caching
from tenants.teams.models import Tenant
from tests.leads.companies.prospecting.directory import Directory, connect, found, fund, list_prices, matched, person_id


@pytest.fixture
def directory(tenant: Tenant, stages: None) -> Directory:
    list_prices()
    connect()
    fund(tenant)
    return Directory(people={person_id(number): matched(number) for number in range(1, 31)})


@pytest.fixture
def known(tenant: Tenant, directory: Directory) -> Callable[..., list[str]]:
    """``known(3)`` lets a search have found three people, and returns their ids."""

    def find(many: int = 1) -> list[str]:
        from django.utils import timezone

        with tenant_context(tenant.pk):
            caching.store_found([found(number) for number in range(1, many + 1)], now=timezone.now())
        return [person_id(number) for number in range(1, many + 1)]

    return find
