"""The activity feed describes events in sentences."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.db import transaction
from rest_framework.test import APIClient

from lad import writes
from lad.outbox.drain import drain
from lad.outbox.emission import emit
from lad.outbox.models import DomainEvent
from lad.outbox.replay import replay
from lad.streams.channels import topic
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.activity.models import ActivityEntry
from tenants.features.models import TenantFeature
from tenants.teams.models import Membership, Tenant
from tests.factories.tenants import TenantInvitationFactory


def _summaries() -> list[str]:
    with platform_context():
        return [entry.summary for entry in ActivityEntry.objects.order_by("occurred_at", "pk")]


def _name(user: User) -> str:
    return user.full_name


def test_an_event_reads_as_who_did_what_to_whom(tenant: Tenant, owner: User, member: User) -> None:
    with tenant_context(tenant.pk, user_id=owner.pk):
        membership = Membership.objects.get(user=member)
        emit(
            "tenants.membership.role_changed",
            aggregate=membership,
            payload={"user_id": str(member.pk), "before": "member", "after": "viewer"},
        )
        invitation = TenantInvitationFactory.create(email="ada@example.com", invited_by=owner)
        emit("tenants.invitation.created", aggregate=invitation, payload={"email": invitation.email, "role": "member"})
    drain()
    assert _summaries() == [
        f"{_name(owner)} changed the role of {_name(member)} from member to viewer",
        f"{_name(owner)} invited ada@example.com as member",
    ]


def test_an_event_without_an_actor_is_attributed_to_lad(tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        writes.create(TenantFeature, {"feature_key": "campaigns"})
    drain()
    assert _summaries() == ["LAD created the feature campaigns: on"]


def test_a_change_appears_once_however_often_ready_runs(tenant: Tenant) -> None:
    apps.get_app_config("tenants").ready()
    with platform_context(tenant_id=tenant.pk):
        writes.create(TenantFeature, {"feature_key": "campaigns"})
    drain()
    assert _summaries() == ["LAD created the feature campaigns: on"]


def test_a_name_with_braces_appears_unchanged(tenant: Tenant) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(name="{actor.password} & Sons")
        emit("tenants.tenant.created", aggregate=tenant)
    drain()
    assert _summaries() == ["LAD set up {actor.password} & Sons"]


def test_a_replayed_event_appears_once(tenant: Tenant) -> None:
    with platform_context():
        event = emit("tenants.tenant.created", aggregate=tenant)
    drain()
    assert replay([event], consumer="activity-feed") == 1
    drain()
    assert len(_summaries()) == 1


def test_the_tenants_streams_are_told_once_of_new_entries_and_no_others(
    tenant: Tenant, other_tenant: Tenant, django_capture_on_commit_callbacks: Any
) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as streams:
        streams.subscribe(topic(tenant.pk, "activity"), topic(other_tenant.pk, "activity"))
        with tenant_context(tenant.pk):
            for _ in range(3):
                emit("tenants.tenant.updated", aggregate=tenant, payload={"changed": ["name"]})
        with django_capture_on_commit_callbacks(execute=True):
            drain()
        heard = [each for _ in range(5) if (each := streams.get_message(timeout=0.2)) and each["type"] == "message"]
    assert [(each["channel"].decode(), each["data"]) for each in heard] == [
        (topic(tenant.pk, "activity"), b'{"changed":"activity"}')
    ]


def test_an_entry_has_the_time_of_its_event(tenant: Tenant) -> None:
    with platform_context():
        event = emit("tenants.tenant.created", aggregate=tenant)
    drain()
    with platform_context():
        assert ActivityEntry.objects.get().occurred_at == DomainEvent.objects.get(pk=event).created_at


def test_an_entry_is_never_changed(tenant: Tenant) -> None:
    with platform_context():
        emit("tenants.tenant.created", aggregate=tenant)
    drain()
    with platform_context(), pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ActivityEntry.objects.update(summary="Nothing happened")


def test_members_read_the_feed_of_their_tenant_newest_first(
    tenant: Tenant, other_tenant: Tenant, viewer: User, api: Callable[..., APIClient]
) -> None:
    for one in (tenant, other_tenant):
        with platform_context():
            emit("tenants.tenant.created", aggregate=one)
            emit("tenants.tenant.suspended", aggregate=one, payload={"before": "active", "reason": "Unpaid"})
    drain()
    response = api(viewer).get("/api/v1/activity/")
    assert response.status_code == 200
    assert [entry["summary"] for entry in response.json()["results"]] == [
        f"LAD suspended {tenant.name}",
        f"LAD set up {tenant.name}",
    ]


def test_the_feed_is_found_without_the_closing_slash(viewer: User, api: Callable[..., APIClient]) -> None:
    response = api(viewer).get("/api/v1/activity", follow=True)
    assert response.status_code == 200
