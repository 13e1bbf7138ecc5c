"""Helpers of the voice tests."""

from typing import Any

from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant


def create(tenant: Tenant, factory: Any, **values: Any) -> Any:
    """Create a row of the tenant with the factory."""
    with platform_context(tenant_id=tenant.pk):
        return factory.create(**values)
