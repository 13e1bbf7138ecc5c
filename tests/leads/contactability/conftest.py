"""Fixtures of contactability: a tenant in Dubai on a Monday at noon."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import PlanTier, Tenant
from tests.factories.tenants import TenantFactory

# Noon in Dubai, a Monday.
NOON = datetime(2026, 6, 8, 8, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Tenant:
    with platform_context():
        return TenantFactory.create(
            name="Acme Outreach",
            slug="acme-outreach",
            plan_tier=PlanTier.ENTERPRISE,
            timezone="Asia/Dubai",
            country="AE",
        )


@pytest.fixture
def inside(tenant: Tenant) -> Iterator[None]:
    """Run the test in the tenant."""
    with tenant_context(tenant.pk):
        yield
