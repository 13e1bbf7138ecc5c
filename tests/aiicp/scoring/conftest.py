"""The stages of a tenant's leads."""

from typing import Any

import pytest

from lad.tenancy.context import platform_context
from leads.pipeline.services import ensure


@pytest.fixture
def stages(tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        ensure(tenant.pk)
