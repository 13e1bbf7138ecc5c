"""LAD lets the gateway report to it: once, and only where the gateway can reach it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.gateways.unipile import webhooks
from campaigns.provider_reports.registering import GatewayCannotReport, register, register_if_set_up, report_url
from tests.support.gateway import SECRET, Gateway


def registered(gateway: Gateway) -> list[dict[str, Any]]:
    answer = gateway.sandbox.call("GET", "/unipile/api/v1/webhooks", headers={"X-API-KEY": "sandbox"})
    return [row for row in answer.json()["items"] if row["request_url"] == report_url()]


def test_all_that_lad_needs_is_registered_once_with_the_secret(gateway: Gateway) -> None:
    assert sorted(register()) == ["account_status", "messaging", "users"]
    assert register() == []
    assert register_if_set_up() == []
    rows = registered(gateway)
    assert sorted(row["source"] for row in rows) == ["account_status", "messaging", "users"]
    for row in rows:
        assert {"key": webhooks.SECRET_HEADER, "value": SECRET} in row["headers"]


def test_a_new_secret_replaces_what_is_registered(gateway: Gateway, settings: Any) -> None:
    register()
    settings.UNIPILE_WEBHOOK_SECRET = "another-secret"
    out = StringIO()
    call_command("register_gateway_reports", again=True, stdout=out)
    assert report_url() in out.getvalue()
    rows = registered(gateway)
    assert len(rows) == 3
    assert all({"key": webhooks.SECRET_HEADER, "value": "another-secret"} in row["headers"] for row in rows)


@pytest.mark.parametrize("missing", ["UNIPILE_BASE_URL", "UNIPILE_API_KEY", "UNIPILE_WEBHOOK_SECRET"])
def test_without_its_settings_nothing_is_asked(gateway: Gateway, settings: Any, missing: str) -> None:
    setattr(settings, missing, "")
    with pytest.raises(GatewayCannotReport):
        register()
    assert register_if_set_up() == []
    with pytest.raises(CommandError):
        call_command("register_gateway_reports")


def test_a_real_gateway_needs_an_address_with_https(gateway: Gateway, settings: Any) -> None:
    settings.OUTREACH_SANDBOX_HOSTS, settings.OUTREACH_INTERNAL_HOSTS = [], ["127.0.0.1"]
    settings.PUBLIC_URL = "http://lad.example"
    with pytest.raises(GatewayCannotReport):
        register()
    settings.PUBLIC_URL = "https://lad.example"
    assert len(register()) == 3


def test_a_gateway_that_does_not_answer_is_asked_again_later(gateway: Gateway, settings: Any) -> None:
    gateway.sandbox.fault("answer", protocol="unipile", stage="WEBHOOK", code=500, times=3)
    assert register_if_set_up() == []
    assert len(register_if_set_up()) == 3
