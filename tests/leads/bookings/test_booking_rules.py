"""What the database itself holds of bookings, and two who book at the same moment."""

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
from leads.bookings import services as bookings
from leads.bookings.models import BookingStatus, BookingType, LeadBooking
from leads.bookings.services import SlotTaken
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.leads.helpers import fresh, refused
from tests.tenants.helpers import together

pytestmark = pytest.mark.usefixtures("stages")

Make = Callable[..., Lead]

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PATIENCE = 10


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
    """What a right next attempt holds."""
    later = parent.scheduled_at + timedelta(days=1)
    return {
        "lead": parent.lead,
        "parent_booking": parent,
        "retry_count": parent.retry_count + 1,
        "scheduled_at": later,
        **values,
    }


@pytest.mark.parametrize("status", ["scheduled", "confirmed", "in_progress"])
def test_a_person_cannot_be_in_two_places(make_booking: Book, status: str) -> None:
    make_booking(status=status)
    with refused("lead_bookings_slot", psycopg.errors.ExclusionViolation):
        make_booking(scheduled_at=NINE + timedelta(minutes=14))
    make_booking(scheduled_at=NINE + QUARTER)


@pytest.mark.parametrize("status", ["completed", "missed", "cancelled", "failed"])
def test_what_is_over_takes_no_time(make_booking: Book, status: str) -> None:
    make_booking(status=status)
    make_booking()


def test_what_is_deleted_takes_no_time(tenant: Tenant, make_booking: Book) -> None:
    first = make_booking()
    with platform_context(tenant_id=tenant.pk):
        first.delete()
    make_booking()


def test_a_lead_has_one_follow_up_at_a_time_whoever_makes_it(make_booking: Book, lead: Lead, admin: User) -> None:
    make_booking(lead=lead, booking_type=BookingType.AUTO_FOLLOWUP)
    with refused("lead_bookings_one_follow_up", psycopg.errors.ExclusionViolation):
        make_booking(lead=lead, booking_type=BookingType.MANUAL_FOLLOWUP, assigned_user=admin)
    make_booking(lead=lead, booking_type=BookingType.DEMO, assigned_user=admin)


def test_an_open_booking_has_somebody_who_holds_it(tenant: Tenant, make_booking: Book) -> None:
    booking = make_booking()
    with platform_context(tenant_id=tenant.pk):
        with refused("lead_bookings_held_by_someone"):
            LeadBooking.objects.filter(pk=booking.pk).update(assigned_user=None)
        LeadBooking.objects.filter(pk=booking.pk).update(assigned_user=None, status=BookingStatus.CANCELLED)


def test_a_booking_ends_after_it_starts(make_booking: Book) -> None:
    with refused("lead_bookings_ends_after_start"):
        make_booking(buffer_until=NINE)


def test_attempts_follow_one_another(make_booking: Book) -> None:
    first = make_booking()
    second = make_booking(**again(first))
    make_booking(**again(second))


def test_an_attempt_of_another_lead_does_not_follow(make_booking: Book, make_lead: Make) -> None:
    first = make_booking()
    with refused("lead_bookings_attempt_follows", psycopg.errors.ForeignKeyViolation):
        make_booking(**again(first, lead=make_lead()))


def test_an_attempt_counts_one_more_than_the_one_before(make_booking: Book) -> None:
    first = make_booking()
    with refused("lead_bookings_attempt_follows", psycopg.errors.ForeignKeyViolation):
        make_booking(**again(first, retry_count=2))


def test_what_follows_nothing_is_no_retry(make_booking: Book) -> None:
    with refused("lead_bookings_retry_has_parent"):
        make_booking(retry_count=1)


def test_nothing_follows_itself(tenant: Tenant, make_booking: Book) -> None:
    booking = make_booking()
    with (
        platform_context(tenant_id=tenant.pk),
        refused("lead_bookings_attempt_follows", psycopg.errors.ForeignKeyViolation),
    ):
        LeadBooking.objects.filter(pk=booking.pk).update(parent_booking=booking, retry_count=1)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_no_chain_of_attempts_closes(tenant: Tenant, make_booking: Book, count: int) -> None:
    first = make_booking()
    second = make_booking(**again(first))
    third = make_booking(**again(second))
    with (
        platform_context(tenant_id=tenant.pk),
        pytest.raises(IntegrityError, match="lead_bookings_"),
        transaction.atomic(),
    ):
        LeadBooking.objects.filter(pk=first.pk).update(parent_booking=third, retry_count=count)
    assert fresh(first).parent_booking_id is None


def test_an_attempt_is_followed_once(make_booking: Book) -> None:
    first = make_booking()
    make_booking(**again(first))
    with refused("lead_bookings_one_next_attempt", psycopg.errors.UniqueViolation):
        make_booking(**again(first, scheduled_at=NINE + timedelta(days=5)))


def test_the_same_task_is_booked_once(make_booking: Book) -> None:
    make_booking(idempotency_key="followup:1")
    with refused("lead_bookings_idempotency_key", psycopg.errors.UniqueViolation):
        make_booking(idempotency_key="followup:1", scheduled_at=NINE + QUARTER)
    make_booking(idempotency_key="", scheduled_at=NINE + 2 * QUARTER)
    make_booking(idempotency_key="", scheduled_at=NINE + 3 * QUARTER)


def test_a_lead_goes_and_comes_back_with_its_attempts(tenant: Tenant, make_booking: Book) -> None:
    first = make_booking(status=BookingStatus.MISSED)
    second = make_booking(**again(first))
    with platform_context(tenant_id=tenant.pk):
        first.lead.delete()
        assert (fresh(first).is_deleted, fresh(second).is_deleted) == (True, True)
        writes.restore(fresh(first.lead))
    assert (fresh(first).is_deleted, fresh(second).is_deleted) == (False, False)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_book_the_same_time_at_once_one_gets_it(tenant: Tenant, member: User, make_lead: Make) -> None:
    first, second = make_lead(), make_lead()
    booked = Event()

    def book(lead: Lead) -> LeadBooking:
        made: LeadBooking = writes.create(LeadBooking, {"lead": lead, "scheduled_at": NINE}, actor=member)
        return made

    def begin() -> LeadBooking:
        with tenant_context(tenant.pk, user_id=member.pk):
            made = book(first)
            booked.set()
            # The other has found the time free by now, and waits for what becomes of this.
            assert somebody_waits()
            return made

    def follow() -> LeadBooking:
        assert booked.wait(PATIENCE)
        with tenant_context(tenant.pk, user_id=member.pk):
            return book(second)

    mine, refusal = together(begin, follow)
    assert isinstance(refusal, SlotTaken)
    assert refusal.extra["booking"] == str(mine.pk)
    assert "09:00 to 09:15" in refusal.detail
    with platform_context(tenant_id=tenant.pk):
        assert LeadBooking.objects.get() == mine


def somebody_waits() -> bool:
    """Whether a transaction waits for another, soon."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return True
        sleep(PATIENCE / 100)
    return False


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_into_the_same_time_at_once_one_gets_it(tenant: Tenant, make_booking: Book) -> None:
    rows = [make_booking(scheduled_at=NINE + timedelta(hours=hour)) for hour in (1, 2)]

    def move(row: LeadBooking) -> Callable[[], Any]:
        def run() -> Any:
            with tenant_context(tenant.pk):
                return bookings.reschedule(booking=row, scheduled_at=NINE)

        return run

    outcomes = together(*(move(row) for row in rows))
    assert sorted(type(each).__name__ for each in outcomes) == ["LeadBooking", "SlotTaken"]
