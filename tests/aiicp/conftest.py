"""Fixtures of the assistant's tests: a tenant with the assistant, and whose model is one of the sandbox's."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import stamina

from lad.llm.models import ModelChoice, ModelConnection
from lad.llm.providers import OPENAI_COMPATIBLE
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import PlanTier, Tenant
from tests.aiicp.paying import priced  # noqa: F401  (a fixture)
from tests.factories.kernel import ModelChoiceFactory, ModelConnectionFactory
from tests.support.sandbox import Sandbox


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    with platform_context():
        tenant.plan_tier = PlanTier.ENTERPRISE
        tenant.save(update_fields=["plan_tier"])
    return tenant


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


class Connects(Protocol):
    def __call__(self, model: str = ..., *, platform: bool = ...) -> ModelConnection: ...


@pytest.fixture
def connect(tenant: Tenant, sandbox: Sandbox) -> Connects:
    """``connect("sandbox-busy")`` lets the tenant use that model: the platform's, or a connection of its own."""

    def make(model: str = "sandbox-good", *, platform: bool = False) -> ModelConnection:
        values: dict[str, Any] = {
            "provider": OPENAI_COMPATIBLE,
            "base_url": f"{sandbox.url}/v1",
            "model": model,
            "api_key": "sandbox-key",
        }
        with platform_context(tenant_id=None if platform else tenant.pk):
            row = ModelConnectionFactory.create(**values, tenant=None if platform else tenant)
        with tenant_context(tenant.pk):
            ModelChoice.objects.all().delete()
            ModelChoiceFactory.create(connection=row, purpose="")
        return row

    return make
