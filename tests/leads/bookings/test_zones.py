"""Staff enter and read times in their own zone; the API speaks UTC."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from leads.bookings.models import LeadBooking
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.leads.helpers import BOOKINGS
from tests.support.api import text
from tests.support.database import stored

PAGES = "/admin/leads/leadbooking/"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
FORM = {"booking_type": "demo", "scheduled_at": "2027-03-01T14:30", "minutes": "30", "notes": ""}


@pytest.fixture
def browser(admin_of: Callable[..., Client], admin: User, tenant: Tenant, stages: None) -> Client:
    """The admin site, signed in as an admin of a tenant in India."""
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Asia/Kolkata")
    return admin_of(admin)


@pytest.fixture
def booking(tenant: Tenant, lead: Lead) -> LeadBooking:
    with platform_context(tenant_id=tenant.pk):
        made: LeadBooking = LeadBookingFactory.create(lead=lead, scheduled_at=NINE)
        return made


def test_times_are_shown_in_the_zone_of_the_tenant_and_say_so(
    browser: Client, booking: LeadBooking, api: Any, admin: User
) -> None:
    listed = text(browser.get(PAGES))
    assert "1 Mar 2027, 14:30" in listed.replace("\N{NO-BREAK SPACE}", " ")
    assert '<small class="lad-zone" title="Asia/Kolkata, UTC+5:30">Kolkata time</small>' in listed
    page = text(browser.get(f"{PAGES}{booking.pk}/change/"))
    assert 'name="scheduled_at_1" value="14:30:00"' in page
    assert page.count('<span class="lad-zone" title="Asia/Kolkata, UTC+5:30">Kolkata time</span>') > 1
    assert "Demonstration · 1 Mar 2027, 14:30 IST" in page.replace(booking.get_booking_type_display(), "Demonstration")
    lead_page = text(browser.get(f"/admin/leads/lead/{booking.lead_id}/change/"))
    assert "14:30" in lead_page and "9:00" not in lead_page
    answer = api(admin).get(f"{BOOKINGS}{booking.pk}/").json()
    assert answer["scheduled_at"] == "2027-03-01T09:00:00Z"


def test_times_are_entered_in_the_zone_of_the_person(
    browser: Client, admin: User, lead: Lead, api: Any, member: User
) -> None:
    assert "Kolkata time" in text(browser.get(f"/admin/leads/lead/{lead.pk}/book/"))
    browser.post(f"/admin/leads/lead/{lead.pk}/book/", {**FORM, "assigned_user": str(member.pk)})
    with platform_context():
        assert LeadBooking.objects.get(lead=lead.pk).scheduled_at == NINE
    # A zone of their own comes before that of the tenant, and is chosen in the account or through the API.
    browser.post("/admin/account/", {"timezone": "America/New_York"})
    assert stored(admin).timezone == "America/New_York"
    assert "4:00" in text(browser.get(PAGES))
    assert "New York time" in text(browser.get(PAGES))
    changed = api(admin).patch("/api/v1/me/", {"timezone": "Asia/Tokyo"}, format="json")
    assert (changed.status_code, changed.json()["timezone"]) == (200, "Asia/Tokyo")
    assert "18:00" in text(browser.get(PAGES))
    assert api(admin).patch("/api/v1/me/", {"timezone": "GST"}, format="json").status_code == 400


def test_the_time_filter_reads_the_zone_of_the_person(browser: Client, booking: LeadBooking) -> None:
    query = {"scheduled_at_from_0": "2027-03-01", "scheduled_at_from_1": "14:30:00", "scheduled_at_to_0": "2027-03-01"}
    assert str(booking.pk) in text(browser.get(PAGES, query))
    assert str(booking.pk) not in text(browser.get(PAGES, {**query, "scheduled_at_from_1": "14:31:00"}))


def test_booking_for_somebody_else_says_that_the_lead_goes_to_them_and_can_leave_it(
    browser: Client, api: Any, admin: User, member: User, make_lead: Callable[..., Lead]
) -> None:
    kept, given = make_lead(assigned_user=member), make_lead(assigned_user=member)
    page = text(browser.get(f"/admin/leads/lead/{kept.pk}/book/"))
    assert "Assign the lead to this person too" in page
    assert f"Otherwise it stays with {member.full_name}." in page
    form = {**FORM, "assigned_user": str(admin.pk)}
    browser.post(f"/admin/leads/lead/{kept.pk}/book/", form)
    later = {"scheduled_at": "2027-03-02T14:30", "reassign_lead": "on"}
    browser.post(f"/admin/leads/lead/{given.pk}/book/", {**form, **later})
    with platform_context():
        assert LeadBooking.objects.filter(assigned_user=admin).count() == 2
    assert (stored(kept).assigned_user_id, stored(given).assigned_user_id) == (member.pk, admin.pk)
    body = {"lead": str(kept.pk), "scheduled_at": "2027-03-03T09:00:00Z", "assigned_user": str(admin.pk)}
    made = api(admin).post(BOOKINGS, {**body, "reassign_lead": False}, format="json")
    assert (made.status_code, made.json()["assigned_user"]) == (201, str(admin.pk))
    assert "reassign_lead" not in made.json()
    assert stored(kept).assigned_user_id == member.pk


def test_the_page_for_a_new_booking_asks_too(
    browser: Client, admin: User, member: User, make_lead: Callable[..., Lead]
) -> None:
    lead = make_lead(assigned_user=member)
    page = text(browser.get(f"{PAGES}add/"))
    assert 'name="reassign_lead"' in page and "Assign the lead to this person too" in page
    entries = {
        "lead": str(lead.pk),
        "assigned_user": str(admin.pk),
        "scheduled_at_0": "2027-03-01",
        "scheduled_at_1": "14:30",
        "booking_type": "demo",
        "booking_source": "user_ui",
        "timezone": "Asia/Kolkata",
        "status": "scheduled",
        "metadata": "{}",
    }
    assert browser.post(f"{PAGES}add/", entries).status_code == 302
    with platform_context():
        booking = LeadBooking.objects.get(lead=lead.pk)
    assert (booking.scheduled_at, booking.assigned_user_id) == (NINE, admin.pk)
    assert stored(lead).assigned_user_id == member.pk
