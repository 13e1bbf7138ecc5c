"""WhatsApp's Cloud API in the sandbox."""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.support.networks import Reported, reports
from tests.support.sandbox import Sandbox

NUMBER = "100000000000001"
BUSINESS = "200000000000001"
TOKEN = {"Authorization": "Bearer sandbox-acme"}
API = "/whatsapp/v23.0"
ADA = "+447700900123"


@pytest.fixture
def heard(sandbox: Sandbox) -> Iterator[Reported]:
    with reports() as heard:
        values = {"webhook": heard.url, "webhook_secret": "app-secret"}
        sandbox.call("POST", f"/networks/accounts/{NUMBER}", json=values)
        yield heard


def send(sandbox: Sandbox, **values: Any) -> httpx2.Response:
    body = {"messaging_product": "whatsapp", "to": ADA.lstrip("+"), **values}
    return sandbox.client.post(f"{API}/{NUMBER}/messages", json=body, headers=TOKEN)


def text(sandbox: Sandbox, words: str, **values: Any) -> httpx2.Response:
    return send(sandbox, type="text", text={"body": words}, **values)


def template(
    sandbox: Sandbox, *parameters: str, name: str = "introduction", language: str = "en", **values: Any
) -> Any:
    components = [{"type": "body", "parameters": [{"type": "text", "text": each} for each in parameters]}]
    asked = {"name": name, "language": {"code": language}, "components": components}
    return send(sandbox, type="template", template=asked, **values)


def person(sandbox: Sandbox, behaviour: str, identifier: str = ADA, **values: Any) -> None:
    sandbox.call("POST", "/networks/people", json={"identifier": identifier, "behaviour": behaviour, **values})


def value_of(report: Any) -> dict[str, Any]:
    [entry] = report.json()["entry"]
    [change] = entry["changes"]
    value: dict[str, Any] = change["value"]
    return value


def told(heard: Reported) -> list[str]:
    """Return what the reports say, in their order."""
    values = [value_of(each) for each in heard.reports]
    return [value["statuses"][0]["status"] if "statuses" in value else "message" for value in values]


def test_a_template_is_sent_delivered_read_and_answered_and_opens_the_window(sandbox: Sandbox, heard: Reported) -> None:
    person(sandbox, "answers")
    sent = template(sandbox, "Ada", "our fair", biz_opaque_callback_data="row-7")
    assert sent.status_code == 200, sent.text
    [id] = [each["id"] for each in sent.json()["messages"]]
    sandbox.advance(hours=3)
    assert told(heard) == ["sent", "delivered", "read", "message"]
    statuses = [value_of(each)["statuses"][0] for each in heard.reports[:3]]
    assert {(each["id"], each["biz_opaque_callback_data"]) for each in statuses} == {(id, "row-7")}
    answer = value_of(heard.reports[3])
    assert answer["messages"][0]["context"]["id"] == id
    assert answer["contacts"][0]["wa_id"] == answer["messages"][0]["from"] == ADA.lstrip("+")
    for report in heard.reports:
        digest = hmac.new(b"app-secret", report.body, hashlib.sha256).hexdigest()
        assert report.headers["x-hub-signature-256"] == f"sha256={digest}"
    assert text(sandbox, "Wonderful").status_code == 200
    sent_lines = sandbox.log("network_sent")
    assert [(line["action"], line["accepted"]) for line in sent_lines] == [("template", True), ("message", True)]
    assert sent_lines[0]["reference"] == "row-7"


@pytest.mark.parametrize("errors", ["status", "sync"])
def test_outside_the_window_only_templates_are_sent(sandbox: Sandbox, heard: Reported, errors: str) -> None:
    sandbox.call("POST", f"/networks/accounts/{NUMBER}", json={"errors": errors})
    person(sandbox, "ignores")

    def is_outside() -> bool:
        sent = text(sandbox, "Hello")
        if errors == "sync":
            return sent.status_code == 400 and sent.json()["error"]["code"] == 131047
        assert sent.status_code == 200
        sandbox.advance(seconds=1)
        status = value_of(heard.reports[-1])["statuses"][0]
        return status["status"] == "failed" and status["errors"][0]["code"] == 131047

    assert is_outside()
    sandbox.call("POST", "/whatsapp/write", json={"account": NUMBER, "person": ADA, "text": "Hi!"})
    sandbox.advance(hours=23)
    assert not is_outside()
    # Nothing that goes out opens the window again.
    sandbox.advance(hours=2)
    assert is_outside()
    assert [entry["accepted"] for entry in sandbox.log("network_sent")] == [False, True, False]


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"name": "nonsense"}, 404, 132001),
        ({"language": "fr"}, 404, 132001),
        ({"name": "autumn_offer"}, 404, 132001),
        ({"parameters": ("Ada",)}, 400, 132000),
        ({"to": "nobody"}, 400, 131009),
        ({"messaging_product": "telegram"}, 400, 131008),
    ],
)
def test_what_cannot_be_sent_is_refused(
    sandbox: Sandbox, heard: Reported, values: dict[str, Any], status: int, code: int
) -> None:
    parameters = values.pop("parameters", ("Ada", "our fair"))
    answer = template(sandbox, *parameters, **values)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    sandbox.run_until_idle()
    assert heard.reports == []


def test_who_blocked_the_number_or_is_not_there_is_undeliverable(sandbox: Sandbox, heard: Reported) -> None:
    person(sandbox, "blocks")
    person(sandbox, "wrong_number", "+447700900124")
    assert template(sandbox, "Ada", "our fair").status_code == 200
    sandbox.advance(hours=2)
    assert [entry["person"] for entry in sandbox.log("network_blocked")] == [ADA]
    heard.reports.clear()
    for to in (ADA, "+447700900124"):
        assert template(sandbox, "Ada", "our fair", to=to).status_code == 200
    sandbox.advance(seconds=1)
    failed = [value_of(each)["statuses"][0] for each in heard.reports]
    assert [(each["status"], each["errors"][0]["code"]) for each in failed] == [("failed", 131026)] * 2


def test_somebody_who_never_reads(sandbox: Sandbox, heard: Reported) -> None:
    person(sandbox, "never_reads")
    assert template(sandbox, "Ada", "our fair").status_code == 200
    sandbox.run_until_idle()
    assert told(heard) == ["sent", "delivered"]


def test_templates_have_pages_and_are_approved_later(sandbox: Sandbox, heard: Reported) -> None:
    seen, path = [], f"{API}/{BUSINESS}/message_templates?limit=3"
    for _ in range(9):
        page = sandbox.client.get(path, headers=TOKEN).json()
        seen += [(each["name"], each["language"], each["status"]) for each in page["data"]]
        path = page["paging"].get("next", "")
        if not path:
            break
    assert len(seen) == 7
    assert ("introduction", "de", "APPROVED") in seen
    assert {status for _name, _language, status in seen} == {"APPROVED", "PENDING", "REJECTED"}
    body = {
        "name": "new",
        "language": "en",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hi {{1}}"}],
    }
    made = sandbox.client.post(f"{API}/{BUSINESS}/message_templates", json=body, headers=TOKEN)
    assert made.json()["status"] == "PENDING"
    assert template(sandbox, "Ada", name="new").status_code == 404
    sandbox.advance(minutes=11)
    assert value_of(heard.reports[-1])["event"] == "APPROVED"
    assert template(sandbox, "Ada", name="new").status_code == 200


def test_a_number_shows_itself_and_has_limits(sandbox: Sandbox) -> None:
    sandbox.call("POST", f"/networks/accounts/{NUMBER}", json={"quality": "RED", "limits": {"message": {"day": 1}}})
    shown = sandbox.client.get(f"{API}/{NUMBER}", headers=TOKEN).json()
    assert (shown["quality_rating"], shown["display_phone_number"]) == ("RED", "+442079460111")
    numbers = sandbox.client.get(f"{API}/{BUSINESS}/phone_numbers", headers=TOKEN).json()["data"]
    assert [each["id"] for each in numbers] == [NUMBER]
    assert template(sandbox, "Ada", "our fair").status_code == 200
    limited = template(sandbox, "Ada", "our fair")
    assert (limited.status_code, limited.json()["error"]["code"]) == (429, 130429)
    assert sandbox.client.get(f"{API}/1", headers=TOKEN).json()["error"]["error_subcode"] == 33
    refused = sandbox.client.get(f"{API}/{NUMBER}", headers={"Authorization": "Bearer real"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, 190)


def test_a_webhook_must_return_the_challenge(sandbox: Sandbox, heard: Reported) -> None:
    heard.challenge_token = "our-token"
    values = {"account": NUMBER, "url": heard.url, "verify_token": "another", "app_secret": "new-secret"}
    assert sandbox.client.post("/whatsapp/webhook", json=values).status_code == 400
    sandbox.call("POST", "/whatsapp/webhook", json={**values, "verify_token": "our-token"})
    sandbox.call("POST", "/whatsapp/write", json={"account": NUMBER, "person": ADA, "text": "Hi!"})
    sandbox.advance(seconds=1)
    [report] = heard.reports
    path = f"{API}/{BUSINESS}/subscribed_apps"
    wrong = {"override_callback_uri": f"{heard.url}/own", "verify_token": "another"}
    assert sandbox.client.post(path, json=wrong, headers=TOKEN).status_code == 400
    right = {**wrong, "verify_token": "our-token"}
    assert sandbox.client.post(path, json=right, headers=TOKEN).json() == {"success": True}
    sandbox.call("POST", "/whatsapp/write", json={"account": NUMBER, "person": ADA, "text": "Hi again!"})
    sandbox.advance(seconds=1)
    assert heard.reports[-1].path == "/reports/own"
    digest = hmac.new(b"new-secret", report.body, hashlib.sha256).hexdigest()
    assert report.headers["x-hub-signature-256"] == f"sha256={digest}"


def test_a_lost_answer_was_taken_or_not(sandbox: Sandbox) -> None:
    for accepted in (False, True):
        sandbox.fault("drop", protocol="whatsapp_cloud", stage="send", accepted=accepted)
        with pytest.raises(httpx2.TransportError):
            template(sandbox, "Ada", "our fair", biz_opaque_callback_data=f"row-{accepted}")
    assert [entry["reference"] for entry in sandbox.log("network_sent")] == ["row-True"]
    sandbox.fault("answer", protocol="whatsapp_cloud", stage="send", code=429, text="131056")
    assert template(sandbox, "Ada", "our fair").json()["error"]["code"] == 131056
