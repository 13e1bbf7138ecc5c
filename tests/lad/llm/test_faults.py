"""What endpoints do wrong, one row each, and what LAD makes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from lad.llm.breaker import Breaker
from lad.llm.completions import Source
from lad.llm.errors import SENTENCES, Fault
from lad.llm.models import ModelConnection, ModelUsage
from lad.llm.providers import ANTHROPIC, OPENAI_COMPATIBLE
from lad.llm.questions import Question
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.factories.kernel import ModelChoiceFactory, ModelConnectionFactory
from tests.lad.llm.conftest import COMPANY, KEY, PROTOCOLS, Connects, answer
from tests.support.sandbox import Sandbox

Asks = Callable[..., Question]
DECLINED = "The model declined to answer."
NO_FORM = "The model's answer did not have the required form, even when asked again."
TOO_LONG = "The model's answer was longer than allowed."

# Model, faults at the endpoint, whether a structured answer is asked for → outcome, reason, answers that were paid.
FAULTS: list[tuple[str, list[dict[str, Any]], bool, str, str, int]] = [
    ("sandbox-good", [], False, "answered", "", 1),
    ("sandbox-good", [], True, "answered", "", 1),
    ("sandbox-good", [{"kind": "answer", "code": 500}], False, "answered", "", 1),
    ("sandbox-good", [{"kind": "answer", "code": 529}, {"kind": "answer", "code": 503}], True, "answered", "", 1),
    ("sandbox-good", [{"kind": "answer", "code": 429, "seconds": 0.01}], False, "answered", "", 1),
    ("sandbox-good", [{"kind": "drop", "times": 3}], False, "failed", SENTENCES[Fault.DROPPED], 0),
    ("sandbox-good", [{"kind": "answer", "code": 401}], False, "failed", SENTENCES[Fault.KEY_REFUSED], 0),
    ("sandbox-good", [{"kind": "answer", "code": 404}], False, "failed", SENTENCES[Fault.NO_SUCH_MODEL], 0),
    ("sandbox-good", [{"kind": "answer", "code": 302}], False, "failed", SENTENCES[Fault.NOT_ACCEPTED], 0),
    ("sandbox-good", [{"kind": "answer", "code": 400}], False, "failed", SENTENCES[Fault.NOT_ACCEPTED], 0),
    ("sandbox-good", [{"kind": "answer", "code": 429, "seconds": 900}], False, "failed", SENTENCES[Fault.BUSY], 0),
    ("sandbox-broken", [], False, "failed", SENTENCES[Fault.OVERLOADED], 0),
    ("sandbox-broken", [], True, "failed", SENTENCES[Fault.OVERLOADED], 0),
    ("sandbox-refuses", [], False, "refused", DECLINED, 1),
    ("sandbox-refuses", [], True, "refused", DECLINED, 1),
    ("sandbox-invalid-json", [], True, "invalid", NO_FORM, 2),
    ("sandbox-wrong-shape", [], True, "repaired", "", 2),
    ("sandbox-short", [], True, "invalid", TOO_LONG, 1),
    ("sandbox-cut", [], False, "failed", SENTENCES[Fault.CUT_OFF], 1),
    ("sandbox-unknown", [], False, "failed", SENTENCES[Fault.NO_SUCH_MODEL], 0),
]
CASES = [
    pytest.param(provider, *row, id=f"{provider}-{number}-{row[0]}")
    for number, row in enumerate(FAULTS)
    for provider in (OPENAI_COMPATIBLE, ANTHROPIC)
]


@pytest.mark.parametrize(("provider", "model", "faults", "structured", "outcome", "reason", "paid"), CASES)
def test_a_fault_becomes_an_answer_or_a_reason(
    tenant: Tenant,
    connect: Connects,
    ask: Asks,
    sandbox: Sandbox,
    provider: str,
    model: str,
    faults: list[dict[str, Any]],
    structured: bool,
    outcome: str,
    reason: str,
    paid: int,
) -> None:
    connect(model, provider)
    for fault in faults:
        sandbox.fault(**fault, protocol="models", stage="CHAT")
    found = answer(ask(schema=COMPANY if structured else None))
    assert (found.reason, found.source) == (reason, Source.EMBEDDED if reason else Source.MODEL)
    assert (found.data if structured else found.text) is not None
    with tenant_context(tenant.pk):
        [row] = ModelUsage.objects.all()
    assert row.outcome == outcome
    calls = sandbox.log("model_call")
    assert len(calls) == paid
    assert (row.input_tokens, row.output_tokens) == (found.usage.input_tokens, found.usage.output_tokens)
    if paid and outcome != "failed":
        # To the unit what the endpoint counted, repair included.
        assert row.input_tokens == sum(call["input_tokens"] for call in calls)
        assert row.output_tokens == sum(call["output_tokens"] for call in calls)


@pytest.mark.parametrize(
    ("provider", "model", "learned", "first", "later"),
    [
        (OPENAI_COMPATIBLE, "sandbox-no-schema", {"structured": "json_object"}, 2, 1),
        (OPENAI_COMPATIBLE, "sandbox-no-json", {"structured": "prompt"}, 3, 1),
        (OPENAI_COMPATIBLE, "sandbox-new", {"output_limit": "max_completion_tokens", "temperature": False}, 3, 1),
        (ANTHROPIC, "sandbox-no-schema", {"structured": "prompt"}, 2, 1),
        (OPENAI_COMPATIBLE, "sandbox-good", {}, 1, 1),
    ],
)
def test_what_an_endpoint_does_not_take_is_remembered(
    connect: Connects, ask: Asks, provider: str, model: str, learned: dict[str, Any], first: int, later: int
) -> None:
    connection = connect(model, provider)
    question = ask(schema=COMPANY, temperature=0.2)
    requests = [answer(question).usage.requests for _ in range(2)]
    assert requests == [first, later]
    with platform_context():
        assert ModelConnection.objects.get(pk=connection.pk).abilities == learned


def test_an_endpoint_that_ignores_the_schema_is_shown_it_in_words(connect: Connects, ask: Asks) -> None:
    connect("sandbox-ignores-schema")
    found = answer(ask(schema=COMPANY))
    assert (found.source, found.usage.requests) == (Source.MODEL, 2)
    assert set(found.data) == {"industry", "city", "employees"}


@PROTOCOLS
@pytest.mark.parametrize("model", ["sandbox-wrong-usage", "sandbox-no-usage"])
def test_tokens_that_cannot_be_are_estimated(connect: Connects, ask: Asks, provider: str, model: str) -> None:
    connect(model, provider)
    usage = answer(ask()).usage
    assert usage.estimated
    assert 10 < usage.input_tokens < 60
    assert 10 < usage.output_tokens < 60


def test_a_call_ends_with_its_time(connect: Connects, ask: Asks, sandbox: Sandbox) -> None:
    connect(seconds_per_call=1)
    sandbox.fault("slow", protocol="models", stage="CHAT", seconds=1.2)
    found = answer(ask())
    assert (found.source, found.reason) == (Source.EMBEDDED, SENTENCES[Fault.TIMEOUT])
    assert found.usage.seconds < 1.2
    # The endpoint may have worked and charged, so its input counts.
    assert found.usage.estimated
    assert found.usage.input_tokens > 0


def test_the_time_that_an_endpoint_asks_for_is_waited(connect: Connects, ask: Asks, sandbox: Sandbox, waits) -> None:
    connect()
    sandbox.fault("answer", protocol="models", stage="CHAT", code=429, seconds=0.3)
    found = answer(ask())
    assert found.source == Source.MODEL
    assert found.usage.seconds >= 0.3


def test_an_endpoint_that_fails_again_and_again_rests(
    tenant: Tenant, other_tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox, settings
) -> None:
    settings.LLM_BREAKER_FAILURES = 2
    connection = connect("sandbox-good")
    sandbox.fault("answer", protocol="models", stage="CHAT", code=500, times=6)
    assert [answer(ask()).reason for _ in range(3)] == [*[SENTENCES[Fault.OVERLOADED]] * 2, SENTENCES[Fault.RESTING]]
    with tenant_context(tenant.pk):
        # A call that was not made is none.
        assert ModelUsage.objects.count() == 2
    with tenant_context(other_tenant.pk):
        same = ModelConnectionFactory.create(base_url=connection.base_url, model=connection.model, api_key=KEY)
        ModelChoiceFactory.create(connection=same, purpose="")
    # Nobody else's connection rests because of it.
    assert answer(ask(tenant_id=other_tenant.pk)).source == Source.MODEL
    # Once the rest is over, one call tries again; its success ends it for all.
    cache.delete(f"{Breaker.of(connection).key}:rests")
    assert [answer(ask()).source for _ in range(2)] == [Source.MODEL] * 2
