"""What a change of a lead costs the database."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from lad.tenancy.context import platform_context, tenant_context
from leads.contacts.models import Lead, LeadNote
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.leads.helpers import LEADS, NOTES
from tests.support.api import ids

UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'leads'::regclass"


def updates(wanted: int, since: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Return the updates of leads since then, all and those that touched no index."""
    # The server reports a session's figures at the end of a transaction, at most once a second unless forced.
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
            cursor.execute(UPDATES)
            found = cursor.fetchone()
        total = (found[0] - since[0], found[1] - since[1])
        if total[0] >= wanted:
            return total
        time.sleep(0.01)
    raise AssertionError(f"the server reports {total}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [{"title": "CTO"}, {"description": "Met at the fair"}, {"tags": ["vip"]}, {"custom_fields": {"size": 5}}],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_text_touches_no_index(change: dict[str, Any], api: Any, member: User, lead: Lead) -> None:
    before = updates(0)
    assert api(member).patch(f"{LEADS}{lead.pk}/", change, format="json").status_code == 200
    assert updates(1, since=before) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_note_touches_no_index_of_its_lead(api: Any, member: User, lead: Lead) -> None:
    before = updates(0)
    body = {"lead": str(lead.pk), "content": "Called back"}
    assert api(member).post(NOTES, body, format="json").status_code == 201
    assert updates(1, since=before) == (1, 1)
    with tenant_context(lead.tenant_id):
        assert LeadNote.objects.count() == 1


@pytest.mark.parametrize("order", ["last_activity_at", "-last_activity_at"])
def test_leads_are_listed_by_their_last_activity_across_pages(
    order: str, tenant: Tenant, api: Any, member: User
) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    times = [noon + timedelta(hours=7 * number) for number in (5, 1, 4, 0, 3, 2)]
    with platform_context(tenant_id=tenant.pk):
        rows = [*(LeadFactory.create(last_activity_at=each) for each in times), *LeadFactory.create_batch(2)]
        Lead.objects.filter(pk__in=[row.pk for row in rows[6:]]).update(last_activity_at=None)
    downwards = order.startswith("-")
    by_time = sorted(rows[:6], key=lambda row: str(row.last_activity_at), reverse=downwards)
    without = sorted(rows[6:], key=lambda row: row.pk, reverse=downwards)
    expected = [str(row.pk) for row in ([*without, *by_time] if downwards else [*by_time, *without])]
    client, address, found = api(member), f"{LEADS}?ordering={order}&page_size=3", []
    while address:
        page = client.get(address)
        found += ids(page)
        address = page.json()["next"]
    assert found == expected


def test_leads_are_filtered_by_the_time_of_their_last_activity(tenant: Tenant, api: Any, member: User) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with platform_context(tenant_id=tenant.pk):
        early, exact, late = (
            LeadFactory.create(last_activity_at=noon + timedelta(minutes=each)) for each in (-1, 0, 1)
        )
    expected = {"lt": [early], "lte": [early, exact], "gt": [late], "gte": [exact, late]}
    for lookup, rows in expected.items():
        found = api(member).get(LEADS, {f"last_activity_at__{lookup}": "2026-03-01T13:00:00+01:00"})
        assert sorted(ids(found)) == sorted(str(row.pk) for row in rows), lookup
