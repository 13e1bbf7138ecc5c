"""The timeline of a lead in API and admin: its sentences, its pages, its filters and who sees what."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lad import times, writes
from lad.tenancy.context import platform_context
from leads.contactability.models import ConsentStatus, SuppressionReason, SuppressionScope
from leads.contacts.models import Lead
from leads.contacts.services.leads import assign
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import (
    ConsentRecordFactory,
    LeadBookingFactory,
    LeadNoteFactory,
    SuppressionFactory,
)
from tests.factories.tenants import MembershipFactory, TenantFeatureFactory, UserCapabilityFactory, UserFactory

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
Read = Callable[..., dict[str, Any]]


@pytest.fixture
def hans(make_lead: Callable[..., Lead]) -> Lead:
    return make_lead(first_name="Hans", last_name="Meyer")


@pytest.fixture
def read(api: Any, admin: User, hans: Lead) -> Read:
    """``read(kind=…)`` returns a page of the timeline of Hans."""

    def get(**query: Any) -> dict[str, Any]:
        response = api(admin).get(f"/api/v1/leads/{hans.pk}/timeline/", query)
        assert response.status_code == 200, response.content
        body: dict[str, Any] = response.json()
        return body

    return get


def texts(page: dict[str, Any]) -> list[str]:
    return [entry["text"] for entry in page["results"]]


def in_admin(browser: Client, lead: Lead, **query: str) -> str:
    response = browser.get(f"/admin/leads/lead/{lead.pk}/timeline/", query)
    assert response.status_code == 200
    return response.content.decode()


def at(rows: Any, moment: datetime) -> None:
    """Give rows a time of creation, as an import does."""
    for row in rows:
        type(row).all_objects.filter(pk=row.pk).update(created_at=moment)


def test_changes_are_told_as_a_colleague_would(
    read: Read, hans: Lead, admin: User, member: User, tenant: Tenant
) -> None:
    maya, ben = admin.full_name, member.full_name
    with platform_context(tenant_id=tenant.pk):
        writes.update(hans, {"stage": "qualified"}, actor=admin)
        writes.update(hans, {"email": "hans@acme.example", "phone": "+4930123456"}, actor=admin)
        writes.update(hans, {"is_archived": True}, actor=admin)
        assign(lead=hans, user=admin, actor=admin)
        assign(lead=hans, user=member, actor=admin)
        assign(lead=hans, user=None, actor=admin)
    assert texts(read(kind="change")) == [
        f"{maya} took Hans from {ben}",
        f"{maya} assigned Hans to {ben}",
        f"{maya} took over Hans",
        f"{maya} moved Hans into or out of the archive",
        f"{maya} changed the e-mail address and the phone number of Hans",
        f"{maya} moved Hans to Qualified",
        "Hans was added",
    ]


def test_notes_bookings_and_permission_are_told(read: Read, hans: Lead, admin: User, tenant: Tenant) -> None:
    maya = admin.full_name
    with platform_context(tenant_id=tenant.pk):
        LeadNoteFactory.create(lead=hans, content="Asked for a price list.", created_by_user=admin)
        booking = LeadBookingFactory.create(lead=hans, created_by_user=admin, assigned_user=admin)
        ConsentRecordFactory.create(lead=hans, status=ConsentStatus.WITHDRAWN, created_by_user=None)
        left = SuppressionFactory.create(
            lead=hans, channel="all", reason=SuppressionReason.UNSUBSCRIBED, created_by_user=None
        )
        SuppressionFactory.create(
            lead=hans, scope=SuppressionScope.DOMAIN, channel="email", reason=SuppressionReason.LEGAL
        )
        writes.delete(left, actor=admin)
    shown = {entry["text"]: entry for entry in read(limit=50)["results"]}
    expected = {
        f"{maya} wrote a note",
        f"{maya} booked “{booking.get_booking_type_display().lower()}” with Hans"
        f" for {times.written(booking.scheduled_at)}",
        "Hans withdrew the consent to outreach by e-mail",
        "Hans is not contacted any more: unsubscribed",
        "Hans may be contacted again",
        "The company of Hans is not contacted by e-mail any more: legal request",
        "Hans was added",
    }
    assert set(shown) == expected
    assert shown[f"{maya} wrote a note"]["detail"] == "Asked for a price list."
    assert shown[f"{maya} wrote a note"]["user"] == str(admin.pk)
    assert shown["Hans was added"]["user"] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_have_no_gaps_and_no_repeats_among_entries_of_the_same_moment(
    read: Read, api: Any, admin: User, hans: Lead, tenant: Tenant, limit: int
) -> None:
    with platform_context(tenant_id=tenant.pk):
        at(LeadNoteFactory.create_batch(4, lead=hans), NOON)
        at(LeadNoteFactory.create_batch(2, lead=hans), NOON - timedelta(microseconds=1))
        at(LeadBookingFactory.create_batch(3, lead=hans), NOON)
    whole = [(entry["source"], entry["id"]) for entry in read(limit=100)["results"]]
    assert len(whole) == len(set(whole)) == 10
    found, page = [], read(limit=limit)
    while True:
        found += [(entry["source"], entry["id"]) for entry in page["results"]]
        assert len(page["results"]) <= limit
        if page["next"] is None:
            break
        page = api(admin).get(page["next"]).json()
    assert found == whole


def test_a_row_that_two_sources_show_at_the_same_moment_is_not_lost_between_pages(
    read: Read, api: Any, admin: User, hans: Lead, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = SuppressionFactory.create(lead=hans)
        type(row).all_objects.filter(pk=row.pk).update(created_at=NOON, deleted_at=NOON)
    first = read(kind="permission", limit=1)
    second = api(admin).get(first["next"]).json()
    assert [page["results"][0]["source"] for page in (first, second)] == ["suppressions", "lifted-suppressions"]
    assert second["next"] is None


def test_an_entry_that_comes_in_between_pages_changes_no_older_page(
    read: Read, api: Any, admin: User, hans: Lead, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadNoteFactory.create_batch(3, lead=hans)
    older = read(limit=2)["next"]
    before = api(admin).get(older).json()["results"]
    with platform_context(tenant_id=tenant.pk):
        LeadNoteFactory.create(lead=hans)
    assert api(admin).get(older).json()["results"] == before


def test_the_timeline_is_filtered_by_kind_and_by_person(
    read: Read, hans: Lead, admin: User, member: User, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadNoteFactory.create(lead=hans, created_by_user=admin)
        LeadNoteFactory.create(lead=hans, created_by_user=member)
        LeadBookingFactory.create(lead=hans, created_by_user=admin)
        writes.update(hans, {"stage": "qualified"}, actor=member)
    kinds = {
        "note": ["note", "note"],
        "note,booking": ["booking", "note", "note"],
        "file": [],
    }
    for kind, expected in kinds.items():
        assert [entry["kind"] for entry in read(kind=kind)["results"]] == expected, kind
    assert [entry["kind"] for entry in read(user=str(member.pk))["results"]] == ["change", "note"]
    assert [entry["kind"] for entry in read(user=str(admin.pk), kind="booking")["results"]] == ["booking"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kind": "everything"}, "kind"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"user": "me"}, "user"),
        ({"before": "yesterday"}, "before"),
        ({"before": "MjAyNi0wNS0wNFQxMjowMDowMH54fnk"}, "before"),
        ({"before": "é"}, "before"),
        ({"after": "x"}, "after"),
    ],
)
def test_a_malformed_question_is_answered_with_400(
    api: Any, admin: User, hans: Lead, query: dict[str, str], field: str
) -> None:
    response = api(admin).get(f"/api/v1/leads/{hans.pk}/timeline/", query)
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])


def test_a_closed_feature_and_a_missing_right_hide_their_entries(
    read: Read, hans: Lead, admin: User, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        LeadBookingFactory.create(lead=hans)
        assert "booking" in {entry["kind"] for entry in read()["results"]}
        UserCapabilityFactory.create(user=admin, capability_key="bookings.view", enabled=False)
    assert {entry["kind"] for entry in read()["results"]} == {"change"}


def test_another_tenants_lead_has_no_timeline(api: Any, hans: Lead, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        stranger = UserFactory.create(email="stranger@borealis.test", primary_tenant=other_tenant)
        MembershipFactory.create(user=stranger, role="owner")
        TenantFeatureFactory.create(feature_key="deals-pipeline", granted=True)
    assert api(stranger).get(f"/api/v1/leads/{hans.pk}/timeline/").status_code == 404


def test_a_page_costs_the_same_for_few_and_many_entries(api: Any, admin: User, hans: Lead, tenant: Tenant) -> None:
    def cost(count: int) -> int:
        with platform_context(tenant_id=tenant.pk):
            LeadNoteFactory.create_batch(count, lead=hans, created_by_user=admin)
            LeadBookingFactory.create_batch(2, lead=hans, created_by_user=admin)
        with CaptureQueriesContext(connection) as captured:
            assert api(admin).get(f"/api/v1/leads/{hans.pk}/timeline/").status_code == 200
        return len(captured)

    cost(1)
    assert cost(1) == cost(20)


def test_the_page_filters_and_shows_older_entries_without_javascript_and_with_it(
    admin_of: Callable[..., Client], admin: User, stages: None, hans: Lead, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        at([LeadNoteFactory.create(lead=hans, content="The very first note")], NOON)
        LeadNoteFactory.create_batch(20, lead=hans, content="A later note")
        LeadBookingFactory.create(lead=hans)
    browser = admin_of(admin)
    whole = in_admin(browser, hans, timeline="note")
    assert "booked" not in whole
    assert "The very first note" not in whole
    assert whole.count("A later note") == 20
    links = [part.split('"')[0].replace("&amp;", "&") for part in whole.split('="')[1:]]
    parts = [link for link in links if "/timeline/?" in link and "more=1" in link]
    pages = [link.removesuffix("#lead-timeline") for link in links if "/change/?" in link and "more=1" in link]
    assert (len(parts), len(pages)) == (1, 1)
    for link in (*parts, *pages):
        older = browser.get(link).content.decode()
        assert "The very first note" in older, link
        assert "A later note" not in older.split("lead-timeline")[-1].split("inline")[0], link
    assert browser.get(f"/admin/leads/lead/{hans.pk}/timeline/", {"before": "x"}).status_code == 404
