"""What WhatsApp's errors mean for a message, its recipient and the account."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from campaigns.accounts.models import AccountStatus
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.protocol import Fate, Limit
from campaigns.channels.whatsapp.errors import CLOSED, problem_of, result_of
from lad.requests import Answer

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def answer(code: int, status: int = 400, headers: dict[str, str] | None = None) -> Answer:
    error = {"message": f"(#{code}) Something", "code": code, "error_data": {"details": "It went wrong."}}
    return Answer(status, headers or {}, orjson.dumps({"error": error}))


@pytest.mark.parametrize(
    ("code", "status", "fate", "limit"),
    [
        (131047, 400, Fate.REFUSED, None),
        (131026, 400, Fate.REFUSED, None),
        (132000, 400, Fate.REFUSED, None),
        (999999, 400, Fate.REFUSED, None),
        # Too much at a time, for the account.
        (130429, 429, Fate.NOT_SENT, Limit("message", "", NOW + timedelta(minutes=2))),
        (80007, 400, Fate.NOT_SENT, Limit("message", "", NOW + timedelta(hours=1))),
        (77, 429, Fate.NOT_SENT, Limit("message", "", NOW + timedelta(seconds=60))),
        (131048, 429, Fate.NOT_SENT, Limit("message", "day")),
        # Too much to one person, or a passing failure.
        (131056, 429, Fate.NOT_SENT, None),
        (131057, 400, Fate.NOT_SENT, None),
    ],
)
def test_an_error_says_what_became_of_the_message(code: int, status: int, fate: Fate, limit: Limit | None) -> None:
    result = result_of(answer(code, status), now=NOW)
    assert (result.fate, result.limit) == (fate, limit)
    assert result.error


def test_only_what_is_about_the_number_is_a_bounce() -> None:
    bounce = result_of(answer(131026), now=NOW).bounce
    assert bounce is not None
    assert (bounce["severity"], bounce["code"]) == ("hard", 131026)
    assert result_of(answer(131047), now=NOW).bounce is None


def test_a_closed_window_says_what_to_do() -> None:
    assert result_of(answer(131047), now=NOW).error == CLOSED
    assert "template" in CLOSED


def test_a_refusal_is_waited_for_as_long_as_it_asks() -> None:
    limit = result_of(answer(77, 429, {"retry-after": "90"}), now=NOW).limit
    assert limit is not None
    assert limit.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("code", "status", "becomes"),
    [
        (190, 401, AccountStatus.EXPIRED),
        (0, 401, AccountStatus.EXPIRED),
        (200, 403, AccountStatus.REVOKED),
        (131031, 403, AccountStatus.ERROR),
        (131042, 400, AccountStatus.ERROR),
        (555, 401, AccountStatus.EXPIRED),
    ],
)
def test_what_concerns_the_account_stops_it_and_not_the_message(code: int, status: int, becomes: str) -> None:
    with pytest.raises(AccountTrouble) as error:
        result_of(answer(code, status), now=NOW)
    assert error.value.account_status == becomes
    assert error.value.detail


@pytest.mark.parametrize("error", [None, "text", {}, {"code": "190"}, {"code": None, "error_data": "x"}, []])
def test_an_error_of_any_shape_is_read(error: Any) -> None:
    assert problem_of(error).code == -1
