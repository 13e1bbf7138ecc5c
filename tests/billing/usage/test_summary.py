"""Use summed up: by feature, person, day and component, by the tenant's own calendar."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from billing.entitlements.services import quotas as entitlements
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.selectors import summaries
from billing.usage.selectors.summaries import By, Chosen, Component, Period
from lad.db.identifiers import uuid7
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.conftest import superuser_connection
from tests.factories.billing import FeatureEntitlementFactory, UsageEventFactory
from tests.factories.tenants import TenantFactory

Api = Callable[..., APIClient]
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
SUMMARY = "/api/v1/billing-usage-events/summary/"
ANALYTICS = "/api/v1/billing-usage-events/analytics/"


def item(cost: str, category: str = "stt", quantity: str = "10", **values: str) -> dict[str, str]:
    priced = {"provider": "openai", "model": "whisper-1", "unit": "second", "unit_price": "0.0001"}
    return {"category": category, "quantity": quantity, "cost": cost, **priced, **values}


def use(tenant: Tenant, cost: str = "1", at: datetime = NOON, **values: Any) -> UsageEvent:
    terms = {"usage_items": [item(cost)], "total_cost": Decimal(cost), "occurred_at": at, **values}
    with platform_context(tenant_id=tenant.pk):
        return UsageEventFactory.create(**terms)


def move_to(tenant: Tenant, zone: str) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone=zone)


def summed(tenant: Tenant, by: By, period: Period = MARCH, **chosen: Any) -> dict[Any, tuple[int, str]]:
    with tenant_context(tenant.pk):
        found = summaries.summarise(by=by, period=period, chosen=Chosen(**chosen))
    return {line.key: (line.uses, f"{line.cost.normalize():f}") for line in found.lines}


def test_use_is_summed_by_feature_the_dearest_first(tenant: Tenant) -> None:
    use(tenant, "1.25", feature_key="campaigns")
    use(tenant, "2", feature_key="voice-agent")
    use(tenant, "3", feature_key="voice-agent")
    assert list(summed(tenant, By.FEATURE).items()) == [("voice-agent", (2, "5")), ("campaigns", (1, "1.25"))]


def test_use_is_summed_by_person_and_by_nobody(tenant: Tenant, owner: User) -> None:
    use(tenant, "2", user=owner)
    use(tenant, "1")
    assert summed(tenant, By.USER) == {owner.pk: (1, "2"), None: (1, "1")}


def test_use_is_summed_by_component_with_its_quantity(tenant: Tenant) -> None:
    items = [item("0.000001", quantity="7"), item("2", "tts", unit="character")]
    use(tenant, "2.000001", usage_items=items)
    use(tenant, "0.5", usage_items=[item("0.5", quantity="3.5")])
    with tenant_context(tenant.pk):
        found = summaries.summarise(by=By.COMPONENT, period=MARCH)
    speech, voice = found.lines
    assert speech.key == Component("tts", "openai", "whisper-1", "character")
    assert (voice.uses, voice.quantity, voice.cost) == (2, Decimal("10.5"), Decimal("0.500001"))
    assert found.cost == Decimal("2.500001")


def test_a_day_is_one_of_the_tenants_time_zone_also_when_clocks_change(tenant: Tenant) -> None:
    move_to(tenant, "America/New_York")
    for hour in ("2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"):
        use(tenant, at=datetime.fromisoformat(hour))
    with tenant_context(tenant.pk):
        zone = summaries.zone_of_scope()
    period = Period(date(2026, 3, 8), date(2026, 3, 8), zone)
    assert (period.ends - period.begins.astimezone(UTC)) == timedelta(hours=23)
    assert summed(tenant, By.DAY, period) == {date(2026, 3, 8): (2, "2")}


def test_what_was_voided_is_in_no_sum_and_what_is_unpaid_is_told_apart(tenant: Tenant) -> None:
    use(tenant, "1", status=UsageStatus.VOIDED)
    use(tenant, "2", status=UsageStatus.FAILED, error_message="empty wallet")
    use(tenant, "4")
    assert summed(tenant, By.STATUS) == {"pending": (1, "4"), "failed": (1, "2")}
    with tenant_context(tenant.pk):
        found = summaries.summarise(by=By.FEATURE, period=MARCH)
    assert (found.uses, found.cost, found.charged) == (2, 6, 0)


def test_late_use_counts_when_it_happened(tenant: Tenant) -> None:
    use(tenant, at=datetime(2026, 2, 28, 23, 59, tzinfo=UTC), created_at=NOON)
    assert summed(tenant, By.FEATURE) == {}


@pytest.mark.parametrize("by", list(By))
def test_a_filter_narrows_every_kind_of_sum(tenant: Tenant, owner: User, by: By) -> None:
    use(tenant, "1", feature_key="campaigns", user=owner)
    use(tenant, "2", feature_key="voice-agent", currency="EUR")
    for chosen in ({"feature_key": "campaigns"}, {"user_id": owner.pk}, {"currency": "USD"}):
        assert [cost for _uses, cost in summed(tenant, by, **chosen).values()] == ["1"]
    assert summed(tenant, by, status="charged") == {}


def test_another_tenants_use_is_in_no_sum(tenant: Tenant, other_tenant: Tenant) -> None:
    use(other_tenant, "7")
    for by in By:
        assert summed(tenant, by) == {}
    with platform_context():
        found = summaries.summarise(by=By.FEATURE, period=MARCH)
    assert found.cost == 7


def test_the_sums_are_over_all_lines_also_those_not_listed(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "MOST_LINES", 1)
    use(tenant, "1", feature_key="campaigns")
    use(tenant, "2", feature_key="voice-agent")
    with tenant_context(tenant.pk):
        found = summaries.summarise(by=By.FEATURE, period=MARCH)
    assert ([line.cost for line in found.lines], found.cost, found.uses) == ([2], 3, 2)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (date(2026, 2, 14), date(2026, 3, 15))),
        (None, date(2026, 1, 30), (date(2026, 1, 1), date(2026, 1, 30))),
        (date(2026, 1, 1), None, (date(2026, 1, 1), date(2026, 1, 30))),
        (date(2025, 3, 1), date(2026, 3, 1), (date(2025, 3, 1), date(2026, 3, 1))),
    ],
)
def test_a_period_is_the_last_thirty_days_unless_said(first: Any, last: Any, expected: tuple[date, date]) -> None:
    found = summaries.period_of(first=first, last=last, zone="UTC", now=NOON)
    assert (found.first, found.last) == expected


@pytest.mark.parametrize(("first", "last"), [("2026-03-02", "2026-03-01"), ("2025-03-01", "2026-03-02")])
def test_a_period_that_is_backwards_or_too_long_is_refused(first: str, last: str) -> None:
    with pytest.raises(Invalid):
        summaries.period_of(first=date.fromisoformat(first), last=date.fromisoformat(last), zone="UTC", now=NOON)


# Uses of ten features at 4,000 moments of a year by each of five tenants.
FILL = """
INSERT INTO billing_usage_events
    (tenant_id, feature_key, occurred_at, usage_items, total_quantity, total_cost, idempotency_key)
SELECT tenant.id, 'feature-' || number %% 10, '2025-06-01'::timestamptz + number * interval '2 hours', %s, 10, 1,
       'use-' || number
FROM tenants tenant, generate_series(1, 4000) AS number
"""


@pytest.fixture
def filled(transactional_db: None) -> Tenant:
    with platform_context():
        tenants = TenantFactory.create_batch(5)
    with superuser_connection() as superuser:
        superuser.execute(FILL, [json.dumps([item("1")])])
        superuser.execute("VACUUM ANALYZE billing_usage_events")
    return tenants[0]


def explain(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_each_sum_is_one_statement_that_reads_the_index_of_the_period_and_no_row(
    filled: Tenant, django_assert_num_queries: Callable[..., Any]
) -> None:
    with tenant_context(filled.pk):
        for by in By:
            with django_assert_num_queries(1) as captured:
                assert summaries.summarise(by=by, period=MARCH).uses == 31 * 12
            plan = explain(captured[0]["sql"])
            assert "Seq Scan on billing_usage_events" not in plan
            assert ("Index Only Scan" if by != By.COMPONENT else "Index Scan") + " using billing_usage_occurred" in plan
        with django_assert_num_queries(1) as captured:
            summaries.trend(now=NOON, zone="UTC")
        assert "Index Only Scan using billing_usage_occurred" in explain(captured[0]["sql"])


def test_this_month_is_held_against_the_same_part_of_the_last_one(tenant: Tenant) -> None:
    move_to(tenant, "Asia/Dubai")
    use(tenant, "3", at=datetime(2026, 2, 28, 20, tzinfo=UTC))
    use(tenant, "2", at=datetime(2026, 1, 31, 20, tzinfo=UTC))
    use(tenant, "10", at=datetime(2026, 2, 20, tzinfo=UTC))
    use(tenant, "99", at=datetime(2026, 1, 31, 19, 59, tzinfo=UTC))
    with tenant_context(tenant.pk):
        found = summaries.trend(now=NOON, zone=summaries.zone_of_scope())
    assert (found.this_month, found.last_month, found.last_month_to_date) == (3, 12, 2)
    assert found.percentage_change == Decimal("50.00")


def test_the_end_of_a_longer_month_is_held_against_the_whole_shorter_one(tenant: Tenant) -> None:
    use(tenant, "4", at=datetime(2026, 2, 28, 23, tzinfo=UTC))
    use(tenant, "1", at=datetime(2026, 3, 1, tzinfo=UTC))
    with tenant_context(tenant.pk):
        found = summaries.trend(now=datetime(2026, 3, 31, 1, tzinfo=UTC), zone="UTC")
    assert (found.last_month_to_date, found.percentage_change) == (4, Decimal("-75.00"))


def test_without_a_last_month_there_is_no_change(tenant: Tenant) -> None:
    use(tenant, "1")
    with tenant_context(tenant.pk):
        assert summaries.trend(now=NOON, zone="UTC").percentage_change is None


def test_the_api_sums_up_for_everybody_who_may_see_use(tenant: Tenant, viewer: User, owner: User, api: Api) -> None:
    use(tenant, "1", user=owner)
    use(tenant, "3")
    query = {"by": "user", "from": "2026-03-01", "to": "2026-03-31"}
    answer = api(viewer).get(SUMMARY, query).json()
    assert (answer["uses"], answer["cost"], answer["timezone"]) == (2, "4.000000", "UTC")
    assert [(line["key"], line["name"], line["percentage"]) for line in answer["lines"]] == [
        (None, "Nobody", "75.00"),
        (str(owner.pk), owner.full_name, "25.00"),
    ]


def test_the_api_lists_every_day_of_the_period(tenant: Tenant, viewer: User, api: Api) -> None:
    use(tenant)
    lines = api(viewer).get(SUMMARY, {"by": "day", "from": "2026-03-14", "to": "2026-03-16"}).json()["lines"]
    assert [(line["key"], line["uses"]) for line in lines] == [("2026-03-14", 0), ("2026-03-15", 1), ("2026-03-16", 0)]


def test_the_api_names_the_parts_of_a_component(tenant: Tenant, viewer: User, api: Api) -> None:
    use(tenant, "0.001")
    query = {"by": "component", "from": "2026-03-01", "to": "2026-03-31"}
    (line,) = api(viewer).get(SUMMARY, query).json()["lines"]
    assert line["component"] == {"category": "stt", "provider": "openai", "model": "whisper-1", "unit": "second"}
    assert (line["quantity"], line["cost"]) == ("10.000000", "0.001000")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "by"),
        ({"by": "planet"}, "by"),
        ({"by": "day", "from": "yesterday"}, "from"),
        ({"by": "day", "from": "2024-01-01", "to": "2026-01-01"}, "from"),
        ({"by": "day", "status": "voided"}, "status"),
        ({"by": "day", "tenant": str(uuid7())}, "tenant"),
    ],
)
def test_the_api_says_what_is_wrong_with_a_question(viewer: User, api: Api, query: dict[str, str], field: str) -> None:
    answer = api(viewer).get(SUMMARY, query)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_without_the_right_nothing_is_summed(tenant: Tenant, other_owner: User, api: Api) -> None:
    for address in (SUMMARY, ANALYTICS):
        assert api().get(address).status_code == 401
        assert api(other_owner, tenant=tenant).get(address).status_code == 403


def test_analytics_tell_totals_features_days_and_the_trend(tenant: Tenant, viewer: User, api: Api) -> None:
    now = timezone.now()
    use(tenant, "3", at=now, feature_key="voice-agent")
    use(tenant, "1", at=now, feature_key="campaigns")
    use(tenant, "5", at=now - timedelta(days=8))
    answer = api(viewer).get(ANALYTICS, {"time_range": "7d"}).json()
    assert (answer["uses"], answer["total_cost"], answer["total_credits"]) == (2, "4.000000", "40.000000")
    top = answer["top_features"]
    assert [(each["feature_key"], each["percentage"], each["credits"]) for each in top] == [
        ("voice-agent", "75.00", "30.000000"),
        ("campaigns", "25.00", "10.000000"),
    ]
    days = answer["daily_usage"]
    assert len(days) == 7
    assert (days[-1]["date"], days[-1]["cost"], days[0]["cost"]) == (now.date().isoformat(), "4.000000", "0.000000")
    assert set(answer["monthly_trend"]) == {"current_month", "last_month", "last_month_to_date", "percentage_change"}


def test_the_api_tells_what_the_quotas_leave(tenant: Tenant, viewer: User, api: Api) -> None:
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(feature_key="campaigns", monthly_quota=Decimal(10))
        FeatureEntitlementFactory.create(feature_key="voice-agent", monthly_quota=None, quota_unit="minute")
        entitlements.consume(feature_key="campaigns", quantity=Decimal(4), at=timezone.now())
    campaigns, voice = api(viewer).get("/api/v1/billing-feature-entitlements/left/").json()["features"]
    assert campaigns["this_month"]["used"] == "4.000000"
    assert (campaigns["this_month"]["left"], campaigns["today"]["left"]) == ("6.000000", None)
    assert (voice["unit"], voice["this_month"]["left"]) == ("minute", None)
