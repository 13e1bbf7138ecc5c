"""What the tests of the voice domain share."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lad.tenancy.context import platform_context
from tenants.teams.models import PlanTier, Tenant


@pytest.fixture
def tenant(db: None) -> Tenant:
    """A tenant whose plan includes calling."""
    from tests.factories.tenants import TenantFactory

    with platform_context():
        return TenantFactory.create(name="Acme Outreach", slug="acme-outreach", plan_tier=PlanTier.ENTERPRISE)


@pytest.fixture
def ask(api: Callable[..., Any]) -> Callable[..., Any]:
    """``ask(user, body)`` posts a batch under a key of its own, or under ``key``."""

    def post(user: Any, body: dict[str, Any], key: str = "") -> Any:
        return api(user).post(
            "/api/v1/voice-call-batches/", body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4())
        )

    return post
