"""A conversation to talk in, and a tenant whose model is one of the sandbox's."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest
import stamina
from django.utils import timezone

from aiicp.assistant import services
from aiicp.assistant.answers import Answer
from aiicp.conversations.models import Conversation
from lad.llm.models import ModelChoice, ModelConnection
from lad.llm.providers import OPENAI_COMPATIBLE
from lad.tenancy.context import platform_context, tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.aiicp.helpers import CONVERSATIONS, conversation
from tests.factories.billing import PriceFactory
from tests.factories.kernel import ModelChoiceFactory, ModelConnectionFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

Says = Callable[[str], Answer]
PROMPT, COMPLETION = Decimal("0.000002"), Decimal("0.000010")


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
    """``connect("sandbox-busy")`` lets the tenant use that model: the platform's, or a connection of its own."""

    def make(model: str = "sandbox-good", *, platform: bool = True) -> ModelConnection:
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


@pytest.fixture
def priced() -> None:
    since = timezone.now() - timedelta(days=1)
    with platform_context():
        for category, price in (("llm_prompt", PROMPT), ("llm_completion", COMPLETION)):
            PriceFactory.create(
                category=category, provider="openai_compatible", model="*", unit="token", unit_price=price,
                effective_from=since,
            )  # fmt: skip


@pytest.fixture
def post(api, member, talk):
    def send(address: str, body: Any = None, *, user: Any = None, **headers: str) -> Any:
        return api(user or member).post(f"{CONVERSATIONS}{talk.pk}/{address}/", body or {}, format="json", **headers)

    return send
