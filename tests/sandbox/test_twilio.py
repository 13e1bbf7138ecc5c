"""SMS as Twilio documents it, in the sandbox."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from sandbox.providers.twilio.segments import segments_of
from tests.support.networks import Report, Reported, reports
from tests.support.sandbox import Sandbox

SID = "AC0123456789abcdef0123456789abcdef"
TOKEN = "sandbox-token"
API = f"/twilio/2010-04-01/Accounts/{SID}"
OURS = "+442079460201"
ADA = "+447700900123"


@pytest.fixture
def heard(sandbox: Sandbox) -> Iterator[Reported]:
    with reports() as heard:
        sandbox.call("POST", f"/networks/accounts/{SID}", json={"webhook": heard.url})
        yield heard


def send(sandbox: Sandbox, body: str = "Hello Ada", *, heard: Reported | None = None, **values: Any) -> httpx2.Response:
    form = {"To": ADA, "From": OURS, "Body": body, **values}
    if heard is not None:
        form["StatusCallback"] = f"{heard.url}?row=7"
    return sandbox.client.post(f"{API}/Messages.json", data=form, auth=(SID, TOKEN))


def person(sandbox: Sandbox, behaviour: str, **values: Any) -> None:
    sandbox.call("POST", "/networks/people", json={"identifier": ADA, "behaviour": behaviour, **values})


def write(sandbox: Sandbox, text: str) -> None:
    body = {"account": SID, "to": OURS, "person": ADA, "text": text}
    sandbox.call("POST", "/twilio/write", json=body)


def problem(response: httpx2.Response) -> tuple[int, int]:
    return response.status_code, int(response.json()["code"])


def signature(report: Report, url: str) -> str:
    signed = url + "".join(name + value for name, value in sorted(report.form().items()))
    return base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def test_a_message_is_delivered_answered_and_priced_later(sandbox: Sandbox, heard: Reported) -> None:
    person(sandbox, "answers", language="de")
    sent = send(sandbox, heard=heard)
    assert sent.status_code == 201, sent.text
    assert (sent.json()["status"], sent.json()["price"], sent.json()["date_sent"]) == ("queued", None, None)
    sandbox.advance(hours=3)
    assert [each.form()["SmsStatus"] for each in heard.reports] == ["sent", "delivered", "received"]
    for report in heard.reports:
        url = heard.url if report.form()["SmsStatus"] == "received" else f"{heard.url}?row=7"
        assert report.headers["x-twilio-signature"] == signature(report, url)
    answer = heard.reports[2].form()
    assert (answer["From"], answer["To"], "OptOutType" in answer) == (ADA, OURS, False)
    assert "das klingt gut" in answer["Body"]
    shown = sandbox.client.get(f"{API}/Messages/{sent.json()['sid']}.json", auth=(SID, TOKEN)).json()
    assert (shown["status"], shown["price"], shown["num_segments"]) == ("delivered", "-0.00790", "1")


def test_who_wrote_stop_is_left_alone_until_they_write_start(sandbox: Sandbox, heard: Reported) -> None:
    person(sandbox, "opts_out")
    assert send(sandbox).status_code == 201
    sandbox.advance(hours=4)
    stop = heard.reports[-1].form()
    assert (stop["Body"], stop["OptOutType"]) == ("STOP", "STOP")
    assert problem(send(sandbox)) == (400, 21610)
    # Another number of ours is another sender.
    assert send(sandbox, From="+12125550201").status_code == 201
    write(sandbox, "What is this?")
    assert problem(send(sandbox)) == (400, 21610)
    write(sandbox, "start")
    assert send(sandbox).status_code == 201
    sandbox.advance(seconds=1)
    told = [each.form().get("OptOutType") for each in heard.reports if each.form()["SmsStatus"] == "received"]
    assert told == ["STOP", None, "START"]
    assert len(sandbox.log("network_opted_out")) == len(sandbox.log("network_opted_in")) == 1


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"To": "nobody"}, 400, 21211),
        ({"To": "+12"}, 400, 21211),
        ({"To": ""}, 400, 21604),
        ({"Body": ""}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"From": ""}, 400, 21603),
        ({"From": "+447700900999"}, 400, 21606),
    ],
)
def test_what_cannot_be_sent_is_refused(sandbox: Sandbox, values: dict[str, Any], status: int, code: int) -> None:
    assert problem(send(sandbox, **values)) == (status, code)
    assert sandbox.log("network_sent", accepted="True") == []


def test_the_sign_in_must_be_the_accounts(sandbox: Sandbox) -> None:
    for auth in ((SID, "real-token"), ("AC1", TOKEN)):
        refused = sandbox.client.post(f"{API}/Messages.json", data={}, auth=auth)
        assert problem(refused) == (401, 20003)


def test_who_is_not_there_or_blocks_is_undelivered(sandbox: Sandbox, heard: Reported) -> None:
    person(sandbox, "wrong_number")
    assert send(sandbox, heard=heard).status_code == 201
    person(sandbox, "blocks")
    assert send(sandbox).status_code == 201
    sandbox.advance(hours=2)
    assert send(sandbox, heard=heard).status_code == 201
    sandbox.advance(minutes=1)
    told = [(each.form()["MessageStatus"], each.form().get("ErrorCode")) for each in heard.reports]
    assert told == [("sent", None), ("undelivered", "30005"), ("sent", None), ("undelivered", "30004")]


def test_messages_are_looked_up_by_recipient_sender_and_day(sandbox: Sandbox) -> None:
    sids = [send(sandbox, f"Hello {number}").json()["sid"] for number in range(5)]
    send(sandbox, "to another", To="+447700900555")

    def found(**query: Any) -> list[str]:
        listed = sandbox.client.get(f"{API}/Messages.json", params=query, auth=(SID, TOKEN))
        assert listed.status_code == 200, listed.text
        return [each["sid"] for each in listed.json()["messages"]]

    today = sandbox.now()
    assert found(To=ADA, From=OURS) == sids[::-1]
    assert found(To=ADA, DateSent=today.date().isoformat()) == sids[::-1]
    assert found(To=ADA, **{"DateSent>": (today.replace(hour=0)).date().isoformat()}) == sids[::-1]
    assert found(To=ADA, **{"DateSent<": "2020-01-01"}) == []
    assert found(From="+12125550201") == []
    query = {"To": ADA, "PageSize": "2"}
    seen, path = [], f"{API}/Messages.json"
    for _ in range(9):
        page = sandbox.client.get(path, params=query or None, auth=(SID, TOKEN)).json()
        seen += [each["sid"] for each in page["messages"]]
        if page["next_page_uri"] is None:
            break
        path, query = "/twilio" + page["next_page_uri"], {}
    assert seen == sids[::-1]


def test_a_messaging_service_sends_too(sandbox: Sandbox, heard: Reported) -> None:
    service = "MG" + "7" * 32
    sent = send(sandbox, From="", MessagingServiceSid=service, heard=heard)
    assert sent.json()["messaging_service_sid"] == service
    assert sandbox.log("network_sent")[0]["account"] == service
    sandbox.advance(seconds=1)
    assert heard.reports[0].form()["MessagingServiceSid"] == service


def test_limits_and_lost_answers(sandbox: Sandbox) -> None:
    sandbox.call("POST", f"/networks/accounts/{OURS}", json={"limits": {"message": {"day": 2}}})
    sandbox.fault("drop", protocol="twilio", stage="send", accepted=True, recipient=ADA)
    with pytest.raises(httpx2.TransportError):
        send(sandbox)
    assert send(sandbox).status_code == 201
    assert problem(send(sandbox)) == (429, 20429)
    assert [entry.get("again") for entry in sandbox.log("network_sent")] == [0, 1, None]
    sandbox.advance(hours=25)
    sandbox.fault("answer", protocol="twilio", stage="send", code=503)
    assert problem(send(sandbox)) == (503, 20500)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("🙂" * 35, 1),
        ("", 1),
    ],
)
def test_how_many_segments_a_text_has(text: str, segments: int) -> None:
    assert segments_of(text) == segments


def test_a_number_and_a_service_report_where_they_were_told_to(sandbox: Sandbox, heard: Reported) -> None:
    listed = sandbox.client.get(
        f"{API}/IncomingPhoneNumbers.json", params={"PhoneNumber": OURS}, auth=(SID, TOKEN)
    ).json()["incoming_phone_numbers"]
    assert [each["sms_url"] for each in listed] == [heard.url]
    path = f"{API}/IncomingPhoneNumbers/{listed[0]['sid']}.json"
    changed = sandbox.client.post(path, data={"SmsUrl": f"{heard.url}/number"}, auth=(SID, TOKEN))
    assert changed.json()["sms_url"] == f"{heard.url}/number"
    service = "MG" + "7" * 32
    form = {"InboundRequestUrl": f"{heard.url}/service"}
    assert sandbox.client.post(f"/twilio/v1/Services/{service}", data=form, auth=(SID, TOKEN)).status_code == 200
    write(sandbox, "Hi!")
    body = {"account": SID, "to": service, "person": ADA, "text": "Hi!"}
    sandbox.call("POST", "/twilio/write", json=body)
    sandbox.advance(seconds=1)
    assert [each.path for each in heard.reports] == ["/reports/number", "/reports/service"]
    unknown = sandbox.client.post(f"{API}/IncomingPhoneNumbers/PN1.json", data=form, auth=(SID, TOKEN))
    assert problem(unknown) == (404, 20404)
