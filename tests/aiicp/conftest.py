"""A company that pays for the assistant, and browsers signed in to its admin."""

import pytest

from lad.tenancy.context import platform_context
from tenants.teams.models import PlanTier, Tenant
from tests.lad.admin.conftest import admin_of

__all__ = ["admin_of"]


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    with platform_context():
        tenant.plan_tier = PlanTier.ENTERPRISE
        tenant.save(update_fields=["plan_tier"])
    return tenant
