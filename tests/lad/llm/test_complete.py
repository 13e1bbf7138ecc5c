"""Answers of models, and the embedded one whenever there is none."""

from collections.abc import Callable

import pytest

from lad.llm.completions import Source
from lad.llm.models import ModelUsage
from lad.llm.questions import Question
from lad.llm.services import NO_MODEL, estimate
from lad.outgoing import CallInTransaction
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.lad.llm.conftest import COMPANY, PROTOCOLS, Connects, answer
from tests.support.sandbox import Sandbox

Asks = Callable[..., Question]


def usage(tenant: Tenant) -> list[tuple[str, int, int, bool]]:
    with tenant_context(tenant.pk):
        rows = ModelUsage.objects.order_by("created_at", "pk")
        return list(rows.values_list("outcome", "input_tokens", "output_tokens", "estimated"))


def test_a_tenant_without_a_model_gets_the_embedded_answer(tenant: Tenant, ask: Asks) -> None:
    found = answer(ask())
    assert (found.source, found.text, found.reason) == (Source.EMBEDDED, "The embedded words.", NO_MODEL)
    assert found.usage.tokens == 0
    assert estimate(ask()).tokens == 0
    assert usage(tenant) == []


@PROTOCOLS
def test_a_model_answers_in_words(
    tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox, provider: str
) -> None:
    connect(provider=provider)
    found = answer(ask())
    [call] = sandbox.log("model_call")
    assert found.source == Source.MODEL
    assert found.text.startswith(call["answered"])
    assert "Clinics" in found.text
    assert (found.usage.input_tokens, found.usage.output_tokens) == (call["input_tokens"], call["output_tokens"])
    assert usage(tenant) == [("answered", call["input_tokens"], call["output_tokens"], False)]


@PROTOCOLS
def test_a_structured_answer_fits_its_schema(connect: Connects, ask: Asks, sandbox: Sandbox, provider: str) -> None:
    connect(provider=provider)
    found = answer(ask(schema=COMPANY))
    assert found.source == Source.MODEL
    assert (found.data["industry"], found.data["employees"]) == ("health care", 40)
    [call] = sandbox.log("model_call")
    assert call["structured"] == ("json_schema" if provider == "openai_compatible" else "tool")


def test_a_model_is_not_called_inside_a_transaction(tenant: Tenant, connect: Connects, ask: Asks) -> None:
    connect()
    with tenant_context(tenant.pk), pytest.raises(CallInTransaction):
        answer(ask())
