"""Connecting accounts on networks against the sandbox's gateway: links, passwords, cookies, codes and approvals."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts import network_sweep
from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount
from campaigns.accounts.network_connecting import hosted
from lad.audit.models import AuditEntry
from lad.idempotency.models import IdempotencyKey
from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.campaigns import LinkedinAccountFactory
from tests.factories.tenants import TenantFeatureFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events
from tests.support.networks import Reported
from tests.support.sandbox import Sandbox

LINKEDIN, CHANNELS = "social-linkedin-accounts", "channel-accounts"
PASSWORD = "correct horse of the network"
ME = {"method": "credentials", "username": "maya.stone@kestrel.example", "password": PASSWORD}


def connect(call: Any, account: Any, **body: Any) -> dict[str, Any]:
    resource = LINKEDIN if isinstance(account, LinkedinAccount) else CHANNELS
    answer = call("post", resource, account, "connect", body=body)
    assert answer.status_code == 200, answer.content
    shown: dict[str, Any] = answer.json()
    return shown


def last_code(gateway: Sandbox) -> str:
    return str(gateway.log("network_code")[-1]["code"])


def deliver(api: Any, notices: Reported, number: int = -1) -> Any:
    """Hand a notice over that the gateway posted to LAD's address."""
    report = notices.reports[number]
    return api().post(report.path, report.json(), format="json")


def open_page(gateway: Sandbox, url: str, **form: str) -> Any:
    """Do on the gateway's page what a person does, and let the gateway report it."""
    answer = gateway.client.post(url, data={"provider": "LINKEDIN", "username": "maya.stone", **form})
    gateway.advance(seconds=30)
    return answer


# Names, passwords and cookies


def test_a_password_connects_an_account_and_is_kept_nowhere(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    assert stored(linkedin).status == "pending"
    shown = connect(call, linkedin, **ME)
    assert (shown["connected"], shown["waits_for"]) == (True, "")
    row = stored(linkedin)
    assert row.unipile_account_id and row.status == "active" and row.ramp_up_from is not None
    assert row.metadata["owner"]["public_id"] == "maya-stone"
    [event] = events("campaigns.linkedin_account.connected", tenant.pk)
    assert event.payload == {"again": False}
    with platform_context():
        kept = [*AuditEntry.objects.values(), *IdempotencyKey.objects.values(), *LinkedinAccount.objects.values()]
    assert PASSWORD not in repr(kept) + repr(event.payload) + caplog.text


def test_a_wrong_password_is_shown_at_its_field_and_changes_nothing(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount
) -> None:
    answer = call("post", LINKEDIN, linkedin, "connect", body={**ME, "password": "wrong"})
    assert problem(answer) == (400, "invalid")
    assert "did not take" in answer.json()["errors"]["password"][0]
    assert (stored(linkedin).status, stored(linkedin).unipile_account_id) == ("pending", "")


def test_what_the_method_needs_must_be_entered(gateway: Sandbox, call: Any, linkedin: LinkedinAccount) -> None:
    answer = call("post", LINKEDIN, linkedin, "connect", body={"method": "cookies", "li_at": "AQED"})
    assert problem(answer) == (400, "invalid") and "user_agent" in answer.json()["errors"]


def test_cookies_connect_an_account(gateway: Sandbox, call: Any, linkedin: LinkedinAccount) -> None:
    cookies = {"method": "cookies", "li_at": "AQEDcookie-of-maya", "li_a": "paid", "user_agent": "Mozilla/5.0"}
    assert connect(call, linkedin, **cookies)["connected"]
    assert "AQED" not in repr(vars(stored(linkedin)))


def test_too_many_attempts_are_refused(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lad.api.throttling.api_settings.DEFAULT_THROTTLE_RATES", {"connect": "2/hour"})
    for _each in range(2):
        answer = call("post", LINKEDIN, linkedin, "connect", body={**ME, "password": "wrong"})
        assert answer.status_code == 400
    assert problem(call("post", LINKEDIN, linkedin, "connect", body=ME)) == (429, "throttled")
    assert stored(linkedin).status == "pending"


# Checkpoints


def test_a_code_is_asked_for_and_a_wrong_one_can_be_corrected(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount
) -> None:
    shown = connect(call, linkedin, **{**ME, "username": "maya.otp@kestrel.example"})
    assert (shown["connected"], shown["waits_for"], shown["status"]) == (False, "code", "checkpoint")
    answer = call("post", LINKEDIN, linkedin, "checkpoint", body={"code": "000000"})
    assert problem(answer) == (400, "invalid") and "code" in answer.json()["errors"]
    answer = call("post", LINKEDIN, linkedin, "checkpoint", body={"code": last_code(gateway)})
    assert answer.json()["connected"], answer.content
    assert stored(linkedin).checkpoint == {}


def test_an_approval_on_the_phone_is_noticed_by_looking(gateway: Sandbox, call: Any, linkedin: LinkedinAccount) -> None:
    shown = connect(call, linkedin, **{**ME, "username": "maya.approval@kestrel.example"})
    assert shown["waits_for"] == "app"
    answer = call("post", LINKEDIN, linkedin, "checkpoint", body={"code": "123456"})
    assert problem(answer) == (400, "invalid") and answer.json()["requires_mobile_approval"] is True
    assert call("get", LINKEDIN, linkedin, "connection").json()["waits_for"] == "app"
    gateway.call("POST", "/unipile/phone", json={"account_id": stored(linkedin).checkpoint["account_id"]})
    assert call("get", LINKEDIN, linkedin, "connection").json()["connected"]


def test_an_approval_that_nobody_watches_is_noticed_by_a_worker(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount
) -> None:
    connect(call, linkedin, **{**ME, "username": "maya.approval@kestrel.example"})
    assert network_sweep.has_attempts() and network_sweep.follow_attempts() == 0
    gateway.call("POST", "/unipile/phone", json={"account_id": stored(linkedin).checkpoint["account_id"]})
    assert network_sweep.follow_attempts() == 1
    assert stored(linkedin).status == "active" and not network_sweep.has_attempts()


def test_an_attempt_can_be_given_up(gateway: Sandbox, call: Any, linkedin: LinkedinAccount) -> None:
    connect(call, linkedin, **{**ME, "username": "maya.approval@kestrel.example"})
    answer = call("post", LINKEDIN, linkedin, "checkpoint", body={"code": "NO"}).json()
    assert not answer["connected"] and "gave it up" in answer["reason"]
    assert problem(call("post", LINKEDIN, linkedin, "checkpoint", body={"code": "YES"})) == (409, "no_attempt")


def test_a_checkpoint_that_lad_cannot_solve_sends_to_the_gateways_page(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount
) -> None:
    assert connect(call, linkedin, **{**ME, "username": "maya.captcha@kestrel.example"})["waits_for"] == "page"


# Codes to scan


def test_a_phone_that_scans_the_code_connects_whatsapp(gateway: Sandbox, call: Any, whatsapp: ChannelAccount) -> None:
    shown = connect(call, whatsapp, method="qr")
    assert shown["waits_for"] == "qr" and shown["qr"] == last_code(gateway)
    account_id = stored(whatsapp).checkpoint["account_id"]
    gateway.call("POST", "/unipile/phone", json={"account_id": account_id, "code": shown["qr"]})
    assert call("get", CHANNELS, whatsapp, "connection").json()["connected"]
    assert stored(whatsapp).provider_account_id == account_id


def test_an_expired_code_is_followed_by_a_new_one_a_few_times(
    gateway: Sandbox, call: Any, whatsapp: ChannelAccount
) -> None:
    seen = {connect(call, whatsapp, method="qr")["qr"]}
    for _each in range(20):
        expire(whatsapp)
        shown = call("get", CHANNELS, whatsapp, "connection").json()
        if not shown["waits_for"]:
            break
        seen.add(shown["qr"])
    assert len(seen) == 6, "each code is another one, and they end"
    assert "not scanned" in shown["reason"] and not shown["connected"]
    assert connect(call, whatsapp, method="qr")["qr"] not in seen


def expire(account: Any) -> None:
    with platform_context():
        row = type(account).objects.get(pk=account.pk)
        row.checkpoint["expires_at"] = (timezone.now() - timedelta(seconds=1)).isoformat()
        row.save(update_fields=["checkpoint"])


# Hosted links


def test_a_hosted_link_connects_its_account_by_the_gateways_notice(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount
) -> None:
    shown = connect(call, linkedin)
    assert shown["waits_for"] == "link" and shown["url"].startswith(gateway.url)
    assert open_page(gateway, shown["url"]).status_code == 302
    assert not call("get", LINKEDIN, linkedin, "connection").json()["connected"]
    assert deliver(api, notices).status_code == 204
    assert call("get", LINKEDIN, linkedin, "connection").json()["connected"]
    assert stored(linkedin).unipile_account_id == notices.reports[-1].json()["account_id"]


def test_a_notice_counts_once_and_the_link_works_once(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount
) -> None:
    url = connect(call, linkedin)["url"]
    open_page(gateway, url)
    assert deliver(api, notices).status_code == 204
    before = stored(linkedin).updated_at
    assert problem(deliver(api, notices)) == (404, "notice_refused")
    assert open_page(gateway, url).status_code == 410
    assert stored(linkedin).updated_at == before


def test_an_expired_link_connects_nothing(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount, monkeypatch: Any
) -> None:
    open_page(gateway, connect(call, linkedin)["url"])
    monkeypatch.setattr(hosted, "NOTICE_LATE", timedelta(0))
    expire(linkedin)
    assert problem(deliver(api, notices)) == (404, "notice_refused")
    assert stored(linkedin).status == "pending"
    shown = call("get", LINKEDIN, linkedin, "connection").json()
    assert "expired" in shown["reason"] and not shown["connected"]


def test_an_older_link_is_void_once_there_is_a_newer_one(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount
) -> None:
    first = connect(call, linkedin)["url"]
    second = connect(call, linkedin)["url"]
    open_page(gateway, first)
    assert problem(deliver(api, notices)) == (404, "notice_refused")
    open_page(gateway, second)
    assert deliver(api, notices).status_code == 204


def test_a_notice_that_lad_did_not_sign_or_about_nothing_is_refused(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount
) -> None:
    open_page(gateway, connect(call, linkedin)["url"])
    report = notices.reports[-1]
    for path, change in (
        (report.path[:-3] + "x/", {}),
        (report.path, {"name": "another name"}),
        (report.path, {"account_id": "nobody"}),
        (report.path, {"account_id": ""}),
        (report.path, {"status": "CREATION_FAILED"}),
    ):
        answer = api().post(path, {**report.json(), **change}, format="json")
        assert problem(answer) == (404, "notice_refused"), change
    assert stored(linkedin).status == "pending"


def test_a_link_for_one_network_does_not_connect_an_account_of_another(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount
) -> None:
    open_page(gateway, connect(call, linkedin)["url"])
    gateway.call("POST", "/unipile/accounts", json={"id": "insta-1", "type": "INSTAGRAM", "name": "Maya"})
    report = notices.reports[-1]
    answer = api().post(report.path, {**report.json(), "account_id": "insta-1"}, format="json")
    assert problem(answer) == (409, "other_network")
    assert stored(linkedin).status == "pending"


# Whose account it is


@pytest.fixture
def stranger(call: Any, api: Any, other_tenant: Tenant, other_owner: User) -> Any:
    """``stranger(method, resource, row, action, body)`` calls the API as the owner of another tenant."""
    with platform_context(tenant_id=other_tenant.pk):
        TenantFeatureFactory.create(feature_key="social-integration", granted=True)
        TenantFeatureFactory.create(feature_key="campaigns", granted=True)
    client = api(other_owner)

    def send(method: str, resource: str, row: Any = None, action: str = "", body: Any = None) -> Any:
        place = f"{row.pk}/" if row is not None else ""
        url = f"/api/v1/{resource}/{place}{action}{'/' if action else ''}"
        return getattr(client, method)(url, body, format="json")

    return send


def test_a_users_own_word_names_no_account_at_the_gateway(call: Any, linkedin: LinkedinAccount, owner: User) -> None:
    body = {"account_name": "Theirs", "user": str(owner.pk), "unipile_account_id": "acc-of-another-tenant"}
    assert problem(call("post", LINKEDIN, body=body)) == (400, "invalid")
    assert problem(call("patch", LINKEDIN, linkedin, body={"unipile_account_id": "x"})) == (400, "invalid")
    body = {"account_name": "Theirs", "channel": "whatsapp", "provider_account_id": "acc-of-another-tenant"}
    answer = call("post", CHANNELS, body=body)
    assert problem(answer) == (400, "invalid") and "provider_account_id" in answer.json()["errors"]


def test_an_account_of_another_tenant_is_not_found(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount, stranger: Any
) -> None:
    for method, action in (
        *(("post", each) for each in ("connect", "checkpoint", "check", "reconnect", "pause", "resume", "disconnect")),
        *(("get", each) for each in ("connection", "usage")),
    ):
        body = {"code": "1"} if action == "checkpoint" else ({} if method == "post" else None)
        assert stranger(method, LINKEDIN, linkedin, action, body).status_code == 404, action


def test_an_account_that_another_tenant_has_connected_is_refused(
    gateway: Sandbox,
    notices: Reported,
    call: Any,
    api: Any,
    linkedin: LinkedinAccount,
    other_tenant: Tenant,
) -> None:
    gateway.call("POST", "/unipile/accounts", json={"id": "shared-1", "type": "LINKEDIN", "name": "Maya"})
    with platform_context(tenant_id=other_tenant.pk):
        LinkedinAccountFactory.create(unipile_account_id="shared-1")
    open_page(gateway, connect(call, linkedin)["url"])
    report = notices.reports[-1]
    answer = api().post(report.path, {**report.json(), "account_id": "shared-1"}, format="json")
    assert problem(answer) == (409, "connected_elsewhere")
    assert stored(linkedin).unipile_account_id == ""


# Again, and no more


def test_a_reconnected_account_keeps_its_row_and_its_id_at_the_gateway(
    gateway: Sandbox, notices: Reported, call: Any, api: Any, linkedin: LinkedinAccount, tenant: Tenant
) -> None:
    connect(call, linkedin, **ME)
    before = stored(linkedin)
    gateway.call("POST", f"/unipile/accounts/{before.unipile_account_id}/state", json={"state": "CREDENTIALS"})
    assert call("post", LINKEDIN, linkedin, "check").json()["status"] == "expired"
    [*_others, changed] = events("campaigns.linkedin_account.status_changed", tenant.pk)
    assert (changed.payload["was"], changed.payload["status"]) == ("active", "expired")
    shown = call("post", LINKEDIN, linkedin, "reconnect").json()
    assert shown["waits_for"] == "link"
    open_page(gateway, shown["url"])
    assert deliver(api, notices).status_code == 204
    after = stored(linkedin)
    assert (after.unipile_account_id, after.status) == (before.unipile_account_id, "active")
    assert (after.caught_up_at, after.ramp_up_from) == (before.caught_up_at, before.ramp_up_from)
    assert [each.payload for each in events("campaigns.linkedin_account.connected", tenant.pk)][-1] == {"again": True}


def test_an_account_that_works_again_by_itself_needs_no_link(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount
) -> None:
    connect(call, linkedin, **ME)
    with platform_context():
        LinkedinAccount.objects.filter(pk=linkedin.pk).update(status=AccountStatus.ERROR)
    shown = call("post", LINKEDIN, linkedin, "reconnect").json()
    assert shown["connected"] and not shown["url"]


def test_a_disconnected_account_is_gone_at_the_gateway_and_stays_inactive_here(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount
) -> None:
    connect(call, linkedin, **ME)
    account_id = stored(linkedin).unipile_account_id
    assert call("post", LINKEDIN, linkedin, "disconnect").status_code == 200
    row = stored(linkedin)
    assert (row.status, row.is_active, row.unipile_account_id) == ("disconnected", False, "")
    assert (
        gateway.client.get(f"/unipile/api/v1/accounts/{account_id}", headers={"X-API-KEY": "sandbox"}).status_code
        == 404
    )
    assert connect(call, linkedin, **ME)["connected"]
    assert stored(linkedin).is_active


def test_a_gateway_that_does_not_answer_changes_nothing(
    gateway: Sandbox, call: Any, linkedin: LinkedinAccount, settings: Any
) -> None:
    settings.UNIPILE_BASE_URL = "http://127.0.0.1:9/unipile"
    assert problem(call("post", LINKEDIN, linkedin, "connect", body=ME)) == (502, "gateway_unreachable")
    settings.UNIPILE_BASE_URL = ""
    assert problem(call("post", LINKEDIN, linkedin, "connect", body=ME)) == (409, "gateway_not_set_up")
    assert stored(linkedin).status == "pending"
