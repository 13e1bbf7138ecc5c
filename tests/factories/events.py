"""Factories of deliveries, activity entries and mail."""

from typing import Any

from django.utils import timezone
from factory import LazyFunction, SelfAttribute, SubFactory

from lad.db.identifiers import uuid7
from lad.mail.models import MailDelivery
from lad.outbox.models import EventBatch, EventDelivery
from tenants.activity.models import ActivityEntry
from tests.factories.base import ModelFactory, TenantModelFactory, unique
from tests.factories.tenants import DomainEventFactory


class EventDeliveryFactory(TenantModelFactory[EventDelivery]):
    event = SubFactory(DomainEventFactory)
    consumer = unique("consumer-%d")
    aggregate_id: Any = SelfAttribute("event.aggregate_id")

    class Meta:
        model = EventDelivery


class EventBatchFactory(ModelFactory[EventBatch]):
    consumer = unique("consumer-%d")
    delivery_ids: Any = LazyFunction(lambda: [1, 2, 3])

    class Meta:
        model = EventBatch


class ActivityEntryFactory(TenantModelFactory[ActivityEntry]):
    event_id: Any = LazyFunction(uuid7)
    event_type = "tenants.membership.created"
    actor_label = "Ada Lovelace"
    verb = "created"
    subject_type = "membership"
    subject_id: Any = LazyFunction(uuid7)
    subject_label = "Grace Hopper"
    summary = unique("Ada Lovelace added member number %d")
    occurred_at: Any = LazyFunction(timezone.now)

    class Meta:
        model = ActivityEntry


class MailDeliveryFactory(ModelFactory[MailDelivery]):
    kind = "invitation"
    to_address = unique("guest%d@example.com")
    subject_id: Any = LazyFunction(uuid7)
    idempotency_key = unique("invitation-%d")

    class Meta:
        model = MailDelivery
