"""A tenant whose model is one of the sandbox's."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
import stamina

from lad.llm.completions import Completion
from lad.llm.messages import Message
from lad.llm.models import ModelChoice, ModelConnection
from lad.llm.providers import ANTHROPIC, OPENAI_COMPATIBLE
from lad.llm.purposes import CONNECTION_TEST
from lad.llm.questions import Question
from lad.llm.services import complete
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.factories.kernel import ModelChoiceFactory, ModelConnectionFactory
from tests.support.sandbox import Sandbox

KEY = "sandbox-key"
COMPANY = {
    "type": "object",
    "properties": {
        "industry": {"type": "string", "enum": ["health care", "retail", "software"]},
        "city": {"type": "string", "minLength": 2},
        "employees": {"type": "integer", "minimum": 1, "maximum": 500},
    },
    "required": ["industry", "city", "employees"],
    "additionalProperties": False,
}
EMBEDDED_COMPANY = {"industry": "retail", "city": "nowhere", "employees": 1}
PROTOCOLS = pytest.mark.parametrize("provider", [OPENAI_COMPATIBLE, ANTHROPIC])


def answer(question: Question) -> Completion:
    return complete(question, embedded=lambda: EMBEDDED_COMPANY if question.schema else "The embedded words.")


@pytest.fixture(autouse=True)
def _retries_without_waiting(request: pytest.FixtureRequest) -> Iterator[None]:
    if "waits" in request.fixturenames:
        yield
        return
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def waits() -> None:
    """Let retries wait as in production."""


class Connects(Protocol):
    def __call__(self, model: str = ..., provider: str = ..., **values: Any) -> ModelConnection: ...


@pytest.fixture
def connect(tenant: Tenant, sandbox: Sandbox) -> Connects:
    """``connect("sandbox-busy")`` lets the tenant use that model for every purpose."""

    def make(model: str = "sandbox-good", provider: str = OPENAI_COMPATIBLE, **values: Any) -> ModelConnection:
        base = f"{sandbox.url}/v1" if provider == OPENAI_COMPATIBLE else sandbox.url
        with tenant_context(tenant.pk):
            ModelChoice.objects.all().delete()
            row = ModelConnectionFactory.create(
                **{"provider": provider, "base_url": base, "model": model, "api_key": KEY, **values}
            )
            ModelChoiceFactory.create(connection=row, purpose="")
        return row

    return make


@pytest.fixture
def ask(tenant: Tenant) -> Callable[..., Question]:
    """``ask("a text", schema=…)`` is a question of the tenant."""

    def make(text: str = "Clinics in Dubai with 40 employees, health care", **values: Any) -> Question:
        return Question(
            **{
                "tenant_id": tenant.pk,
                "purpose": CONNECTION_TEST,
                "messages": [Message("system", "You help a sales team."), Message("user", text)],
                **values,
            }
        )

    return make
