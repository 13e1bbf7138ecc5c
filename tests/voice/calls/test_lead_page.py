"""Calls on the lead's page and in the lead's API resource."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.voice import CallLogFactory
from voice.calls.models import CallLog
from voice.statuses import CallStatus


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    with platform_context(tenant_id=tenant.pk):
        return LeadFactory.create()


@pytest.fixture
def call(tenant: Tenant, lead: Lead) -> CallLog:
    with platform_context(tenant_id=tenant.pk):
        return CallLogFactory.create(lead=lead, status=CallStatus.DECLINED)


def test_a_lead_is_read_with_its_calls(api: Any, owner: User, lead: Lead, call: CallLog) -> None:
    shown = api(owner).get(f"/api/v1/leads/{lead.pk}/", {"include": "calls"}).json()
    assert [each["id"] for each in shown["calls"]["results"]] == [str(call.pk)]


def test_the_lead_page_lists_calls_and_shows_them_in_the_timeline(
    admin_of: Callable[..., Client], owner: User, lead: Lead, call: CallLog
) -> None:
    page = admin_of(owner).get(f"/admin/leads/lead/{lead.pk}/change/").content.decode()
    assert "voice_call_logs-TOTAL_FORMS" in page
    assert f"/admin/voice/calllog/{call.pk}/change/" in page
    assert f"LAD called {lead.first_name}" in page
