"""The order in which features hear that a call is over."""

from datetime import UTC, datetime

import pytest

from voice.calls.models import CallLog
from voice.carriers.outcomes import Outcome
from voice.dialer import hooks
from voice.dialer.hooks import CallOver, tell, when_over, when_over_at_last


@pytest.fixture(autouse=True)
def _own_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_functions", [])
    monkeypatch.setattr(hooks, "_functions_at_last", [])


def test_what_locks_credits_comes_after_everything_that_was_registered_later() -> None:
    """A claim locks numbers and then credits. An end that did it the other way round deadlocked with it."""
    heard: list[str] = []
    when_over_at_last(lambda over: heard.append("credits"))
    when_over(lambda over: heard.append("numbers"))
    tell(CallOver(CallLog(), None, Outcome.ANSWERED, datetime(2026, 1, 1, tzinfo=UTC)))
    assert heard == ["numbers", "credits"]
