"""Long lists in the admin: every row is on exactly one page, in order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lad.admin.pagination import CappedPaginator
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.features.models import TenantFeature
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.tenants import TenantFeatureFactory
from tests.support.api import text

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


@pytest.mark.usefixtures("all_features")
def test_the_rows_of_a_page_are_selected_without_joins(
    admin_of: Callable[..., Client], owner: User, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lad.admin.lists.ListPages.list_per_page", 2)
    with platform_context(tenant_id=tenant.pk):
        LeadFactory.create_batch(3, assigned_user=owner)
    browser = admin_of(owner, tenant)
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/admin/leads/lead/").status_code == 200
    page = [each["sql"] for each in captured if 'FROM "leads"' in each["sql"] and " LIMIT 2)" in each["sql"]]
    assert len(page) == 1
    outer, inner = page[0].split("IN (SELECT")
    assert 'JOIN "users"' in outer
    assert "JOIN" not in inner, inner


def test_cells_escape_what_people_entered(root: Client, tenant: Tenant):
    script = "<script>alert(1)</script>"
    with platform_context(tenant_id=tenant.pk):
        LeadFactory.create(first_name=script, last_name="", title=script, company_name=script, stage=script)
        TenantFeatureFactory.create(feature_key=script)
    for address, times in (("/admin/leads/lead/", 4), (FEATURES, 1)):
        shown = text(root.get(address))
        assert script.lower() not in shown.lower()
        assert shown.lower().count("&lt;script&gt;alert(1)&lt;/script&gt;") >= times


def test_a_row_links_to_its_page_and_back_to_the_list_as_it_was_filtered(root: Client, features: list[str]):
    response: Any = root.get(f"{FEATURES}?enabled__exact=1")
    rows = response.context["cl"].result_list
    for row in rows:
        link = f'<a class="lad-open" href="{FEATURES}{row.pk}/change/?_changelist_filters=enabled__exact%3D1">'
        assert link in text(response)
    assert len(rows) == 40


def test_the_list_in_a_popup_hands_over_the_chosen_row(root: Client, features: list[str]):
    response: Any = root.get(f"{FEATURES}?_popup=1&_to_field=id")
    row = response.context["cl"].result_list[0]
    assert f'data-popup-opener="{row.pk}"' in text(response)


@pytest.mark.usefixtures("all_features")
def test_the_sidebar_shows_what_the_callers_rights_allow_and_marks_the_current_page(
    root: Client, admin_of: Callable[..., Client], viewer: User, tenant: Tenant
):
    everything, own = text(root.get(FEATURES)), text(admin_of(viewer, tenant).get("/admin/leads/lead/"))
    # Features stand behind "All tables".
    assert '<a href="/admin/tables/" class="active" aria-current="page">' in everything
    assert '<a href="/admin/leads/lead/" class="active" aria-current="page">' in own
    operations = '<a href="/admin/mail/maildelivery/"'
    assert operations in everything
    assert operations not in own
