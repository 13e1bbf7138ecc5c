"""What a connection allows each tenant, counted under concurrency."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lad.llm.allowances import Reservation, reserve, settle
from lad.llm.errors import Refused
from lad.llm.messages import Usage
from lad.llm.models import CallOutcome, ModelAllowance, ModelUsage
from lad.llm.purposes import CONNECTION_TEST
from lad.llm.questions import Question
from lad.llm.selectors import usage_by_purpose
from lad.llm.services import estimate
from lad.tenancy.context import tenant_context
from tenants.teams.models import Tenant
from tests.factories.kernel import ModelConnectionFactory
from tests.lad.llm.conftest import Connects, answer
from tests.support.concurrency import run_together
from tests.support.sandbox import Sandbox

Asks = Callable[..., Question]
NOON = datetime(2026, 3, 31, 12, 0, 30, tzinfo=UTC)
NEXT_MINUTE = NOON + timedelta(seconds=30)
# It is the last day of a month.
MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limits", "limit", "again"),
    [
        ({"requests_per_minute": 2}, "requests_per_minute", NEXT_MINUTE),
        ({"tokens_per_day": 200}, "tokens_per_day", MIDNIGHT),
        ({"tokens_per_month": 299}, "tokens_per_month", MIDNIGHT),
    ],
)
def test_a_limit_is_refused_until_its_window_is_over(
    tenant: Tenant, limits: dict[str, int], limit: str, again: datetime
) -> None:
    with tenant_context(tenant.pk):
        connection = ModelConnectionFactory.create(name="Large", **limits)

    def call(now: datetime) -> None:
        with tenant_context(tenant.pk):
            reserve(tenant_id=tenant.pk, connection=connection, tokens=100, now=now)

    for _ in range(2):
        call(NOON)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            call(NOON)
        assert (refused.value.limit, refused.value.retry_at) == (limit, again)
        assert "The limit of Large is reached" in refused.value.detail
    call(again)


def test_what_was_reserved_becomes_what_was_used(tenant: Tenant) -> None:
    with tenant_context(tenant.pk):
        connection = ModelConnectionFactory.create(tokens_per_day=1_000)

    def call(tokens: int) -> Reservation:
        with tenant_context(tenant.pk):
            return reserve(tenant_id=tenant.pk, connection=connection, tokens=tokens, now=NOON)

    held = call(900)
    with pytest.raises(Refused):
        call(200)
    used = Usage("openai_compatible", "large-1", 60, 40, 1.5, requests=1)
    settle(held, used, purpose=CONNECTION_TEST, prompt="", outcome=CallOutcome.ANSWERED)
    call(900)
    with tenant_context(tenant.pk):
        assert ModelAllowance.objects.get().day_tokens == 1_000
        [row] = usage_by_purpose(since=NOON - timedelta(days=1))
    assert (row["purpose"], row["tokens"], float(row["seconds"])) == (CONNECTION_TEST, 100, 1.5)


@pytest.mark.django_db(transaction=True)
def test_calls_at_one_moment_do_not_exceed_a_limit(
    tenant: Tenant, connect: Connects, ask: Asks, sandbox: Sandbox
) -> None:
    connect(requests_per_minute=3)
    question = ask()
    results: list[Any] = run_together(*[lambda: answer(question)] * 8)
    refused = [each for each in results if isinstance(each, Refused)]
    # A minute may end in between, and begin a second window.
    answered = len(results) - len(refused)
    assert answered in (3, 6)
    assert len(sandbox.log("model_call")) == answered
    with tenant_context(tenant.pk):
        rows = list(ModelUsage.objects.all())
        assert len(rows) == answered
        assert ModelAllowance.objects.get().day_tokens == sum(row.input_tokens + row.output_tokens for row in rows)


def test_an_estimate_is_more_than_what_is_used(connect: Connects, ask: Asks) -> None:
    connect()
    before = estimate(ask(max_tokens=500))
    used = answer(ask(max_tokens=500)).usage
    assert before.estimated
    assert (before.provider, before.model) == (used.provider, used.model)
    assert used.input_tokens <= before.input_tokens * 2
    assert used.output_tokens <= before.output_tokens == 500
