"""Last activity and last contact of a lead."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lad.tenancy.context import tenant_context
from leads.bookings import services
from leads.contactability.models import ContactDirection, LeadTouch
from leads.contacts.models import Lead
from leads.contacts.services import Touch, record_activity, record_contacts
from tenants.teams.models import Tenant
from tests.factories.leads import LeadBookingFactory
from tests.support.database import stored
from tests.support.events import payloads

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
EARLIER = NOON - timedelta(hours=1)


@pytest.fixture
def quiet(make_lead: Callable[..., Lead]) -> Lead:
    """A lead nothing has happened with yet."""
    return make_lead(last_activity_at=None, last_contacted_at=None)


def contact(tenant: Tenant, lead: Lead, at: datetime, direction: ContactDirection = ContactDirection.OUTBOUND) -> None:
    with tenant_context(tenant.pk):
        record_contacts([Touch(lead.pk, "email", direction, at, uuid4())])


def times(lead: Lead) -> tuple[datetime | None, datetime | None]:
    row = stored(lead)
    return row.last_activity_at, row.last_contacted_at


@pytest.mark.parametrize("direction", list(ContactDirection))
def test_contact_in_either_direction_is_activity_and_contact(
    tenant: Tenant, quiet: Lead, direction: ContactDirection
) -> None:
    contact(tenant, quiet, NOON, direction)
    assert times(quiet) == (NOON, NOON)


def test_activity_is_not_contact(tenant: Tenant, quiet: Lead) -> None:
    with tenant_context(tenant.pk):
        record_activity([quiet.pk], at=NOON)
    assert times(quiet) == (NOON, None)


def test_a_report_that_comes_late_moves_nothing_back(tenant: Tenant, quiet: Lead) -> None:
    contact(tenant, quiet, NOON)
    contact(tenant, quiet, EARLIER)
    assert times(quiet) == (NOON, NOON)
    contact(tenant, quiet, LATER)
    assert times(quiet) == (LATER, LATER)


def test_contact_before_the_last_activity_counts_as_contact(tenant: Tenant, make_lead: Callable[..., Lead]) -> None:
    lead = make_lead(last_activity_at=LATER, last_contacted_at=None)
    contact(tenant, lead, NOON)
    assert times(lead) == (LATER, NOON)


def test_contact_is_one_statement_and_no_event(tenant: Tenant, quiet: Lead) -> None:
    with tenant_context(tenant.pk), CaptureQueriesContext(connection) as captured:
        record_contacts([Touch(quiet.pk, "email", ContactDirection.INBOUND, NOON, uuid4())])
    assert len(captured.captured_queries) == 1
    assert payloads("leads.lead.updated", quiet.pk) == []


def test_a_message_is_one_contact_however_often_it_is_reported(tenant: Tenant, quiet: Lead) -> None:
    touch = Touch(quiet.pk, "email", ContactDirection.OUTBOUND, NOON, uuid4())
    with tenant_context(tenant.pk):
        record_contacts([touch, replace(touch, source_id=uuid4())])
        record_contacts([touch])
        assert LeadTouch.objects.filter(lead=quiet, channel="email", occurred_at=NOON).count() == 2


def test_another_tenants_lead_is_left_alone(other_tenant: Tenant, quiet: Lead) -> None:
    contact(other_tenant, quiet, NOON)
    assert times(quiet) == (None, None)


def test_a_completed_booking_is_contact_and_a_missed_one_is_activity(tenant: Tenant, quiet: Lead) -> None:
    with tenant_context(tenant.pk):
        missed, kept = (LeadBookingFactory.create(lead=quiet, scheduled_at=at) for at in (EARLIER, LATER))
        services.miss(booking=missed)
    assert stored(quiet).last_contacted_at is None
    assert stored(quiet).last_activity_at is not None
    with tenant_context(tenant.pk):
        services.complete(booking=kept)
    assert stored(quiet).last_contacted_at is not None
