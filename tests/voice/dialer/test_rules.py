"""A tenant's rules of dialling in the API and the admin, and what single calls refuse."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.voice.dialer.world import World, person
from voice.agents.services.permissions import NotPermitted
from voice.calls.models import CallLog
from voice.dialer.models import DialingPolicy
from voice.dialer.services import start_call

ADDRESS = "/api/v1/voice-dialing-policies/"


def test_what_is_kept_for_inbound_calls_leaves_room_for_others(
    tenant: Tenant, admin: User, viewer: User, api: Callable[..., Any]
) -> None:
    refused = api(admin).post(ADDRESS, {"max_concurrent": 3, "inbound_reserve": 3}, format="json")
    assert refused.status_code == 400
    assert "inbound_reserve" in refused.json()["errors"]
    made = api(admin).post(ADDRESS, {"max_concurrent": 3, "inbound_reserve": 2}, format="json")
    assert made.status_code == 201, made.content
    body = {"retry_delays": {"answered": [5]}}
    assert api(admin).patch(f"{ADDRESS}{made.json()['id']}/", body, format="json").status_code == 400
    assert api(viewer).patch(f"{ADDRESS}{made.json()['id']}/", {}, format="json").status_code == 403


def test_the_page_of_our_rules_shows_the_defaults_and_saves_them(
    tenant: Tenant, owner: User, admin_of: Callable[..., Any]
) -> None:
    with platform_context():
        User.objects.filter(pk=owner.pk).update(is_staff=True)
    browser = admin_of(owner, tenant)
    page = browser.get(reverse("admin:dialling-rules"), follow=True)
    assert page.status_code == 200
    assert "the defaults hold" in page.content.decode()
    names = page.context["adminform"].form.initial if "adminform" in page.context else {}
    form = page.context["adminform"].form
    values = {name: field.value() for name in form.fields if (field := form[name]).value() not in (None, False)}
    values.pop("retry_delays", None)
    delays = {f"retry_delays_{number}": text for number, text in enumerate(("10, 60", "", "1440", ""))}
    assert names is not None
    saved = browser.post(page.request["PATH_INFO"], {**values, **delays, "max_concurrent": 7}, follow=True)
    assert saved.status_code == 200
    with platform_context(tenant_id=tenant.pk):
        policy = DialingPolicy.objects.get()
    assert (policy.max_concurrent, policy.retry_delays) == (7, {"busy": [10, 60], "voicemail": [1440]})


@pytest.mark.parametrize(
    ("values", "field"),
    [({"to_phone": "12"}, "to_phone"), ({"to_phone": "+449011234567"}, "to_phone"), ({"to_phone": ""}, "to_phone")],
)
def test_a_number_that_cannot_be_dialled_starts_no_call(tenant: Tenant, values: dict[str, Any], field: str) -> None:
    world = World(tenant)
    with tenant_context(tenant.pk):
        with pytest.raises(Invalid) as refused:
            start_call(lead=None, agent=world.agent, actor=None, **values)
        assert list(refused.value.errors) == [field]
        assert not CallLog.objects.exists()


def test_who_may_not_use_a_number_starts_no_call_from_it(tenant: Tenant, member: User, admin: User) -> None:
    from tests.factories.voice import VoicePermissionFactory

    world = World(tenant)
    with platform_context(tenant_id=tenant.pk):
        VoicePermissionFactory.create(user=admin, number=world.number)
    with tenant_context(tenant.pk):
        with pytest.raises(NotPermitted):
            start_call(lead=None, to_phone=person(0), agent=world.agent, number=world.number, actor=member)
        call = start_call(lead=None, to_phone=person(0), agent=world.agent, number=world.number, actor=admin)
    assert (call.initiated_by_user_id, call.from_number_id) == (admin.pk, world.number.pk)
