"""``manage.py demo`` loads complete data once, and only into a database without other tenants."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client

from billing.audit.checks.search import run_checks
from lad.db.models import LadModel
from lad.outbox.models import EventDelivery
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.activity.models import ActivityEntry
from tenants.teams.models import Membership, Tenant, TenantInvitation

pytestmark = pytest.mark.django_db(transaction=True)

# Filled only by workers, by time passing or by people outside LAD.
FILLED_LATER = {
    "attempt_budgets",
    # Workers count anew what the demo has done.
    "campaign_figures",
    "campaign_figure_recounts",
    "enrolment_milestones",
    # What networks report and how people stand there shows when the campaigns over networks run.
    "network_contacts",
    "provider_reports",
    "billing_credit_applications",
    "billing_ledger_anchors",
    "billing_ledger_audits",
    "billing_stripe_events",
    # Their accounts are those of the sandbox, which tests of the demo do not start.
    "carrier_accounts",
    "directory_accounts",
    "directory_searches",
    "event_batches",
    "event_deliveries",
    "idempotency_keys",
    "job_parts",
    "lead_file_rows",
    "lead_generations",
    "model_allowances",
    "model_usage",
    "refresh_tokens",
    "suppression_lines",
    "voice_call_batch_lines",
    "user_sessions",
    "voice_call_analysis_requests",
    "voice_call_analysis_versions",
    "voice_call_recordings",
    "voice_carrier_reports",
    "voice_inbound_calls",
    "webhook_calls",
}
# The demo's tenants are active or on trial; nobody could sign in to a suspended one. Its accounts on LinkedIn show the
# states that those on other networks have too.
NOT_ALL_STATES = {"tenants", "channel_accounts"}


def demo(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    """Return the number of tenants, users, memberships and invitations."""
    with platform_context():
        return [model.all_objects.count() for model in (Tenant, User, Membership, TenantInvitation)]


def row_counts() -> dict[str, int]:
    """Return the number of rows of each table."""
    with platform_context():
        return {model._meta.db_table: model.all_objects.count() for model in lad_models()}


def lad_models() -> Iterator[Any]:
    return (model for model in apps.get_models() if issubclass(model, LadModel) and model._meta.app_label != "kernel")


def states() -> Iterator[tuple[Any, models.Field]]:
    """Yield every status column with its model."""
    for model in lad_models():
        for field in model._meta.concrete_fields:
            if field.choices and (field.name == "status" or field.name.endswith(("_status", "_state"))):
                yield model, field


def missing_states() -> list[str]:
    """Return the columns with a status that no demo row has."""
    missing = []
    with platform_context():
        for model, field in states():
            seen = set(model.all_objects.values_list(field.name, flat=True).distinct())
            unseen = {value for value, _label in field.flatchoices} - seen
            if unseen and model._meta.db_table not in FILLED_LATER | NOT_ALL_STATES:
                missing.append(f"{model._meta.db_table}.{field.name}: {', '.join(sorted(map(str, unseen)))}")
    return missing


def test_the_demo_fills_every_table_with_every_status_once_and_its_admin_can_sign_in():
    output = demo()
    assert "admin@lad.localhost" in output
    assert settings.DEMO_PASSWORD in output
    assert counts()[0] == 3
    loaded = row_counts()
    empty = {table for table, rows in loaded.items() if not rows}
    assert empty <= FILLED_LATER, empty - FILLED_LATER
    assert missing_states() == []

    assert "loaded already" in demo()
    assert row_counts() == loaded
    with platform_context():
        assert ActivityEntry.objects.exists()
        assert not EventDelivery.objects.exists()
    client = Client()
    entries = {"username": "admin@lad.localhost", "password": settings.DEMO_PASSWORD}
    assert client.post("/admin/login/", entries).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_the_demo_is_loaded_beside_other_tenants_only_on_request(tenant, monkeypatch):
    monkeypatch.setattr("demo.load.fill", lambda tenants: None)
    with pytest.raises(CommandError, match="--beside-others"):
        demo()
    assert counts()[0] == 1
    demo("--beside-others")
    assert counts()[0] == 4


def test_a_scaled_demo_fills_other_tables_in_proportion_and_its_balances_add_up():
    assert "total" in demo("--scale", "1000")
    rows = row_counts()
    assert rows["leads"] == 1000
    assert rows["campaign_lead_activities"] > rows["campaign_leads"] > 300
    empty = {table for table, number in rows.items() if not number}
    assert empty <= FILLED_LATER | NOT_SCALED, empty - FILLED_LATER - NOT_SCALED
    with platform_context(), connection.cursor() as cursor:
        assert run_checks(cursor).findings == []
        cursor.execute("SELECT count(DISTINCT tenant_id), max(created_at) - min(created_at) > '1 year' FROM leads")
        assert cursor.fetchone() == (20, True)


def test_a_scaled_demo_is_refused_beside_other_tenants_and_a_second_time(tenant):
    with pytest.raises(CommandError, match="a separate, empty database"):
        demo("--scale", "1000")
    with platform_context():
        Tenant.all_objects.update(slug="scale-01")
    with pytest.raises(CommandError, match="an earlier, perhaps interrupted run"):
        demo("--scale", "1000")
    with pytest.raises(CommandError, match="1,000 to"):
        demo("--scale", "5")
    assert row_counts()["leads"] == 0


# Small tables, and those of the platform itself.
NOT_SCALED = {
    "account_action_counts",
    "campaign_sequence_templates",
    "channel_accounts",
    "inbox_conversations",
    "inbox_message_texts",
    "whatsapp_templates",
    "ai_icp_profile_versions",
    "ai_lead_scores",
    "billing_auto_topups",
    "billing_credit_packages",
    "billing_entitlement_usage",
    "billing_legacy_moves",
    "billing_pricing_catalog",
    "campaign_daily_counts",
    "campaign_step_links",
    "consent_records",
    "contact_holidays",
    "contact_policies",
    "data_exports",
    "feature_flags",
    "feature_kill_switches",
    "job_failures",
    "jobs",
    "lead_field_sources",
    "lead_touches",
    "mail_deliveries",
    "message_events",
    "messages",
    "model_choices",
    "model_connections",
    "platform_roles",
    "recovery_codes",
    "reveal_requests",
    "reveals",
    "second_factors",
    "suppressions",
    "tenant_invitations",
    "tenant_roles",
    "user_capabilities",
    "user_identities",
    "voice_agent_voices",
    "webhook_endpoints",
    "voice_agent_versions",
    "voice_knowledge_texts",
}


@pytest.mark.parametrize(
    ("email", "opens", "stays_closed"),
    [
        (
            "nora.keller@kestrel-analytics.example",
            ["billing/invoice", "billing/wallet"],
            ["leads/lead", "audit/auditentry"],
        ),
        (
            "ines.pereira@brightpath.example",
            ["leads/lead", "leads/educationstudent"],
            ["billing/invoice", "campaigns/campaign"],
        ),
        ("finance@lad.localhost", ["billing/invoice", "tenants/tenant"], ["leads/lead", "tenants/platformrole"]),
    ],
)
def test_the_roles_of_the_demo_open_what_they_work_with(monkeypatch, email, opens, stays_closed):
    monkeypatch.setattr("demo.load.fill", lambda tenants: None)
    demo()
    client = Client()
    entries = {"username": email, "password": settings.DEMO_PASSWORD}
    assert client.post("/admin/login/", entries).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert [client.get(f"/admin/{page}/").status_code for page in opens] == [200] * len(opens)
    assert [client.get(f"/admin/{page}/").status_code for page in stays_closed] == [403] * len(stays_closed)
