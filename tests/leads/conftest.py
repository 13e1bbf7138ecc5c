"""Fixtures of the leads tests: a tenant with all features, its pipeline and leads."""

from collections.abc import Callable
from typing import Any

import pytest

from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from leads.pipeline import services
from tenants.accounts.models import User
from tenants.teams.models import PlanTier, Tenant
from tests.factories.leads import LeadFactory
from tests.factories.tenants import TenantFactory


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(name="Acme Outreach", slug="acme-outreach", plan_tier=PlanTier.ENTERPRISE)


@pytest.fixture
def stages(tenant: Tenant) -> None:
    """The default stages and statuses."""
    with platform_context(tenant_id=tenant.pk):
        services.ensure(tenant.pk)


@pytest.fixture
def make_lead(tenant: Tenant, member: User, stages: None) -> Callable[..., Lead]:
    """``make_lead(stage="won")`` creates a lead of the tenant, assigned to the member by default."""

    def make(**values: Any) -> Lead:
        with platform_context(tenant_id=tenant.pk):
            lead: Lead = LeadFactory.create(**{"assigned_user": member, **values})
            return lead

    return make


@pytest.fixture
def lead(make_lead: Callable[..., Lead]) -> Lead:
    return make_lead()
