"""A conversation to talk in, and a tenant whose model is one of the sandbox's."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
import stamina

from aiicp.assistant import services
from aiicp.assistant.answers import Answer
from aiicp.conversations.models import Conversation
from lad.llm.models import ModelChoice, ModelConnection
from lad.llm.providers import OPENAI_COMPATIBLE
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.aiicp.helpers import conversation
from tests.factories.kernel import ModelChoiceFactory, ModelConnectionFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

Says = Callable[[str], Answer]


@pytest.fixture
def talk(tenant: Tenant, member: User) -> Conversation:
    return conversation(tenant, member, title="", icp_data={}, search_params=None)


@pytest.fixture
def say(talk: Conversation, member: User) -> Says:
    """``say("clinics in Dubai")`` returns the answer."""
    return lambda content: services.answer(conversation=stored(talk), content=content, actor=member)


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


class Connects(Protocol):
    def __call__(self, model: str = ..., *, platform: bool = ...) -> ModelConnection: ...


@pytest.fixture
def connect(tenant: Tenant, sandbox: Sandbox) -> Connects:
    """``connect("sandbox-busy")`` lets the tenant use that model: by a connection of its own, or the platform's."""

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
