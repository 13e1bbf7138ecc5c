"""The demo data: made once, by the services people use, and only where it belongs."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client

from billing.audit.checks.search import find
from lad.db.models import LadModel
from lad.outbox.models import EventDelivery
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.activity.models import ActivityEntry
from tenants.teams.models import Membership, Tenant, TenantInvitation

pytestmark = pytest.mark.django_db(transaction=True)

# What only time, strangers or workers fill.
OF_ITS_OWN_ACCORD = {
    "billing_ledger_anchors",
    "billing_ledger_audits",
    "billing_stripe_events",
    "event_batches",
    "event_deliveries",
    "idempotency_keys",
    "refresh_tokens",
    "sign_in_failures",
}
# Three companies at work are on trial or active; one that is shut out would have nothing to show.
NOT_ALL_STATES = {"tenants"}


def demo(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    with platform_context():
        return [model.all_objects.count() for model in (Tenant, User, Membership, TenantInvitation)]


def everything() -> dict[str, int]:
    """How many rows each table has."""
    with platform_context():
        return {model._meta.db_table: model.all_objects.count() for model in lad_models()}


def lad_models() -> Iterator[Any]:
    return (model for model in apps.get_models() if issubclass(model, LadModel) and model._meta.app_label != "kernel")


def states() -> Iterator[tuple[Any, models.Field]]:
    """Every column that says in which state a row is."""
    for model in lad_models():
        for field in model._meta.concrete_fields:
            if field.choices and (field.name == "status" or field.name.endswith(("_status", "_state"))):
                yield model, field


def missing_states() -> list[str]:
    """Where no row of the demo is in a state that it could be in."""
    missing = []
    with platform_context():
        for model, field in states():
            seen = set(model.all_objects.values_list(field.name, flat=True).distinct())
            unseen = {value for value, _label in field.flatchoices} - seen
            if unseen and model._meta.db_table not in OF_ITS_OWN_ACCORD | NOT_ALL_STATES:
                missing.append(f"{model._meta.db_table}.{field.name}: {', '.join(sorted(map(str, unseen)))}")
    return missing


def test_the_demo_fills_every_table_with_every_state_once_and_can_be_signed_in_to():
    first = demo()
    assert "admin@lad.localhost" in first
    assert settings.DEMO_PASSWORD in first
    assert counts()[0] == 3
    made = everything()
    empty = {table for table, rows in made.items() if not rows}
    assert empty <= OF_ITS_OWN_ACCORD, empty - OF_ITS_OWN_ACCORD
    assert missing_states() == []

    assert "there already" in demo()
    assert everything() == made
    with platform_context():
        assert ActivityEntry.objects.exists()
        assert not EventDelivery.objects.exists()
    client = Client()
    entries = {"username": "admin@lad.localhost", "password": settings.DEMO_PASSWORD}
    assert client.post("/admin/login/", entries).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_the_demo_does_not_settle_beside_other_tenants_unasked(tenant, monkeypatch):
    monkeypatch.setattr("demo.load.fill", lambda companies: None)
    with pytest.raises(CommandError, match="--beside-others"):
        demo()
    assert counts()[0] == 1
    demo("--beside-others")
    assert counts()[0] == 4


def test_a_thousand_leads_come_with_all_else_in_proportion_and_with_balances_that_add_up():
    assert "altogether" in demo("--scale", "1000")
    rows = everything()
    assert rows["leads"] == 1000
    assert rows["campaign_lead_activities"] > rows["campaign_leads"] > 300
    empty = {table for table, number in rows.items() if not number}
    assert empty <= OF_ITS_OWN_ACCORD | NOT_SCALED, empty - OF_ITS_OWN_ACCORD - NOT_SCALED
    with platform_context(), connection.cursor() as cursor:
        assert find(cursor).findings == []
        cursor.execute("SELECT count(DISTINCT tenant_id), max(created_at) - min(created_at) > '1 year' FROM leads")
        assert cursor.fetchone() == (20, True)


def test_a_million_leads_do_not_settle_beside_tenants_or_twice(tenant):
    with pytest.raises(CommandError, match="a database of its own"):
        demo("--scale", "1000")
    with platform_context():
        Tenant.all_objects.update(slug="scale-01")
    with pytest.raises(CommandError, match="there already"):
        demo("--scale", "1000")
    with pytest.raises(CommandError, match="1,000 to"):
        demo("--scale", "5")
    assert everything()["leads"] == 0


# Of a few rows each, or the platform's own: speed does not hang on them.
NOT_SCALED = {
    "billing_auto_topups",
    "billing_credit_packages",
    "billing_entitlement_usage",
    "billing_legacy_moves",
    "billing_pricing_catalog",
    "feature_flags",
    "feature_kill_switches",
    "mail_deliveries",
    "tenant_invitations",
    "user_capabilities",
    "user_identities",
    "voice_agent_voices",
}
