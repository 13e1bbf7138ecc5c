"""The demo data: made once, by the services people use, and only where it belongs."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from lad.tenancy.context import platform_context
from tenants.models import ActivityEntry, EventDelivery, Membership, Tenant, TenantInvitation, User

pytestmark = pytest.mark.django_db(transaction=True)


def demo(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    with platform_context():
        return [model.all_objects.count() for model in (Tenant, User, Membership, TenantInvitation)]


def test_the_demo_is_made_once_and_can_be_signed_in_to():
    first = demo()
    assert "admin@lad.localhost" in first
    assert settings.DEMO_PASSWORD in first
    made = counts()
    assert made[0] == 3
    assert "there already" in demo()
    assert counts() == made
    with platform_context():
        assert ActivityEntry.objects.exists()
        assert not EventDelivery.objects.exists()
    client = Client()
    entries = {"username": "admin@lad.localhost", "password": settings.DEMO_PASSWORD}
    assert client.post("/admin/login/", entries).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_the_demo_does_not_settle_beside_other_tenants_unasked(tenant):
    with pytest.raises(CommandError, match="--beside-others"):
        demo()
    assert counts()[0] == 1
    demo("--beside-others")
    assert counts()[0] == 4
