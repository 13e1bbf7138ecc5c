"""What cannot be undone asks first."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from lad.admin.bulk import CONFIRMED
from lad.outbox.models import DeliveryState, EventDelivery
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant, TenantInvitation
from tests.factories.events import EventDeliveryFactory
from tests.factories.tenants import TenantInvitationFactory
from tests.support.api import text
from tests.support.database import one

pytestmark = pytest.mark.django_db

# Words of actions that take something away.
TAKES_AWAY = ("cancel", "delete", "discard", "end", "revoke", "remove", "retire", "stop", "suspend", "turn off")
DELIVERIES = "/admin/outbox/eventdelivery/"


def dead_letter(tenant: Tenant) -> EventDelivery:
    with platform_context(tenant_id=tenant.pk):
        delivery: EventDelivery = EventDeliveryFactory.create(state=DeliveryState.DEAD, last_error="Boom")
    return delivery


def is_there(delivery: EventDelivery) -> bool:
    with platform_context():
        return EventDelivery.objects.filter(pk=delivery.pk).exists()


def test_discarding_dead_letters_asks_first(root: Client, tenant: Tenant) -> None:
    first, second, third = dead_letter(tenant), dead_letter(tenant), dead_letter(tenant)
    selected = {"action": "discard_all", "_selected_action": [str(first.pk)], "index": "0"}
    assert "Discard dead letters: 1 " in text(root.post(DELIVERIES, selected))
    assert is_there(first)
    assert root.post(DELIVERIES, {**selected, CONFIRMED: "1"}).status_code == 302
    assert not is_there(first)
    assert "Their consumers" not in text(root.get(f"{DELIVERIES}{second.pk}/discard/"))
    assert is_there(second)
    assert root.post(f"{DELIVERIES}{second.pk}/discard/", {}).status_code == 302
    assert not is_there(second)
    group = {"consumer": third.consumer, "error": "Boom", "discard": ""}
    assert "Discard dead letters: 1 of" in text(root.post("/admin/outbox/", group))
    assert is_there(third)
    assert root.post("/admin/outbox/", {**group, CONFIRMED: "1"}).status_code == 302
    assert not is_there(third)


def test_revoking_a_few_invitations_asks_first(admin_of: Any, owner: Any, tenant: Tenant) -> None:
    with platform_context(tenant_id=tenant.pk):
        invitation = TenantInvitationFactory.create()
    url = "/admin/tenants/tenantinvitation/"
    selected = {"action": "revoke_all", "_selected_action": [str(invitation.pk)], "index": "0"}
    assert "Revoke: 1 " in text(admin_of(owner).post(url, selected))
    assert one(TenantInvitation, pk=invitation.pk).revoked_at is None
    assert admin_of(owner).post(url, {**selected, CONFIRMED: "1"}).status_code == 302
    assert one(TenantInvitation, pk=invitation.pk).revoked_at is not None


def test_every_action_that_takes_something_away_is_marked_so_and_asks() -> None:
    """Actions on one row always ask; those on a list ask if they are made with ``asks_first`` or with danger."""
    checked = 0
    pages: list[Any] = list(admin.site._registry.values())
    for model_admin in pages:
        for name in (each for each in model_admin.actions_detail if isinstance(each, str)):
            settings = getattr(getattr(model_admin, name, None), "row_action", None)
            if settings is not None and settings.title.lower().startswith(TAKES_AWAY):
                assert settings.danger, (model_admin, name)
                checked += 1
        for name in model_admin.actions or ():
            action = getattr(model_admin, name)
            if str(action.short_description).lower().startswith(TAKES_AWAY):
                assert action.asks, (model_admin, name)
                checked += 1
    assert checked > 10
