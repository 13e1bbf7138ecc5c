"""Factories of the leads app: leads, their pipeline, notes, social profiles and bookings."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from factory import Faker, LazyAttribute, LazyFunction, Sequence, SubFactory

from lad.tenancy.context import current_tenant_id
from leads.bookings.models import BookingSource, BookingType, LeadBooking
from leads.channels import Channel
from leads.contactability.addresses import Kind, hashes
from leads.contactability.models import (
    ConsentRecord,
    ConsentStatus,
    ContactDirection,
    ContactPolicy,
    Holiday,
    LeadTouch,
    Suppression,
    SuppressionLine,
)
from leads.contacts.models import Lead, LeadNote, LeadSearchText, LeadSocial, Priority
from leads.pipeline.models import LeadStage, LeadStatus
from tests.factories.base import TenantModelFactory, unique
from tests.factories.kernel import JobFactory
from tests.factories.tenants import MemberFactory, TenantFactory

# Each booking gets its own hour, so bookings never overlap.
FIRST_HOUR = datetime(2027, 1, 4, 8, tzinfo=UTC)
FIRST_PLACE = 100


def pipeline_choice(model: Any, key: str, **values: Any) -> str:
    """Create a stage or status of the current tenant and return its key."""
    row, _made = model.all_objects.get_or_create(
        tenant_id=current_tenant_id(), key=key, defaults={"label": key.title(), **values}
    )
    return str(row.key)


class LeadStageFactory(TenantModelFactory[LeadStage]):
    key = unique("stage-%d")
    label = unique("Stage %d")
    color = "#3B82F6"
    display_order: Any = Sequence(lambda number: FIRST_PLACE + number)

    class Meta:
        model = LeadStage


class LeadStatusFactory(TenantModelFactory[LeadStatus]):
    key = unique("status-%d")
    label = unique("Status %d")
    color = "#10B981"

    class Meta:
        model = LeadStatus


class LeadFactory(TenantModelFactory[Lead]):
    first_name = Faker("first_name")
    last_name = Faker("last_name")
    email = unique("lead%d@client.example")
    phone = unique("+97150%07d")
    country_code = "+971"
    base_number: Any = LazyAttribute(lambda row: int(row.phone.removeprefix(row.country_code)))
    title = Faker("job")
    company_name = unique("Client %d")
    company_domain = unique("client-%d.example")
    location = Faker("city")
    stage: Any = LazyFunction(lambda: pipeline_choice(LeadStage, "new", display_order=1))
    status: Any = LazyFunction(lambda: pipeline_choice(LeadStatus, "active"))
    priority = Priority.MEDIUM
    source = "apollo_io"
    source_id = unique("person-%d")
    tags: Any = LazyFunction(lambda: ["Warm Lead"])
    assigned_user = SubFactory(MemberFactory)

    class Meta:
        model = Lead


class LeadSearchTextFactory(TenantModelFactory[LeadSearchText]):
    """Create a text by creating its lead, because only the trigger writes them."""

    class Meta:
        model = LeadSearchText

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        return LeadSearchText.objects.get(pk=LeadFactory.create(*args, **kwargs).pk)


class LeadNoteFactory(TenantModelFactory[LeadNote]):
    lead = SubFactory(LeadFactory)
    content = Faker("paragraph")

    class Meta:
        model = LeadNote


class LeadSocialFactory(TenantModelFactory[LeadSocial]):
    lead = SubFactory(LeadFactory)
    data: Any = Sequence(lambda number: {"linkedin": f"https://linkedin.example/in/person-{number}"})

    class Meta:
        model = LeadSocial


class LeadBookingFactory(TenantModelFactory[LeadBooking]):
    lead = SubFactory(LeadFactory)
    assigned_user: Any = LazyAttribute(lambda row: row.lead.assigned_user)
    booking_type = BookingType.CONSULTATION
    booking_source = BookingSource.USER_UI
    scheduled_at: Any = Sequence(lambda number: FIRST_HOUR + timedelta(hours=number))
    buffer_until: Any = LazyAttribute(lambda row: row.scheduled_at + timedelta(minutes=15))
    timezone = "Asia/Dubai"

    class Meta:
        model = LeadBooking


class SuppressionFactory(TenantModelFactory[Suppression]):
    channel = Channel.EMAIL
    address = unique("stop%d@client.example")
    address_hash: Any = LazyAttribute(lambda row: hashes(current_tenant_id(), Kind.EMAIL, row.address)[0])

    class Meta:
        model = Suppression


class ConsentRecordFactory(TenantModelFactory[ConsentRecord]):
    lead = SubFactory(LeadFactory)
    channel = Channel.EMAIL
    status = ConsentStatus.GIVEN
    given_at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    source = "Form on the website"

    class Meta:
        model = ConsentRecord


class ContactPolicyFactory(TenantModelFactory[ContactPolicy]):
    """A tenant has only one, so without ``tenant`` the factory creates a new tenant."""

    tenant: Any = SubFactory(TenantFactory)

    class Meta:
        model = ContactPolicy


class SuppressionLineFactory(TenantModelFactory[SuppressionLine]):
    job = SubFactory(JobFactory)
    number = Sequence(int)
    text = Sequence(lambda number: f"line{number}@people.example")

    class Meta:
        model = SuppressionLine


class HolidayFactory(TenantModelFactory[Holiday]):
    day: Any = Sequence(lambda number: date(2027, 1, 1) + timedelta(days=number))
    name = unique("Holiday %d")

    class Meta:
        model = Holiday


class LeadTouchFactory(TenantModelFactory[LeadTouch]):
    lead = SubFactory(LeadFactory)
    channel = Channel.EMAIL
    direction = ContactDirection.OUTBOUND
    source_id: Any = LazyFunction(uuid4)
    occurred_at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    class Meta:
        model = LeadTouch
