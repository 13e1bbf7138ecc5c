"""Constraints of bookings in the database, and concurrent bookings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from time import sleep
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from leads.bookings import services
from leads.bookings.models import BookingStatus, BookingType, LeadBooking
from leads.bookings.services import SlotTaken
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.support.concurrency import run_together
from tests.support.database import stored, violates

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WAIT_SECONDS = 10


@pytest.fixture
def make_booking(tenant: Tenant, make_lead: Make) -> Callable[..., LeadBooking]:
    def make(**values: Any) -> LeadBooking:
        with platform_context(tenant_id=tenant.pk):
            values = {"lead": values.get("lead") or make_lead(), **values}
            start = values.setdefault("scheduled_at", NINE)
            booking: LeadBooking = LeadBookingFactory.create(**{"buffer_until": start + QUARTER, **values})
            return booking

    return make


Book = Callable[..., LeadBooking]


def again(parent: LeadBooking, **values: Any) -> dict[str, Any]:
    """Return the values of a valid retry."""
    later = parent.scheduled_at + timedelta(days=1)
    return {
        "lead": parent.lead,
        "parent_booking": parent,
        "retry_count": parent.retry_count + 1,
        "scheduled_at": later,
        **values,
    }


@pytest.mark.parametrize("status", ["scheduled", "confirmed", "in_progress"])
def test_a_user_cannot_have_two_bookings_at_once(make_booking: Book, status: str) -> None:
    make_booking(status=status)
    with violates("lead_bookings_slot", psycopg.errors.ExclusionViolation):
        make_booking(scheduled_at=NINE + timedelta(minutes=14))
    make_booking(scheduled_at=NINE + QUARTER)


@pytest.mark.parametrize("status", ["completed", "missed", "cancelled", "failed"])
def test_an_ended_booking_takes_no_time(make_booking: Book, status: str) -> None:
    make_booking(status=status)
    make_booking()


def test_a_deleted_booking_takes_no_time(tenant: Tenant, make_booking: Book) -> None:
    first = make_booking()
    with platform_context(tenant_id=tenant.pk):
        first.delete()
    make_booking()


def test_a_lead_has_one_follow_up_at_a_time(make_booking: Book, lead: Lead, admin: User) -> None:
    make_booking(lead=lead, booking_type=BookingType.AUTO_FOLLOWUP)
    with violates("lead_bookings_one_follow_up", psycopg.errors.ExclusionViolation):
        make_booking(lead=lead, booking_type=BookingType.MANUAL_FOLLOWUP, assigned_user=admin)
    make_booking(lead=lead, booking_type=BookingType.DEMO, assigned_user=admin)


def test_an_open_booking_needs_a_user(tenant: Tenant, make_booking: Book) -> None:
    booking = make_booking()
    with platform_context(tenant_id=tenant.pk):
        with violates("lead_bookings_held_by_someone"):
            LeadBooking.objects.filter(pk=booking.pk).update(assigned_user=None)
        LeadBooking.objects.filter(pk=booking.pk).update(assigned_user=None, status=BookingStatus.CANCELLED)


def test_a_booking_must_end_after_it_starts(make_booking: Book) -> None:
    with violates("lead_bookings_ends_after_start"):
        make_booking(buffer_until=NINE)


def test_retries_follow_one_another(make_booking: Book) -> None:
    first = make_booking()
    second = make_booking(**again(first))
    make_booking(**again(second))


def test_a_retry_must_be_of_the_same_lead(make_booking: Book, make_lead: Make) -> None:
    first = make_booking()
    with violates("lead_bookings_attempt_follows", psycopg.errors.ForeignKeyViolation):
        make_booking(**again(first, lead=make_lead()))


def test_a_retry_counts_one_more_than_its_parent(make_booking: Book) -> None:
    first = make_booking()
    with violates("lead_bookings_attempt_follows", psycopg.errors.ForeignKeyViolation):
        make_booking(**again(first, retry_count=2))


def test_a_booking_without_a_parent_is_not_a_retry(make_booking: Book) -> None:
    with violates("lead_bookings_retry_has_parent"):
        make_booking(retry_count=1)


def test_a_booking_cannot_retry_itself(tenant: Tenant, make_booking: Book) -> None:
    booking = make_booking()
    with (
        platform_context(tenant_id=tenant.pk),
        violates("lead_bookings_attempt_follows", psycopg.errors.ForeignKeyViolation),
    ):
        LeadBooking.objects.filter(pk=booking.pk).update(parent_booking=booking, retry_count=1)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_retries_cannot_form_a_circle(tenant: Tenant, make_booking: Book, count: int) -> None:
    first = make_booking()
    second = make_booking(**again(first))
    third = make_booking(**again(second))
    with (
        platform_context(tenant_id=tenant.pk),
        pytest.raises(IntegrityError, match="lead_bookings_"),
        transaction.atomic(),
    ):
        LeadBooking.objects.filter(pk=first.pk).update(parent_booking=third, retry_count=count)
    assert stored(first).parent_booking_id is None


def test_a_booking_has_at_most_one_retry(make_booking: Book) -> None:
    first = make_booking()
    make_booking(**again(first))
    with violates("lead_bookings_one_next_attempt", psycopg.errors.UniqueViolation):
        make_booking(**again(first, scheduled_at=NINE + timedelta(days=5)))


def test_the_same_task_is_booked_once(make_booking: Book) -> None:
    make_booking(idempotency_key="followup:1")
    with violates("lead_bookings_idempotency_key", psycopg.errors.UniqueViolation):
        make_booking(idempotency_key="followup:1", scheduled_at=NINE + QUARTER)
    make_booking(idempotency_key="", scheduled_at=NINE + 2 * QUARTER)
    make_booking(idempotency_key="", scheduled_at=NINE + 3 * QUARTER)


def test_deleting_and_restoring_a_lead_includes_its_bookings(tenant: Tenant, make_booking: Book) -> None:
    first = make_booking(status=BookingStatus.MISSED)
    second = make_booking(**again(first))
    with platform_context(tenant_id=tenant.pk):
        first.lead.delete()
        assert (stored(first).is_deleted, stored(second).is_deleted) == (True, True)
        writes.restore(stored(first.lead))
    assert (stored(first).is_deleted, stored(second).is_deleted) == (False, False)


@pytest.mark.django_db(transaction=True)
def test_only_one_of_two_concurrent_bookings_gets_the_slot(tenant: Tenant, member: User, make_lead: Make) -> None:
    first, second = make_lead(), make_lead()
    booked = Event()

    def book(lead: Lead) -> LeadBooking:
        made: LeadBooking = writes.create(LeadBooking, {"lead": lead, "scheduled_at": NINE}, actor=member)
        return made

    def begin() -> LeadBooking:
        with tenant_context(tenant.pk, user_id=member.pk):
            made = book(first)
            booked.set()
            # The other transaction has found the slot free and waits for this one.
            until_another_waits()
            return made

    def follow() -> LeadBooking:
        assert booked.wait(WAIT_SECONDS)
        with tenant_context(tenant.pk, user_id=member.pk):
            return book(second)

    mine, refusal = run_together(begin, follow)
    assert isinstance(refusal, SlotTaken)
    assert refusal.extra["booking"] == str(mine.pk)
    assert "09:00 to 09:15" in refusal.detail
    with platform_context(tenant_id=tenant.pk):
        assert LeadBooking.objects.get() == mine


def until_another_waits() -> None:
    """Return as soon as a transaction waits for another one. Raise AssertionError if none does."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
        sleep(WAIT_SECONDS / 100)
    raise AssertionError("No transaction waits for another one.")


@pytest.mark.django_db(transaction=True)
def test_only_one_of_two_concurrent_moves_gets_the_slot(tenant: Tenant, make_booking: Book) -> None:
    rows = [make_booking(scheduled_at=NINE + timedelta(hours=hour)) for hour in (1, 2)]

    def move(row: LeadBooking) -> Callable[[], Any]:
        def run() -> Any:
            with tenant_context(tenant.pk):
                return services.reschedule(booking=row, scheduled_at=NINE)

        return run

    outcomes = run_together(*(move(row) for row in rows))
    assert sorted(type(each).__name__ for each in outcomes) == ["LeadBooking", "SlotTaken"]
