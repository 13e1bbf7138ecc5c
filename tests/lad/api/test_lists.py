"""Lists: stable pages, declared filters and orders, and no other query parameters."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad.api.pagination import Cursor, KeysetPagination
from lad.tenancy.context import platform_context
from tenants.features.models import FeatureFlag
from tenants.teams.models import PlanTier, Tenant
from tests.contract.api import resources
from tests.factories.leads import LeadFactory
from tests.factories.tenants import SPARE_FEATURES, FeatureFlagFactory, MembershipFactory, TenantFeatureFactory
from tests.support.api import field_problems, problem

pytestmark = pytest.mark.usefixtures("plain_writes")

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = SPARE_FEATURES[:7]


@pytest.fixture
def flags(tenant: Any, scope: Any) -> list[FeatureFlag]:
    """Seven flags: two moments are shared by three each, some expire and some never do."""
    with scope(tenant):
        return [
            FeatureFlagFactory.create(
                feature_key=KEYS[number],
                created_at=FIRST + timedelta(minutes=number // 3),
                expires_at=None if number % 2 else FIRST + timedelta(days=number),
                is_enabled=number == 0,
            )
            for number in range(7)
        ]


@pytest.fixture
def nullable_order(monkeypatch: pytest.MonkeyPatch) -> None:
    viewset = next(each.viewset for each in resources() if each.model is FeatureFlag)
    monkeypatch.setattr(viewset, "order", ("-created_at", "expires_at", "feature_key"))


def read_all(client: Any, url: str, link: str = "next") -> list[list[str]]:
    pages = []
    while url:
        page = client.get(url).json()
        pages.append([row["feature_key"] for row in page["results"]])
        url = page[link]
    return pages


@pytest.mark.parametrize("order", ["-created_at", "created_at", "expires_at", "-expires_at", "-created_at,feature_key"])
@pytest.mark.usefixtures("nullable_order")
def test_pages_hold_every_row_once_in_order_and_lead_back(api: Any, owner: Any, flags: Any, order: str) -> None:
    client = api(owner)
    url = f"/api/v1/feature-flags/?ordering={order}"
    whole = [row["feature_key"] for row in client.get(url).json()["results"]]
    pages = read_all(client, f"{url}&page_size=2")
    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert list(chain(*pages)) == whole
    assert sorted(whole) == KEYS

    page = client.get(f"{url}&page_size=2").json()
    while page["next"]:
        last = page = client.get(page["next"]).json()
    back = read_all(client, last["previous"], link="previous")
    assert [key for page in reversed(back) for key in page] == whole[:6]


def test_rows_added_or_removed_meanwhile_do_not_shift_pages(
    api: Any, owner: Any, flags: Any, tenant: Any, scope: Any
) -> None:
    client = api(owner)
    page = client.get("/api/v1/feature-flags/?page_size=3").json()
    with scope(tenant):
        FeatureFlagFactory.create(feature_key="newcomer")
        FeatureFlag.objects.get(pk=page["results"][0]["id"]).delete()
    rest = chain(*read_all(client, page["next"]))
    seen = [row["feature_key"] for row in page["results"]]
    assert sorted([*seen, *rest]) == KEYS


def test_a_first_page_has_no_previous_and_a_last_no_next(api: Any, owner: Any, flags: Any) -> None:
    page = api(owner).get("/api/v1/feature-flags/").json()
    assert (page["next"], page["previous"]) == (None, None)


def test_links_keep_the_filters(api: Any, owner: Any, flags: Any) -> None:
    page = api(owner).get("/api/v1/feature-flags/?is_enabled=false&page_size=2").json()
    assert "is_enabled=false" in page["next"]
    assert "page_size=2" in page["next"]


@pytest.mark.parametrize("cursor", ["nonsense", "eyJhIjoxfQ", "a:b:c", "\x00", "%F0%9F%A6%8A"])
def test_a_forged_cursor_is_rejected(api: Any, owner: Any, cursor: str) -> None:
    response = api(owner).get("/api/v1/feature-flags/", {"cursor": cursor})
    assert list(field_problems(response)) == ["cursor"]


def test_a_cursor_of_another_order_is_refused(api: Any, owner: Any) -> None:
    cursor = Cursor(("name", "id"), ("a", "b"), backward=False).encode()
    response = api(owner).get("/api/v1/feature-flags/", {"cursor": cursor})
    assert "another ordering" in field_problems(response)["cursor"][0]


@pytest.mark.parametrize("size", ["0", "-1", "201", "ten", "1e2", "٣", "99999999999999999999"])
def test_a_page_size_out_of_bounds_is_refused(api: Any, owner: Any, size: str) -> None:
    assert list(field_problems(api(owner).get("/api/v1/feature-flags/", {"page_size": size}))) == ["page_size"]


def test_an_unknown_parameter_is_refused_and_the_known_ones_are_named(api: Any, owner: Any) -> None:
    errors = field_problems(api(owner).get("/api/v1/feature-flags/?feature=x"))
    assert "feature_key__in" in errors["feature"][0]
    row = api(owner).get("/api/v1/memberships/").json()["results"][0]["id"]
    assert list(field_problems(api(owner).get(f"/api/v1/memberships/{row}/?expand=user"))) == ["expand"]


@pytest.mark.parametrize("ordering", ["password", "-tenant__name", "id", "created_at,-created_at"])
def test_an_order_that_is_not_declared_is_refused(api: Any, owner: Any, ordering: str) -> None:
    assert list(field_problems(api(owner).get("/api/v1/feature-flags/", {"ordering": ordering}))) == ["ordering"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"feature_key={KEYS[3]}", {3}),
        (f"feature_key__in={KEYS[3]},{KEYS[5]}", {3, 5}),
        ("is_enabled=true", {0}),
        ("is_enabled=false", {1, 2, 3, 4, 5, 6}),
        ("created_at__gte=2026-01-01T00:02:00Z", {6}),
        ("created_at__lt=2026-01-01T00:01:00%2B00:00", {0, 1, 2}),
        ("created_at__gt=2026-01-01T00:00:00Z&created_at__lte=2026-01-01T00:01:00Z", {3, 4, 5}),
        ("user=01a202b9-6287-74ca-b832-46905490b8d2", set()),
    ],
)
def test_a_declared_filter_finds_its_rows(api: Any, owner: Any, flags: Any, query: str, expected: set[int]) -> None:
    response = api(owner).get(f"/api/v1/feature-flags/?{query}")
    assert response.status_code == 200, response.content
    assert {row["feature_key"] for row in response.json()["results"]} == {KEYS[number] for number in expected}


@pytest.mark.parametrize(
    "query",
    [
        "is_enabled=yes",
        "created_at__gte=yesterday",
        "user=me",
        "user__in=me,you",
        "feature_key=%00",
        "feature_key__in=" + ",".join("abcdefghij" * 11),
    ],
)
def test_a_malformed_filter_value_is_rejected(api: Any, owner: Any, query: str) -> None:
    assert list(field_problems(api(owner).get(f"/api/v1/feature-flags/?{query}"))) == [query.partition("=")[0]]


def test_a_value_outside_a_value_list_is_refused(api: Any, owner: Any) -> None:
    assert list(field_problems(api(owner).get("/api/v1/memberships/?role=king"))) == ["role"]


def test_a_list_costs_the_same_queries_for_few_rows_and_for_many(api: Any, owner: Any, tenant: Any, scope: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api(owner).get("/api/v1/memberships/?page_size=200").status_code == 200
        return len(captured)

    few = queries()
    with scope(tenant):
        TenantFeatureFactory.create_batch(3)
    from lad.tenancy.context import platform_context

    with platform_context(tenant_id=tenant.pk):
        MembershipFactory.create_batch(30)
    assert queries() == few


def test_a_page_is_found_by_the_index_of_its_order_and_counts_nothing(api: Any, owner: Any, flags: Any) -> None:
    page = api(owner).get("/api/v1/feature-flags/?page_size=2").json()
    with CaptureQueriesContext(connection) as captured:
        api(owner).get(page["next"])
    pages = [each["sql"] for each in captured if 'FROM "feature_flags"' in each["sql"]]
    assert len(pages) == 1
    assert "COUNT(" not in pages[0]
    assert "OFFSET" not in pages[0]
    assert '"created_at" <= ' in pages[0]


def test_the_schema_of_a_page_says_what_a_page_holds() -> None:
    schema = KeysetPagination().get_paginated_response_schema({"type": "array"})
    assert schema["required"] == ["next", "previous", "results"]


def test_deleted_rows_are_listed_on_request_to_whoever_may_delete(
    api: Any, owner: Any, member: Any, viewer: Any
) -> None:
    client = api(owner)
    row = next(each for each in client.get("/api/v1/memberships/").json()["results"] if each["user"] == str(member.pk))
    assert client.delete(f"/api/v1/memberships/{row['id']}/").status_code == 204
    assert client.get(f"/api/v1/memberships/{row['id']}/").status_code == 404
    assert row["id"] not in [each["id"] for each in client.get("/api/v1/memberships/").json()["results"]]
    deleted = client.get("/api/v1/memberships/?deleted=true").json()["results"]
    assert [each["id"] for each in deleted] == [row["id"]]
    assert deleted[0]["deleted_at"] is not None
    assert problem(api(viewer).get("/api/v1/memberships/?deleted=true")) == (403, "missing_right")
    assert list(field_problems(client.get("/api/v1/memberships/?deleted=maybe"))) == ["deleted"]


def test_a_deleted_row_is_restored_once(api: Any, owner: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        Tenant.objects.update(plan_tier=PlanTier.ENTERPRISE)
        address = f"/api/v1/leads/{LeadFactory.create().pk}/"
    client = api(owner)
    assert client.delete(address).status_code == 204
    restored = client.post(f"{address}restore/")
    assert restored.status_code == 200
    assert restored.json()["deleted_at"] is None
    assert restored["ETag"]
    assert client.get(address).status_code == 200
    assert problem(client.post(f"{address}restore/")) == (409, "not_deleted")
