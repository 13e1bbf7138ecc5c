"""Fixtures of the campaign tests: a tenant whose plan includes campaigns, and campaigns in it."""

from collections.abc import Callable
from typing import Any

import pytest

from campaigns.design.models import Campaign, CampaignStep
from lad import writes
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import PlanTier, Tenant
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, EmailAccountFactory
from tests.factories.tenants import TenantFactory, TenantFeatureFactory
from tests.support.gateway import gateway  # noqa: F401  (a fixture)

EMAIL = {"type": "email_send", "title": "Write", "config": {"subject": "Hello", "body": "Dear {{first_name}}"}}


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        tenant = TenantFactory.create(name="Acme Outreach", slug="acme-outreach", plan_tier=PlanTier.ENTERPRISE)
    with platform_context(tenant_id=tenant.pk):
        TenantFeatureFactory.create(feature_key="social-integration", granted=True)
    return tenant


@pytest.fixture
def add_step(tenant: Tenant) -> Callable[..., CampaignStep]:
    """``add_step(campaign, type=…, config=…)`` writes a step as the API would."""

    def add(campaign: Campaign, **values: Any) -> CampaignStep:
        with platform_context(tenant_id=tenant.pk):
            step: CampaignStep = writes.create(CampaignStep, {**EMAIL, "campaign": campaign, **values})
        return step

    return add


@pytest.fixture
def campaign(tenant: Tenant) -> Campaign:
    """An empty draft."""
    with platform_context(tenant_id=tenant.pk):
        return CampaignFactory.create(name="Autumn")


@pytest.fixture
def ready(tenant: Tenant, campaign: Campaign, add_step: Any) -> Campaign:
    """A draft with an e-mail step, a lead and a mailbox."""
    add_step(campaign)
    with platform_context(tenant_id=tenant.pk):
        EmailAccountFactory.create()
        CampaignLeadFactory.create(campaign=campaign)
    return campaign


@pytest.fixture
def call(api: Any, owner: User) -> Callable[..., Any]:
    """``call("post", "campaigns", row, "start")`` calls the API as the owner."""
    client = api(owner)

    def send(method: str, resource: str, row: Any = None, action: str = "", body: Any = None, **headers: Any) -> Any:
        place = f"{row.pk}/" if row is not None else ""
        url = f"/api/v1/{resource}/{place}{action}{'/' if action else ''}"
        return getattr(client, method)(url, body, format="json", **headers)

    return send
