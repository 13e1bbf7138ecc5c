"""A tenant that may call at any hour, so that tests do not depend on the time of day."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest

from lad.tenancy.context import platform_context
from leads.contactability.models import ContactPolicy
from tenants.teams.models import Tenant
from tests.factories.leads import ContactPolicyFactory, LeadFactory
from tests.factories.voice import VoiceAgentFactory
from voice.agents.models import VoiceAgent


@pytest.fixture
def policy(tenant: Tenant) -> ContactPolicy:
    with platform_context(tenant_id=tenant.pk):
        row: ContactPolicy = ContactPolicyFactory.create(
            tenant=tenant,
            contact_from=time(0),
            contact_until=time(23, 59, 59),
            contact_days=[],
            skips_holidays=False,
            consent_required=[],
            caps={},
            max_per_day=0,
            max_per_week=0,
        )
    return row


@pytest.fixture
def agent(tenant: Tenant) -> VoiceAgent:
    with platform_context(tenant_id=tenant.pk):
        row: VoiceAgent = VoiceAgentFactory.create()
    return row


@pytest.fixture
def people(tenant: Tenant, policy: ContactPolicy) -> Callable[..., list[Any]]:
    """Return ``people(number, **values)``, which makes leads with numbers in London."""
    made = 0

    def make(number: int, **values: Any) -> list[Any]:
        nonlocal made
        with platform_context(tenant_id=tenant.pk):
            rows = [LeadFactory.create(**{"phone": f"+44207946{made + each:04d}", **values}) for each in range(number)]
        made += number
        return rows

    return make
