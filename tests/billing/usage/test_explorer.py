"""The usage explorer and the pages of usage events in the admin."""

import csv
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.entitlements.models import FeatureEntitlement
from billing.entitlements.services import quotas
from billing.ledger.services import ledger, wallets
from billing.usage.admin.chart import COLOURS, OTHER, daily_chart
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.selectors import details
from billing.usage.selectors.summaries import SummaryLine
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.billing import FeatureEntitlementFactory, UsageEventFactory

Browser = Callable[..., Client]
PAGE = "/admin/usage/"
ROWS = "/admin/billing/usageevent/"


def use(tenant: Tenant, cost: str = "1", **values: Any) -> UsageEvent:
    items = [
        {
            "category": "telephony",
            "provider": "twilio",
            "model": "voice",
            "unit": "minute",
            "quantity": "60",
            "unit_price": "0.013",
            "cost": cost,
        }
    ]
    with platform_context(tenant_id=tenant.pk):
        return UsageEventFactory.create(**{"usage_items": items, "total_cost": Decimal(cost), **values})


def shown(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return response.content.decode()


def text(page: str, start: str = "usage-explorer") -> str:
    """Return the page's text without markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page[page.index(f'id="{start}"') :])))


def linked(page: str, name: str) -> str:
    """Return the address of the link with that text."""
    found = re.search(rf'href="([^"]*)"[^>]*>\s*(?:<[^>]*>[^<]*</[^>]*>\s*)?{re.escape(name)}', page)
    assert found is not None, name
    return unescape(found[1])


def test_the_figures_cover_the_tenant_and_the_period(
    tenant: Tenant, other_tenant: Tenant, owner: User, admin_of: Browser
) -> None:
    now = timezone.now()
    use(tenant, "12.5", feature_key="campaigns", user=owner)
    use(tenant, "2.5", occurred_at=now - timedelta(days=6))
    use(tenant, "100", occurred_at=now - timedelta(days=8))
    use(other_tenant, "1000")
    page = text(shown(admin_of(owner), period="7"))
    assert "Cost 15.00 -85.0 % against the previous 7 days" in page
    assert "Not charged 15.00" in page
    assert f"{owner.full_name} 1 uses 12.50 83.3 %" in page
    assert "campaigns 1 uses 12.50 83.3 %" in page
    assert "Telephony twilio voice 2 120 minute 0.125 15.00 100.0 %" in page


def test_filters_narrow_every_figure_and_can_be_removed(tenant: Tenant, owner: User, admin_of: Browser) -> None:
    use(tenant, "12.5", feature_key="campaigns")
    use(tenant, "2.5", feature_key="voice-agent", user=owner)
    client = admin_of(owner)
    page = shown(client, feature="voice-agent", user=str(owner.pk), status="pending")
    assert "Cost 2.50" in text(page)
    without = linked(page, 'voice-agent <span class="lad-hint">×')
    assert parse_qs(urlsplit(without).query) == {"user": [str(owner.pk)], "status": ["pending"]}
    assert "Cost 0.00" in text(shown(client, feature="voice-agent", status="charged"))


def test_the_platform_sees_all_tenants_and_may_choose_one(
    tenant: Tenant, other_tenant: Tenant, owner: User, root: Client
) -> None:
    use(tenant, "1", user=owner)
    use(other_tenant, "2")
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Asia/Dubai")
    everything = shown(root)
    assert "Cost 3.00" in text(everything)
    assert "UTC, in USD" in text(everything)
    assert 'name="user"' not in everything
    chosen = shown(root, tenant=str(tenant.pk))
    assert "Cost 1.00" in text(chosen)
    assert "Asia/Dubai, in USD" in text(chosen)
    assert 'name="user"' in chosen


def test_a_tenants_staff_cannot_choose_another_tenant(
    tenant: Tenant, other_tenant: Tenant, owner: User, admin_of: Browser
) -> None:
    use(other_tenant, "2")
    page = shown(admin_of(owner), tenant=str(other_tenant.pk))
    assert "Cost 0.00" in text(page)
    assert 'name="tenant"' not in page


def test_the_page_needs_a_signed_in_user(tenant: Tenant, client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_links_lead_to_the_rows_behind_the_figures(tenant: Tenant, owner: User, root: Client) -> None:
    now = timezone.now()
    expected = use(tenant, "1", feature_key="campaigns", user=owner)
    use(tenant, "1", feature_key="campaigns", user=owner, occurred_at=now - timedelta(days=9))
    use(tenant, "1", feature_key="voice-agent", user=owner)
    page = shown(root, tenant=str(tenant.pk), feature="campaigns", user=str(owner.pk), status="pending", period="7")
    address = linked(page, "All usage events")
    assert address.startswith(ROWS)
    response = root.get(address)
    assert response.status_code == 200
    assert [row.pk for row in response.context["cl"].result_list] == [expected.pk]


def test_the_csv_file_lists_usage_by_day_and_component_without_formulas(
    tenant: Tenant, owner: User, admin_of: Browser
) -> None:
    used = use(tenant, "1.25", feature_key="=cmd()", user=owner)
    response = admin_of(owner).get(PAGE, {"csv": "1"})
    assert response["Content-Type"].startswith("text/csv")
    (line,) = csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig")))
    assert line == {
        "day": used.occurred_at.date().isoformat(),
        "feature": "'=cmd()",
        "person": owner.email,
        "status": "Pending",
        "category": "Telephony",
        "provider": "twilio",
        "model": "voice",
        "unit": "Minute",
        "uses": "1",
        "quantity": "60",
        "cost": "1.25",
        "currency": "USD",
    }


def test_the_csv_file_has_every_row_when_it_is_read_in_chunks(
    tenant: Tenant, other_tenant: Tenant, owner: User, member: User, admin_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "ROWS_PER_CHUNK", 3)
    for number in range(10):
        use(tenant, str(number), feature_key=f"feature-{number}", user=(owner, member, None)[number % 3])
        use(other_tenant, "1000", feature_key=f"feature-{number}")
    response = admin_of(owner).get(PAGE, {"csv": "1"})
    lines = list(csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"))))
    assert [line["feature"] for line in lines] == [f"feature-{number}" for number in range(10)]
    assert {line["person"] for line in lines} == {owner.email, member.email, ""}
    assert sum(Decimal(line["cost"]) for line in lines) == 45


@pytest.mark.parametrize(
    "query",
    [
        {"first": "2020-01-01", "last": "2026-01-01"},
        {"first": "2026-02-01", "last": "2026-01-01"},
        {"first": "yesterday"},
        {"period": "ages"},
        {"tenant": "nobody"},
        {"user": "nobody"},
        {"status": "voided"},
        {"feature": "x" * 200},
    ],
)
def test_an_invalid_query_still_shows_the_page(root: Client, query: dict[str, str]) -> None:
    assert "Cost" in text(shown(root, **query))


def test_a_period_that_is_too_long_shows_an_error(root: Client) -> None:
    assert "choose at most 366" in text(shown(root, first="2020-01-01", last="2026-01-01"))


def test_the_number_of_queries_does_not_grow_with_the_data(
    tenant: Tenant, owner: User, member: User, admin_of: Browser
) -> None:
    client = admin_of(owner)
    counts = []
    for people in ([owner], [owner, member] * 10):
        for number, person in enumerate(people):
            use(tenant, user=person, feature_key=f"feature-{number}", occurred_at=timezone.now() - timedelta(number))
        with CaptureQueriesContext(connection) as captured:
            shown(client)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_days_bar_is_stacked_and_has_a_tooltip() -> None:
    day, other = date(2026, 3, 14), date(2026, 3, 15)
    features = [f"feature-{number}" for number in range(COLOURS)]
    lines = [SummaryLine(day, 3, Decimal(8), Decimal(0)), SummaryLine(other, 0, Decimal(0), Decimal(0))]
    chart = daily_chart(lines, {day: {features[0]: Decimal(5), features[1]: Decimal(2)}}, features)
    first, empty = chart.bars
    assert [(part.colour, part.height) for part in first.segments] == [
        (1, "50.000"),
        (2, "20.000"),
        (COLOURS + 1, "10.000"),
    ]
    assert [part.y for part in first.segments] == ["50.000", "30.000", "20.000"]
    assert first.tooltip.splitlines() == [
        "Sat 14 Mar 2026: 8.00 in 3 uses",
        "feature-0 5.00",
        "feature-1 2.00",
        f"{OTHER} 1.00",
    ]
    assert empty.segments == []
    assert [mark.text for mark in chart.amounts] == ["0.00", "2.50", "5.00", "7.50", "10.00"]


def test_an_entitlement_shows_what_was_used_against_its_quota(tenant: Tenant, root: Client) -> None:
    with platform_context(tenant_id=tenant.pk):
        FeatureEntitlementFactory.create(feature_key="campaigns", daily_quota=Decimal(40), monthly_quota=Decimal(100))
        quotas.consume(feature_key="campaigns", quantity=Decimal(30), at=timezone.now())
        row = FeatureEntitlement.objects.get()
    for address in ("/admin/billing/featureentitlement/", f"/admin/billing/featureentitlement/{row.pk}/change/"):
        page = root.get(address).content.decode()
        assert "30 of 40" in page
        assert "10 left" in page
        assert "30 of 100" in page
        assert 'style="width:75.0%"' in page


def test_pending_usage_is_charged_and_charged_usage_voided_from_its_page(tenant: Tenant, root: Client) -> None:
    row = use(tenant, "2")
    with tenant_context(tenant.pk):
        wallet = wallets.open_wallet()
        ledger.topup(wallet=wallet, amount=Decimal(10), key="paid")

    def act(name: str, **values: str) -> str:
        address = f"{ROWS}{row.pk}/{name}/"
        preview = root.post(address, values)
        digest = re.search(r'name="_preview" value="([^"]+)"', preview.content.decode())
        assert digest is not None
        done = root.post(address, {**values, "_preview": digest[1]}, follow=True)
        assert done.status_code == 200
        with tenant_context(tenant.pk):
            return UsageEvent.objects.get(pk=row.pk).status

    assert act("charge_now") == UsageStatus.CHARGED
    assert act("void", reason="It never happened") == UsageStatus.VOIDED
    with tenant_context(tenant.pk):
        wallet.refresh_from_db()
    assert wallet.current_balance == 10
