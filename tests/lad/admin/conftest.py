"""Fixtures of the admin's tests."""

import pytest

from lad.tenancy.context import platform_context
from tenants.teams.models import PlanTier, Tenant


@pytest.fixture
def all_features(tenant: Tenant) -> None:
    """The tenant's plan includes every feature."""
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(plan_tier=PlanTier.ENTERPRISE)
