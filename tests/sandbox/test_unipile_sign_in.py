"""Connecting accounts through the gateway of the sandbox: credentials, cookies, codes, telephones, hosted links."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.sandbox.test_unipile import ask, problem, subscribe
from tests.support.networks import Reported, reports
from tests.support.sandbox import Sandbox


@pytest.fixture
def heard() -> Iterator[Reported]:
    with reports() as heard:
        yield heard


def sign_in(sandbox: Sandbox, username: str = "maya@kestrel.example", **values: Any) -> httpx2.Response:
    body = {"provider": "LINKEDIN", "username": username, "password": "secret", **values}
    return ask(sandbox, "POST", "/accounts", json=body)


def solve(sandbox: Sandbox, id: str, code: str) -> httpx2.Response:
    body = {"provider": "LINKEDIN", "account_id": id, "code": code}
    return ask(sandbox, "POST", "/accounts/checkpoint", json=body)


def last_code(sandbox: Sandbox) -> str:
    return str(sandbox.log("network_code")[-1]["code"])


def link(sandbox: Sandbox, **values: Any) -> httpx2.Response:
    expires = datetime.now(UTC) + timedelta(minutes=10)
    body = {
        "type": "create",
        "providers": ["LINKEDIN"],
        "api_url": f"{sandbox.url}/unipile",
        "expiresOn": expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **values,
    }
    return ask(sandbox, "POST", "/hosted/accounts/link", json=body)


@pytest.mark.parametrize("values", [{}, {"username": "", "password": "", "access_token": "li_at-cookie"}])
def test_credentials_or_cookies_connect_an_account(sandbox: Sandbox, heard: Reported, values: dict[str, str]) -> None:
    subscribe(sandbox, heard)
    made = sign_in(sandbox, **values)
    assert (made.status_code, made.json()["object"]) == (201, "AccountCreated")
    shown = ask(sandbox, "GET", f"/accounts/{made.json()['account_id']}").json()
    assert (shown["type"], shown["sources"][0]["status"]) == ("LINKEDIN", "OK")
    sandbox.advance(seconds=1)
    told = [each.json()["AccountStatus"]["message"] for each in heard.reports]
    assert told == ["CREATION_SUCCESS", "SYNC_SUCCESS"]


@pytest.mark.parametrize("kind", ["otp", "2fa", "captcha"])
def test_a_code_solves_a_checkpoint(sandbox: Sandbox, kind: str) -> None:
    asked = sign_in(sandbox, f"maya.{kind}@kestrel.example")
    assert asked.status_code == 202
    id = asked.json()["account_id"]
    assert asked.json()["checkpoint"]["type"] == kind.upper()
    assert problem(ask(sandbox, "GET", f"/accounts/{id}")) == (404, "resource_not_found")
    assert problem(solve(sandbox, id, "000000")) == (400, "invalid_checkpoint_solution")
    before = last_code(sandbox)
    again = ask(sandbox, "POST", "/accounts/resend_checkpoint", json={"account_id": id, "provider": "LINKEDIN"})
    assert again.status_code == 202
    assert problem(solve(sandbox, id, before)) == (400, "invalid_checkpoint_solution")
    assert solve(sandbox, id, last_code(sandbox)).json() == {"object": "AccountCreated", "account_id": id}


def test_a_checkpoint_must_be_solved_in_time(sandbox: Sandbox) -> None:
    id = sign_in(sandbox, "maya.otp@kestrel.example").json()["account_id"]
    code = last_code(sandbox)
    sandbox.advance(minutes=6)
    assert problem(solve(sandbox, id, code)) == (408, "request_timeout")


def test_an_approval_is_given_on_the_telephone_or_replaced_by_a_code(sandbox: Sandbox) -> None:
    id = sign_in(sandbox, "maya.approval@kestrel.example").json()["account_id"]
    assert problem(solve(sandbox, id, "123456")) == (400, "invalid_checkpoint_solution")
    assert "IN_APP_VALIDATION" in sandbox.client.get("/unipile/phone").text
    approved = sandbox.client.post("/unipile/phone", data={"account_id": id})
    assert approved.status_code == 201
    assert ask(sandbox, "GET", f"/accounts/{id}").status_code == 200
    other = sign_in(sandbox, "ada.approval@kestrel.example").json()["account_id"]
    assert solve(sandbox, other, "TRY_ANOTHER_WAY").json()["checkpoint"]["type"] == "OTP"
    assert solve(sandbox, other, last_code(sandbox)).status_code == 201


def test_wrong_passwords_and_told_outcomes(sandbox: Sandbox) -> None:
    assert problem(sign_in(sandbox, password="wrong")) == (401, "invalid_credentials")
    told = {"username": "maya@kestrel.example", "outcome": "2fa"}
    sandbox.call("POST", "/unipile/sign-ins", json=told)
    assert sign_in(sandbox).json()["checkpoint"]["type"] == "2FA"
    assert sandbox.client.post("/unipile/sign-ins", json={**told, "outcome": "nonsense"}).status_code == 400


def test_a_telephone_scans_a_code_before_it_expires(sandbox: Sandbox) -> None:
    shown = ask(sandbox, "POST", "/accounts", json={"provider": "WHATSAPP"})
    assert shown.status_code == 202
    id, code = shown.json()["account_id"], shown.json()["checkpoint"]["qrcode"]
    sandbox.advance(seconds=50)
    assert sandbox.client.post("/unipile/phone", json={"account_id": id}).status_code == 408
    body = {"account_id": id, "provider": "WHATSAPP"}
    renewed = ask(sandbox, "POST", "/accounts/resend_checkpoint", json=body).json()["checkpoint"]["qrcode"]
    assert renewed != code
    assert sandbox.client.post("/unipile/phone", json={"account_id": id, "code": code}).status_code == 408
    assert sandbox.client.post("/unipile/phone", json={"account_id": id, "code": renewed}).status_code == 201
    assert ask(sandbox, "GET", f"/accounts/{id}").json()["type"] == "WHATSAPP"


def test_a_hosted_link_connects_one_account_once(sandbox: Sandbox, heard: Reported) -> None:
    made = link(sandbox, name="row-7", notify_url=heard.url, success_redirect_url="http://lad.test/done?a=1")
    assert made.status_code == 201
    page = made.json()["url"]
    assert "Connect" in sandbox.client.get(page).text
    assert "WHATSAPP" not in sandbox.client.get(page).text
    form = {"provider": "LINKEDIN", "username": "maya@kestrel.example"}
    assert "invalid" in sandbox.client.post(page, data={**form, "outcome": "wrong"}).text
    done = sandbox.client.post(page, data={**form, "outcome": "ok"})
    assert done.status_code == 302
    id = done.headers["Location"].removeprefix("http://lad.test/done?a=1&account_id=")
    assert ask(sandbox, "GET", f"/accounts/{id}").status_code == 200
    assert sandbox.client.get(page).status_code == sandbox.client.post(page, data=form).status_code == 410
    sandbox.advance(seconds=1)
    [report] = heard.reports
    assert report.json() == {"status": "CREATION_SUCCESS", "account_id": id, "name": "row-7"}


def test_a_hosted_link_asks_for_a_code_or_a_scan_and_reconnects(sandbox: Sandbox, heard: Reported) -> None:
    page = link(sandbox, notify_url=heard.url).json()["url"]
    asked = sandbox.client.post(page, data={"provider": "LINKEDIN", "username": "maya", "outcome": "otp"})
    assert "enter the code" in asked.text
    assert "not correct" in sandbox.client.post(page, data={"code": "1"}).text
    assert "connected" in sandbox.client.post(page, data={"code": last_code(sandbox)}).text
    page = link(sandbox, providers=["WHATSAPP"], notify_url=heard.url).json()["url"]
    assert "<svg" in sandbox.client.post(page, data={"provider": "WHATSAPP"}).text
    sandbox.advance(seconds=50)
    assert "<svg" in sandbox.client.post(page, data={"renew": "1"}).text
    id = sandbox.log("network_code")[-1]["account"]
    assert sandbox.client.post("/unipile/phone", data={"account_id": id}).status_code == 201
    sandbox.call("POST", f"/unipile/accounts/{id}/state", json={"state": "CREDENTIALS"})
    page = link(sandbox, type="reconnect", reconnect_account=id, notify_url=heard.url, name="row-8").json()["url"]
    assert "<svg" in sandbox.client.post(page, data={}).text
    assert sandbox.client.post("/unipile/phone", data={"account_id": id}).status_code == 200
    assert ask(sandbox, "GET", f"/accounts/{id}").json()["sources"][0]["status"] == "OK"
    sandbox.advance(seconds=1)
    told = [each.json()["status"] for each in heard.reports]
    assert told == ["CREATION_SUCCESS", "CREATION_SUCCESS", "RECONNECTED"]


def test_a_hosted_link_ends(sandbox: Sandbox) -> None:
    page = link(sandbox).json()["url"]
    sandbox.advance(minutes=11)
    assert sandbox.client.get(page).status_code == 410
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert problem(link(sandbox, expiresOn=past)) == (400, "invalid_parameters")
    assert problem(link(sandbox, type="reconnect")) == (404, "resource_not_found")
    assert problem(link(sandbox, providers=[])) == (400, "invalid_parameters")
