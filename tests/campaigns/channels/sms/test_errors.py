"""What Twilio's errors mean for a message, its recipient and the account."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from campaigns.accounts.models import AccountStatus
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.protocol import Fate, Limit
from campaigns.channels.sms.errors import Problem, result_of
from lad.requests import Answer

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def answer(code: int | None, status: int = 400, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, headers or {}, orjson.dumps({"code": code, "message": "It went wrong.", "status": status}))


@pytest.mark.parametrize(
    ("code", "status", "fate", "bounces", "limited"),
    [
        (21610, 400, Fate.REFUSED, False, False),
        (21211, 400, Fate.REFUSED, True, False),
        (21614, 400, Fate.REFUSED, True, False),
        (21408, 400, Fate.REFUSED, False, False),
        (None, 400, Fate.REFUSED, False, False),
        (20429, 429, Fate.NOT_SENT, False, True),
        (None, 429, Fate.NOT_SENT, False, True),
        (30001, 400, Fate.NOT_SENT, False, True),
    ],
)
def test_an_error_says_what_became_of_the_message(
    code: int | None, status: int, fate: Fate, bounces: bool, limited: bool
) -> None:
    result = result_of(answer(code, status), now=NOW)
    assert (result.fate, result.bounce is not None, result.limit is not None) == (fate, bounces, limited)
    assert result.error


def test_a_refusal_is_waited_for_as_long_as_it_asks() -> None:
    result = result_of(answer(20429, 429, {"retry-after": "7"}), now=NOW)
    assert result.limit == Limit("message", "", NOW + timedelta(seconds=7))


@pytest.mark.parametrize(
    ("code", "status", "becomes"),
    [
        (20003, 401, AccountStatus.EXPIRED),
        (None, 401, AccountStatus.EXPIRED),
        (20005, 403, AccountStatus.ERROR),
        (21606, 400, AccountStatus.ERROR),
        (30034, 400, AccountStatus.ERROR),
    ],
)
def test_what_concerns_the_account_stops_it_and_not_the_message(code: int | None, status: int, becomes: str) -> None:
    with pytest.raises(AccountTrouble) as error:
        result_of(answer(code, status), now=NOW)
    assert error.value.account_status == becomes
    assert error.value.detail


@pytest.mark.parametrize(
    ("code", "severity"), [(30005, "hard"), (30006, "hard"), (30003, "soft"), (30007, "block"), (-1, "block")]
)
def test_a_report_of_a_failure_says_how_much_it_means_for_the_number(code: int, severity: str) -> None:
    assert Problem(code).severity == severity
