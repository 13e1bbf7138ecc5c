"""Events are written with the change they tell of, or not at all."""

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from lad import writes
from lad.db.identifiers import uuid7
from lad.outbox.catalogue import UnknownEventType, define
from lad.outbox.consumers import consumes
from lad.outbox.emission import InvalidPayload, NewEvent, NotInTransaction, emit, emit_many, quiet
from lad.outbox.models import DomainEvent, EventDelivery
from lad.tenancy.context import NoTenant, origin, platform_context, tenant_context
from tenants.accounts.models import User, UserIdentity
from tenants.features.models import FeatureKillSwitch, TenantFeature
from tenants.teams.models import Tenant
from tests.factories.tenants import UserFactory
from tests.lad.outbox.conftest import MOVED


@pytest.fixture(autouse=True)
def _consumer(registry: None) -> None:
    consumes("probe.*", name="first", order="aggregate")(lambda batch: None)
    consumes("probe.*", name="second")(lambda batch: None)


def _written() -> tuple[int, int]:
    with platform_context():
        return DomainEvent.objects.count(), EventDelivery.objects.count()


@pytest.mark.django_db(transaction=True)
def test_emitting_outside_a_transaction_is_refused() -> None:
    with pytest.raises(NotInTransaction):
        emit(MOVED, payload={"number": 1}, tenant_id=uuid7())


def test_emitting_outside_a_scope_is_refused(db: None) -> None:
    with transaction.atomic(), pytest.raises(NoTenant):
        emit(MOVED, payload={"number": 1}, tenant_id=uuid7())


def test_an_event_of_the_platform_needs_a_tenant(db: None) -> None:
    with platform_context(), pytest.raises(NoTenant):
        emit(MOVED, payload={"number": 1})


def test_a_change_that_is_rolled_back_leaves_neither_event_nor_delivery(tenant: Tenant) -> None:
    class Undo(Exception):
        pass

    with pytest.raises(Undo), tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        assert DomainEvent.objects.count() == 1
        raise Undo
    assert _written() == (0, 0)


def test_event_and_deliveries_are_one_statement_however_many(tenant: Tenant) -> None:
    events = [NewEvent(MOVED, payload={"number": number}, aggregate_id=uuid7()) for number in range(300)]
    with tenant_context(tenant.pk), CaptureQueriesContext(connection) as queries:
        emit_many(events)
    assert len([query for query in queries if "INSERT" in query["sql"]]) == 1
    assert _written() == (300, 600)


def test_deliveries_are_numbered_in_the_order_of_the_events(tenant: Tenant) -> None:
    key = uuid7()
    with tenant_context(tenant.pk):
        ids = emit_many(NewEvent(MOVED, payload={"number": number}, aggregate_id=key) for number in range(50))
        delivered = EventDelivery.objects.filter(consumer="first").order_by("pk").values_list("event_id", flat=True)
        assert list(delivered) == ids


def test_an_event_says_who_did_it_in_which_request(tenant: Tenant, owner: User) -> None:
    with origin("request-0001", source="api"), tenant_context(tenant.pk, user_id=owner.pk):
        event = DomainEvent.objects.get(pk=emit(MOVED, payload={"number": 1}))
    assert event.metadata == {"version": 1, "actor_id": str(owner.pk), "request_id": "request-0001"}


def test_an_event_nobody_consumes_is_processed_at_once(tenant: Tenant) -> None:
    define("lonely.thing.happened", "It happened", told=False)
    with tenant_context(tenant.pk):
        event = DomainEvent.objects.get(pk=emit("lonely.thing.happened"))
    assert event.processed
    assert event.processed_at is not None


@pytest.mark.parametrize(
    ("name", "payload", "error"),
    [
        ("probe.counter.exploded", {}, UnknownEventType),
        (MOVED, {}, InvalidPayload),
        (MOVED, {"number": 1, "colour": "red"}, InvalidPayload),
        (MOVED, {"number": {"reset_token": "x"}}, InvalidPayload),
        (MOVED, {"number": [{"password": "x"}]}, InvalidPayload),
        (MOVED, {"number": "x" * 17_000}, InvalidPayload),
    ],
    ids=["unknown type", "field missing", "field unknown", "secret inside", "secret in a list", "too big"],
)
def test_what_the_catalogue_does_not_allow_is_refused(
    tenant: Tenant, name: str, payload: dict[str, Any], error: type[Exception]
) -> None:
    with tenant_context(tenant.pk), pytest.raises(error):
        emit(name, payload=payload)


def test_a_tenant_cannot_emit_for_another(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_context(tenant.pk), pytest.raises(DatabaseError) as refusal, transaction.atomic():
        emit(MOVED, payload={"number": 1}, tenant_id=other_tenant.pk)
    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


@pytest.mark.parametrize("change", ["UPDATE event_deliveries SET attempts = 9", "DELETE FROM event_deliveries"])
def test_a_tenant_cannot_touch_deliveries_once_written(tenant: Tenant, change: str) -> None:
    with tenant_context(tenant.pk):
        emit(MOVED, payload={"number": 1})
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_plain_writes_become_events_with_names_but_no_values(tenant: Tenant, owner: User) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = writes.create(TenantFeature, {"feature_key": "campaigns", "config": {"limit": 7}})
        writes.update(row, {"enabled": False, "config": {"limit": 8}}, actor=owner)
        writes.delete(row)
        told = list(DomainEvent.objects.filter(aggregate_type="feature").order_by("pk"))
    assert [event.event_type for event in told] == [f"tenants.feature.{v}" for v in ("created", "updated", "deleted")]
    assert [event.payload for event in told] == [{}, {"changed": ["config", "enabled"]}, {}]
    assert {event.aggregate_id for event in told} == {row.pk}
    assert told[1].metadata["actor_id"] == str(owner.pk)


def test_a_change_of_a_tenant_is_told_in_that_tenant(tenant: Tenant) -> None:
    with platform_context():
        writes.update(tenant, {"phone": "+49 30 1234567"})
        event = DomainEvent.objects.get(event_type="tenants.tenant.updated")
    assert event.tenant_id == tenant.pk


def test_a_change_of_a_row_without_any_tenant_is_told_nowhere(db: None) -> None:
    with platform_context():
        writes.create(FeatureKillSwitch, {"feature_key": "voice-agent", "reason": "Under repair"})
    assert _written() == (0, 0)


def test_the_name_of_a_changed_secret_is_told_and_its_value_is_not(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        identity = UserIdentity.objects.create(user=UserFactory.create(), provider="google", provider_user_id="1")
        writes.Writer(UserIdentity).update(identity, {"access_token": "ya29.very-secret"})
        event = DomainEvent.objects.get(event_type="tenants.user_identity.updated")
    assert event.payload == {"changed": ["access_token"]}


def test_a_history_written_afterwards_is_no_news(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        with quiet():
            emit(MOVED, payload={"number": 1})
            with pytest.raises(InvalidPayload):
                emit(MOVED, payload={"nothing": 1})
        assert _written() == (0, 0)
        emit(MOVED, payload={"number": 2})
    assert _written() == (1, 2)
