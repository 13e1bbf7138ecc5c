"""Long lists in the admin: every row on one page, in order, however the page is found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lad.admin.paging import CappedPaginator
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant

pytestmark = pytest.mark.django_db

FEATURES = "/admin/tenants/tenantfeature/"
ROWS = 120


@pytest.fixture
def features(tenant: Tenant) -> list[str]:
    """Keys of features the way the list should have them, the newest first; every third is switched on."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    with platform_context(tenant_id=tenant.pk):
        TenantFeature.objects.bulk_create(
            TenantFeature(
                feature_key=f"feature-{number:03}", enabled=number % 3 == 0, created_at=moment + timedelta(hours=number)
            )
            for number in range(ROWS)
        )
    return [f"feature-{number:03}" for number in reversed(range(ROWS))]


def listed(browser: Client, query: str) -> list[str]:
    response: Any = browser.get(f"{FEATURES}?{query}")
    assert response.status_code == 200
    return [row.feature_key for row in response.context["cl"].result_list]


def read_through(browser: Client, query: str = "", *, pages: int = 3) -> list[str]:
    return [key for page in range(1, pages + 1) for key in listed(browser, f"{query}&p={page}")]


def test_the_pages_of_a_list_have_every_row_once_and_in_order(root, admin_of, owner, tenant, features):
    assert read_through(root) == features
    assert read_through(admin_of(owner, tenant)) == features


def test_a_filtered_list_has_the_same_order_over_its_pages(root, features, monkeypatch):
    monkeypatch.setattr("lad.admin.lists.ListPages.list_per_page", 15)
    switched_on = [key for key in features if int(key[-3:]) % 3 == 0]
    assert read_through(root, "enabled__exact=1") == switched_on[:45]
    # Also where too many rows match for sorting them.
    monkeypatch.setattr(CappedPaginator, "limit", 30)
    assert read_through(root, "enabled__exact=1", pages=2) == switched_on[:30]


def test_which_rows_a_page_has_is_found_in_their_own_table_alone(
    admin_of: Callable[..., Client], owner: User, tenant: Tenant, features: list[str]
):
    browser = admin_of(owner, tenant)
    with CaptureQueriesContext(connection) as captured:
        assert len(listed(browser, "")) == 50
    page = [each["sql"] for each in captured if 'FROM "tenant_features"' in each["sql"] and " LIMIT 50" in each["sql"]]
    assert len(page) == 1
    inner = page[0][page[0].index("IN (SELECT") :]
    assert "JOIN" not in inner, inner
