"""Bookings through the API: creating, rescheduling, ending and retrying them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lad.tenancy.context import platform_context
from leads.bookings.models import LeadBooking
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.leads.helpers import BOOKINGS
from tests.support.api import conflict, field_problems, problem
from tests.support.database import stored
from tests.support.events import payloads

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HALF = timedelta(minutes=30)


def book(client: Any, lead: Lead, at: datetime = NINE, **more: Any) -> Any:
    body = {"lead": str(lead.pk), "scheduled_at": at.isoformat(), "booking_type": "demo", **more}
    return client.post(BOOKINGS, body, format="json")


def act(client: Any, booking: Any, action: str, **body: Any) -> Any:
    key = booking["id"] if isinstance(booking, dict) else booking.pk
    return client.post(f"{BOOKINGS}{key}/{action}/", body, format="json")


@pytest.fixture
def booked(api: Any, member: User, lead: Lead) -> dict[str, Any]:
    made = book(api(member), lead)
    assert made.status_code == 201, made.content
    return dict(made.json())


def test_a_booking_goes_to_the_leads_user_for_15_minutes(booked: dict[str, Any], member: User) -> None:
    assert (booked["assigned_user"], booked["created_by_user"]) == (str(member.pk), str(member.pk))
    assert datetime.fromisoformat(booked["buffer_until"]) == NINE + timedelta(minutes=15)
    assert (booked["status"], booked["retry_count"], booked["timezone"]) == ("scheduled", 0, "UTC")


def test_an_unassigned_lead_cannot_be_booked(api: Any, member: User, make_lead: Make) -> None:
    response = book(api(member), make_lead(assigned_user=None))
    assert problem(response) == (409, "lead_has_no_owner")


def test_booking_for_another_user_assigns_the_lead_to_them(
    api: Any, member: User, admin: User, make_lead: Make
) -> None:
    lead = make_lead(assigned_user=None)
    made = book(api(member), lead, assigned_user=str(admin.pk))
    assert made.json()["assigned_user"] == str(admin.pk)
    assert stored(lead).assigned_user_id == admin.pk
    assert payloads("leads.lead.assigned", lead.pk) == [{"before": None, "after": str(admin.pk)}]


def test_a_taken_slot_is_rejected_with_its_times(
    api: Any, member: User, booked: dict[str, Any], make_lead: Make
) -> None:
    response = book(api(member), make_lead(), NINE + timedelta(minutes=10))
    assert problem(response) == (409, "slot_taken")
    error = response.json()
    assert error["booking"] == booked["id"]
    assert datetime.fromisoformat(error["taken_from"]) == NINE
    assert datetime.fromisoformat(error["taken_until"]) == NINE + timedelta(minutes=15)
    assert "09:00 to 09:15" in error["detail"]


def test_the_next_booking_may_begin_when_the_first_ends(
    api: Any, member: User, booked: dict[str, Any], make_lead: Make
) -> None:
    assert book(api(member), make_lead(), NINE + timedelta(minutes=15)).status_code == 201


def test_two_users_can_be_booked_at_the_same_time(
    api: Any, member: User, admin: User, booked: dict[str, Any], make_lead: Make
) -> None:
    assert book(api(member), make_lead(assigned_user=admin)).status_code == 201


@pytest.mark.parametrize("ending", ["cancel", "complete", "miss"])
def test_an_ended_booking_frees_its_slot(
    api: Any, member: User, booked: dict[str, Any], make_lead: Make, ending: str
) -> None:
    assert act(api(member), booked, ending).status_code == 200
    assert book(api(member), make_lead()).status_code == 201


def test_a_deleted_booking_is_not_restored_to_a_taken_slot(
    api: Any, member: User, booked: dict[str, Any], make_lead: Make
) -> None:
    client = api(member)
    assert client.delete(f"{BOOKINGS}{booked['id']}/").status_code == 204
    assert book(client, make_lead()).status_code == 201
    assert problem(act(client, booked, "restore")) == (409, "slot_taken")


def test_a_rescheduled_booking_keeps_its_duration_and_emits_an_event(api: Any, member: User, lead: Lead) -> None:
    booked = book(api(member), lead, buffer_until=(NINE + HALF).isoformat()).json()
    later = NINE + timedelta(days=1)
    moved = act(api(member), booked, "reschedule", scheduled_at=later.isoformat())
    assert moved.status_code == 200, moved.content
    assert datetime.fromisoformat(moved.json()["buffer_until"]) == later + HALF
    [payload] = payloads("leads.booking.rescheduled")
    assert payload == {"lead_id": str(lead.pk), "before": NINE.isoformat(), "after": later.isoformat()}


def test_changing_the_time_by_patch_follows_the_same_rules(
    api: Any, member: User, booked: dict[str, Any], make_lead: Make
) -> None:
    other = book(api(member), make_lead(), NINE + timedelta(hours=1)).json()
    response = api(member).patch(f"{BOOKINGS}{other['id']}/", {"scheduled_at": NINE.isoformat()}, format="json")
    assert problem(response) == (409, "slot_taken")
    moved = api(member).patch(f"{BOOKINGS}{other['id']}/", {"scheduled_at": (NINE + HALF).isoformat()}, format="json")
    assert datetime.fromisoformat(moved.json()["buffer_until"]) == NINE + HALF + timedelta(minutes=15)
    assert len(payloads("leads.booking.rescheduled")) == 1


def test_a_completed_booking_records_contact(api: Any, member: User, lead: Lead, booked: dict[str, Any]) -> None:
    done = act(api(member), booked, "complete", notes="They sign on Friday.")
    assert (done.json()["status"], done.json()["call_result"]) == ("completed", "answered")
    assert "Friday" in done.json()["notes"]
    assert stored(lead).last_contacted_at is not None
    assert payloads("leads.booking.completed") == [{"lead_id": str(lead.pk), "call_result": "answered"}]


def test_ending_twice_changes_nothing_and_ending_differently_is_rejected(
    api: Any, member: User, booked: dict[str, Any]
) -> None:
    client = api(member)
    assert act(client, booked, "cancel", reason="Ill").status_code == 200
    assert act(client, booked, "cancel").status_code == 200
    assert [payload["reason"] for payload in payloads("leads.booking.cancelled")] == ["Ill"]
    assert problem(act(client, booked, "complete")) == (409, "booking_over")
    assert problem(act(client, booked, "reschedule", scheduled_at=NINE.isoformat())) == (409, "booking_over")


def test_an_ended_booking_cannot_be_reopened(api: Any, member: User, booked: dict[str, Any]) -> None:
    client = api(member)
    act(client, booked, "miss")
    response = client.patch(f"{BOOKINGS}{booked['id']}/", {"status": "scheduled"}, format="json")
    assert problem(response) == (409, "booking_over")


def test_a_missed_booking_can_be_retried(api: Any, member: User, lead: Lead, booked: dict[str, Any]) -> None:
    client = api(member)
    act(client, booked, "miss")
    again = act(client, booked, "retry", scheduled_at=(NINE + timedelta(days=1)).isoformat())
    assert again.status_code == 201, again.content
    shown = again.json()
    assert (shown["parent_booking"], shown["retry_count"], shown["lead"]) == (booked["id"], 1, str(lead.pk))
    [payload] = payloads("leads.booking.retried")
    assert payload == {"lead_id": str(lead.pk), "parent_booking_id": booked["id"], "retry_count": 1}


def test_a_booking_can_be_retried_once(api: Any, member: User, booked: dict[str, Any]) -> None:
    client = api(member)
    act(client, booked, "miss")
    first = act(client, booked, "retry", scheduled_at=(NINE + timedelta(days=1)).isoformat())
    assert first.status_code == 201
    second = act(client, booked, "retry", scheduled_at=(NINE + timedelta(days=2)).isoformat())
    assert "already has a retry" in conflict(second)


def test_an_open_booking_cannot_be_retried(api: Any, member: User, booked: dict[str, Any]) -> None:
    response = act(api(member), booked, "retry", scheduled_at=(NINE + HALF).isoformat())
    assert problem(response) == (409, "not_retriable")


def test_retries_are_limited(api: Any, member: User, booked: dict[str, Any]) -> None:
    client, last = api(member), booked
    for day in range(1, 4):
        act(client, last, "miss")
        last = act(client, last, "retry", scheduled_at=(NINE + timedelta(days=day)).isoformat()).json()
    act(client, last, "miss")
    response = act(client, last, "retry", scheduled_at=(NINE + timedelta(days=9)).isoformat())
    assert problem(response) == (409, "retries_used_up")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "GST"),
        ("buffer_until", (NINE - HALF).isoformat()),
        ("buffer_until", (NINE + timedelta(hours=9)).isoformat()),
        ("booking_type", "nothing"),
    ],
)
def test_an_invalid_booking_is_rejected(api: Any, member: User, lead: Lead, field: str, value: str) -> None:
    assert problem(book(api(member), lead, at=NINE, **{field: value})) == (400, "invalid")


def test_an_alias_of_a_time_zone_is_stored_as_the_name_it_stands_for(api: Any, member: User, lead: Lead) -> None:
    for alias, name in (("Asia/Calcutta", "Asia/Kolkata"), ("Europe/Kiev", "Europe/Kyiv")):
        made = book(api(member), lead, at=NINE, timezone=alias)
        assert made.status_code == 201, made.content
        assert made.json()["timezone"] == name
        assert act(api(member), made.json(), "cancel").status_code == 200


def test_a_viewer_cannot_create_or_end_bookings(api: Any, viewer: User, lead: Lead, booked: dict[str, Any]) -> None:
    assert problem(book(api(viewer), lead)) == (403, "missing_right")
    for action in ("cancel", "complete", "miss", "reschedule", "retry"):
        assert problem(act(api(viewer), booked, action)) == (403, "missing_right")


def test_another_tenants_booking_is_not_found(api: Any, member: User, other_tenant: Tenant) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        theirs: LeadBooking = LeadBookingFactory.create()
    assert problem(act(api(member), theirs, "cancel")) == (404, "not_found")
    assert stored(theirs).status == "scheduled"


def test_a_new_booking_is_not_in_the_past_unless_it_records_what_happened(
    api: Any, member: User, lead: Lead, make_lead: Make
) -> None:
    client, now = api(member), timezone.now()
    yesterday = now - timedelta(days=1)
    for status in ("scheduled", "confirmed", "in_progress"):
        refused = field_problems(book(client, lead, yesterday, status=status))
        assert {text for texts in refused.values() for text in texts if "passed" in text or "ended already" in text}
    assert book(client, lead, yesterday, status="completed", call_result="answered").status_code == 201
    assert book(client, lead, yesterday, status="missed").status_code == 201
    # Entered a moment after it began.
    assert book(client, lead, now - timedelta(minutes=2)).status_code == 201
    begun = {"status": "in_progress", "buffer_until": (now + HALF).isoformat()}
    assert book(client, make_lead(), now - HALF, **begun).status_code == 409
    booked = book(client, make_lead(), NINE).json()
    for change in ({"scheduled_at": yesterday.isoformat()}, {"scheduled_at": "2020-01-01T09:00:00Z"}):
        assert "scheduled_at" in field_problems(client.patch(f"{BOOKINGS}{booked['id']}/", change, format="json"))
        assert "scheduled_at" in field_problems(act(client, booked, "reschedule", **change))
    with platform_context(tenant_id=lead.tenant_id):
        old = LeadBookingFactory.create(lead=lead, scheduled_at=yesterday)
    shown = client.get(f"{BOOKINGS}{old.pk}/").json()
    body = {name: shown[name] for name in ("lead", "assigned_user", "scheduled_at", "buffer_until", "booking_type")}
    saved = client.put(f"{BOOKINGS}{old.pk}/", {**body, "notes": "Did not call"}, format="json")
    assert (saved.status_code, saved.json().get("notes")) == (200, "Did not call"), saved.content
    assert act(client, old, "complete").status_code == 200


def test_a_time_without_an_offset_is_in_the_zone_of_the_booking_or_else_of_the_tenant(
    api: Any, member: User, lead: Lead, tenant: Tenant
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Europe/Berlin")
    client, ten = api(member), "2027-03-01T10:00:00"

    def at(response: Any) -> datetime:
        assert response.status_code < 300, response.content
        return datetime.fromisoformat(response.json()["scheduled_at"])

    body = {"lead": str(lead.pk), "booking_type": "demo", "scheduled_at": ten}
    made = client.post(BOOKINGS, {**body, "timezone": "Asia/Kolkata"}, format="json")
    assert at(made) == datetime(2027, 3, 1, 4, 30, tzinfo=UTC)
    assert made.json()["scheduled_at"].endswith(("Z", "+00:00"))
    assert at(client.post(BOOKINGS, body, format="json")) == datetime(2027, 3, 1, 9, tzinfo=UTC)
    eleven = {"scheduled_at": "2027-03-01T11:00:00"}
    assert at(act(client, made.json(), "reschedule", **eleven)) == datetime(2027, 3, 1, 10, tzinfo=UTC)
    moved = act(client, made.json(), "reschedule", **eleven, timezone="Asia/Kolkata")
    assert at(moved) == datetime(2027, 3, 1, 5, 30, tzinfo=UTC)
    # A day as a bound is a day of the tenant: the first of March ends at 23:00 UTC.
    late = client.post(BOOKINGS, {**body, "scheduled_at": "2027-03-01T23:30:00Z"}, format="json").json()["id"]
    listed = {row["id"] for row in client.get(BOOKINGS, {"scheduled_at__lte": "2027-03-01"}).json()["results"]}
    assert len(listed) == 2
    assert late not in listed
    assert late in {row["id"] for row in client.get(BOOKINGS, {"scheduled_at__gt": "2027-03-01"}).json()["results"]}
