"""Calls at the sandbox, told by callbacks or found by looking, cost what the sandbox says they used."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from billing.audit.checks.search import run_checks
from lad.tenancy.context import platform_context, tenant_context
from tests.voice.callbacks.conftest import _retries_without_waiting, callbacks, line
from tests.voice.callbacks.test_looking import look
from tests.voice.charging.books import PRICES, books, fund, hold, list_prices
from voice.carriers.outcomes import Outcome
from voice.charging import sweep

__all__ = ["_retries_without_waiting", "callbacks", "line", "look"]

BEHAVIOURS = ("books", "never_again", "voicemail", "busy", "declines", "no_answer")


def cost_of(real: dict[str, Any], seconds: int, protocol: str, told: str) -> Decimal:
    """Return what a call costs by the sandbox's log, without LAD's code."""
    if real["answered"] is None:
        return Decimal(0)
    if protocol == "livekit" and told == "never":
        # Only the agent's report says what its models used.
        return seconds * sum((PRICES[each, "second"] for each in ("telephony", "stt", "vm_infrastructure")), Decimal(0))
    said = sum(len(turn["text"]) for turn in real["transcript"] if turn["role"] == "agent")
    heard = [turn for turn in real["transcript"] if turn["role"] == "person"]
    if protocol == "livekit":
        listened = Decimal(str(round(sum(turn["end"] - turn["start"] for turn in heard), 2)))
        tokens = 900 + said // 2
    else:
        listened = Decimal(seconds)
        tokens = 900 + sum(len(turn["text"]) for turn in heard) // 4
    amounts: dict[str, Decimal | int] = {
        "telephony": seconds,
        "stt": listened,
        "llm_prompt": tokens,
        "llm_completion": said // 4,
        "tts": said,
        "vm_infrastructure": seconds,
    }
    return sum((price * amounts[category] for (category, _unit), price in PRICES.items()), Decimal(0))


@pytest.mark.parametrize("told", ["in order", "backwards", "twice", "never"])
@pytest.mark.parametrize("protocol", ["livekit", "vapi"])
def test_each_call_costs_what_the_carrier_says_and_the_wallet_is_their_sum(
    protocol: str, told: str, line: Any, look: Any, tenant: Any
) -> None:
    with tenant_context(tenant.pk):
        list_prices(protocol)
        fund("50")
    at = line(protocol, of=None)
    calls = []
    for number, behaviour in enumerate(BEHAVIOURS):
        call = at.call(behaviour, to=f"+4420794605{number:02}", look_at=timezone.now())
        calls.append(call)
        with tenant_context(tenant.pk):
            assert hold([at.placement(call)]).allowed == {call.pk}
    for _time in range(12):
        at.sandbox.advance(seconds=20)
        requests = at.new()
        if told == "never":
            look()
        else:
            order = list(reversed(requests)) if told == "backwards" else requests
            at.deliver([each for each in order for _again in range(2 if told == "twice" else 1)])
    # What callbacks do not tell is asked for: Vapi's price comes with what the models used.
    look(timedelta(minutes=5))
    sweep.settle_missed(now=timezone.now() + timedelta(minutes=30))

    total = Decimal(0)
    outcomes = set()
    for call in calls:
        done, real = at.finished(call), at.real(call)
        assert abs(done.duration_seconds - real["seconds"]) <= 1.01
        assert done.cost == cost_of(real, done.duration_seconds, protocol, told), (done.outcome, done.cost_breakdown)
        outcomes.add(done.outcome)
        total += done.cost
    assert Outcome.ANSWERED in outcomes and len(outcomes) > 1
    with tenant_context(tenant.pk):
        available, reserved, _statuses = books()
        assert (available, reserved) == (50 - total, 0)
    assert total > Decimal("0.05")
    with platform_context(), connection.cursor() as cursor:
        assert run_checks(cursor, with_hashes=True).findings == []
