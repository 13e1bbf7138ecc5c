"""How often one caller may call."""

from typing import Any

import pytest
from django.test import RequestFactory
from redis.exceptions import ConnectionError as BrokerDown
from rest_framework.settings import api_settings

from lad.api.throttling import Shares, parse_rate
from lad.broker import broker
from lad.db.identifiers import uuid7
from lad.tenancy.clients import client_address
from tests.support.api import problem


@pytest.fixture
def two_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    # A day's window: the test cannot straddle its end but at midnight.
    monkeypatch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", {**api_settings.DEFAULT_THROTTLE_RATES, "api": "2/day"})


@pytest.mark.usefixtures("two_a_minute")
def test_a_caller_over_the_rate_gets_429_with_the_time_to_wait(api: Any, owner: Any, admin: Any) -> None:
    client = api(owner)
    assert [client.get("/api/v1/memberships/").status_code for _ in range(2)] == [200, 200]
    refused = client.get("/api/v1/memberships/")
    assert problem(refused) == (429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 86_400
    assert api(admin).get("/api/v1/memberships/").status_code == 200


@pytest.mark.usefixtures("two_a_minute")
def test_without_the_cache_callers_are_served_unthrottled(
    api: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise BrokerDown

    monkeypatch.setattr("redis.Redis.incrby", refuse)
    client = api(owner)
    assert [client.get("/api/v1/memberships/").status_code for _ in range(4)] == [200] * 4


def test_processes_number_calls_in_shares_and_never_exceed_the_rate() -> None:
    key, limit, size, processes = f"throttle:test:{uuid7()}", 500, 5, [Shares(), Shares(), Shares()]
    numbers = [process.number(key, size, 60) for _ in range(limit) for process in processes]
    accepted = [number for number in numbers if number <= limit]
    assert len(accepted) == len(set(accepted))
    assert limit - size * (len(processes) - 1) <= len(accepted) <= limit
    assert int(broker().get(key) or 0) == len(numbers)
    assert 0 < broker().ttl(key) <= 61


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "6.6.6.6", "127.0.0.1"),
        (1, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (2, "6.6.6.6, 9.9.9.9, 10.0.0.1", "9.9.9.9"),
        (2, "9.9.9.9", "9.9.9.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_set_the_address(settings: Any, proxies: int, forwarded: str, expected: str) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    assert client_address(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)) == expected


def test_a_rate_is_read_as_calls_and_seconds() -> None:
    assert [parse_rate(each) for each in ("5/s", "30/min", "20/hour", "1/day")] == [
        (5, 1),
        (30, 60),
        (20, 3600),
        (1, 86_400),
    ]


def test_views_with_their_own_rate_count_apart(api: Any, db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {**api_settings.DEFAULT_THROTTLE_RATES, "sign-in": "2/day"}
    monkeypatch.setattr(api_settings, "DEFAULT_THROTTLE_RATES", rates)
    body = {"email": "nobody@acme.test", "password": "wrong"}
    statuses = [api().post("/api/v1/auth/sign-in/", body, format="json").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    for path in ("password/reset/confirm/", "verify-email/"):
        assert api().post(f"/api/v1/auth/{path}", {"token": "x"}, format="json").status_code in (400, 410)
