"""The gateway to LinkedIn, WhatsApp and Instagram in the sandbox."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.support.networks import Reported, reports
from tests.support.sandbox import Sandbox

KEY = {"X-API-KEY": "sandbox-acme"}
API = "/unipile/api/v1"


@pytest.fixture
def heard() -> Iterator[Reported]:
    with reports() as heard:
        yield heard


def ask(sandbox: Sandbox, method: str, path: str, **options: Any) -> httpx2.Response:
    return sandbox.client.request(method, API + path, headers=KEY, **options)


def account(sandbox: Sandbox, id: str = "maya", type: str = "LINKEDIN", **values: Any) -> str:
    body = {"id": id, "type": type, "name": "Maya Kestrel", "identifier": "maya-kestrel", **values}
    if type == "WHATSAPP":
        body["identifier"] = "+442079460111"
    return str(sandbox.call("POST", "/unipile/accounts", json=body).json()["id"])


def subscribe(sandbox: Sandbox, heard: Reported, **values: Any) -> None:
    for source in ("users", "messaging", "account_status"):
        events = ["message_received", "message_read", "message_delivered"] if source == "messaging" else []
        body = {"source": source, "request_url": heard.url, "name": source, "events": events, **values}
        body["headers"] = [{"key": "Unipile-Auth", "value": "our-secret"}]
        assert ask(sandbox, "POST", "/webhooks", json=body).status_code == 201


def person(sandbox: Sandbox, identifier: str, behaviour: str, **values: Any) -> None:
    body = {"identifier": identifier, "behaviour": behaviour, **values}
    sandbox.call("POST", "/networks/people", json=body)


def provider_id(sandbox: Sandbox, identifier: str, account: str = "maya") -> str:
    found = ask(sandbox, "GET", f"/users/{identifier}", params={"account_id": account})
    assert found.status_code == 200, found.text
    return str(found.json()["provider_id"])


def invite(sandbox: Sandbox, identifier: str, message: str = "", account: str = "maya") -> httpx2.Response:
    body = {"account_id": account, "provider_id": provider_id(sandbox, identifier, account), "message": message}
    return ask(sandbox, "POST", "/users/invite", json=body)


def problem(response: httpx2.Response) -> tuple[int, str]:
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["type"].removeprefix("errors/")


def connect(sandbox: Sandbox, *people: str, account: str = "maya") -> None:
    for each in people:
        sandbox.call("POST", f"/unipile/accounts/{account}/relations", json={"person": each})


def chat(sandbox: Sandbox, identifier: str, text: str, account: str = "maya") -> httpx2.Response:
    attendee = provider_id(sandbox, identifier, account)
    body = {"account_id": account, "attendees_ids": [attendee], "text": text}
    return ask(sandbox, "POST", "/chats", json=body)


def test_an_invitation_is_accepted_and_reported_late(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard)
    person(sandbox, "ada-abara", "accepts", name="Ada Abara")
    assert invite(sandbox, "ada-abara").status_code == 201
    sandbox.advance(minutes=46)
    [accepted] = sandbox.log("network_accepted")
    assert accepted["person"] == "ada-abara"
    relations = ask(sandbox, "GET", "/users/relations", params={"account_id": "maya"}).json()["items"]
    assert [each["public_identifier"] for each in relations] == ["ada-abara"]
    sandbox.advance(minutes=5)
    assert heard.events() == []
    sandbox.advance(hours=8)
    [report] = heard.reports
    assert report.headers["unipile-auth"] == "our-secret"
    assert report.json() == {
        "event": "new_relation",
        "account_id": "maya",
        "account_type": "LINKEDIN",
        "webhook_name": "users",
        "user_full_name": "Ada Abara",
        "user_provider_id": provider_id(sandbox, "ada-abara"),
        "user_public_identifier": "ada-abara",
        "user_profile_url": "https://www.linkedin.com/in/ada-abara",
        "user_picture_url": None,
    }


def test_an_invitation_with_a_note_begins_a_chat_at_once(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard)
    person(sandbox, "ada-abara", "accepts")
    assert invite(sandbox, "ada-abara", "Shall we talk?").status_code == 201
    sandbox.advance(minutes=46)
    [report] = heard.reports
    body = report.json()
    assert (body["event"], body["message"]) == ("message_received", "Shall we talk?")
    # The owner's own message: the sender is who the account belongs to.
    assert body["sender"]["attendee_provider_id"] == body["account_info"]["user_id"]
    chats = ask(sandbox, "GET", "/chats", params={"account_id": "maya"}).json()["items"]
    assert [each["id"] for each in chats] == [body["chat_id"]]


def test_a_message_is_delivered_read_and_answered(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard)
    person(sandbox, "ada-abara", "answers", language="de")
    connect(sandbox, "ada-abara")
    sent = chat(sandbox, "ada-abara", "Hello Ada")
    assert sent.status_code == 201
    sandbox.advance(hours=3)
    assert heard.events() == ["message_received", "message_delivered", "message_read", "message_received"]
    answer = heard.reports[-1].json()
    assert "das klingt gut" in answer["message"]
    assert answer["sender"]["attendee_provider_id"] == provider_id(sandbox, "ada-abara")
    listed = ask(sandbox, "GET", f"/chats/{sent.json()['chat_id']}/messages").json()["items"]
    assert [each["is_sender"] for each in listed] == [0, 1]
    assert listed[1]["id"] == sent.json()["message_id"]
    # The next message of the same person waits for nobody.
    again = ask(sandbox, "POST", f"/chats/{sent.json()['chat_id']}/messages", data={"text": "Good"})
    assert again.status_code == 201
    assert [entry["recipient"] for entry in sandbox.log("network_sent", action="message")] == ["ada-abara"] * 2


def test_a_limit_lets_no_more_through_until_the_day_is_over(sandbox: Sandbox) -> None:
    account(sandbox)
    sandbox.call("POST", "/networks/accounts/maya", json={"limits": {"invitation": {"day": 2}}})
    assert [invite(sandbox, f"ignores-{number}").status_code for number in range(2)] == [201, 201]
    assert problem(invite(sandbox, "ignores-2")) == (422, "cannot_resend_yet")
    sandbox.call("POST", "/networks/accounts/maya", json={"limit_status": 429})
    assert problem(invite(sandbox, "ignores-2")) == (429, "too_many_requests")
    sandbox.advance(hours=25)
    assert invite(sandbox, "ignores-2").status_code == 201
    lines = sandbox.log("network_sent", action="invitation")
    assert [line["accepted"] for line in lines] == [True, True, False, False, True]
    assert lines[2]["reason"] == "cannot_resend_yet"


def test_a_free_account_has_few_and_short_notes(sandbox: Sandbox) -> None:
    account(sandbox, premium=False)
    assert problem(invite(sandbox, "ignores-0", "x" * 201)) == (400, "too_many_characters")
    sent = [invite(sandbox, f"ignores-{number}", "Shall we talk?").status_code for number in range(5)]
    assert sent == [201] * 5
    assert problem(invite(sandbox, "ignores-6", "Shall we talk?")) == (422, "limit_exceeded")
    assert invite(sandbox, "ignores-6").status_code == 201


def test_messages_visits_and_requests_have_limits_too(sandbox: Sandbox) -> None:
    account(sandbox)
    connect(sandbox, "ignores-1")
    limits = {"message": {"day": 1}, "visit": {"day": 3}}
    sandbox.call("POST", "/networks/accounts/maya", json={"limits": limits})
    assert chat(sandbox, "ignores-1", "one").status_code == 201
    assert problem(chat(sandbox, "ignores-1", "two")) == (429, "too_many_requests")
    visit = {"account_id": "maya", "notify": "true"}
    assert ask(sandbox, "GET", "/users/ignores-1", params=visit).status_code == 200
    assert problem(ask(sandbox, "GET", "/users/ignores-1", params=visit)) == (429, "too_many_requests")
    assert [entry["action"] for entry in sandbox.log("network_sent") if entry["action"] == "visit"] == ["visit"] * 2
    sandbox.call("POST", "/networks/accounts/maya", json={"per_minute": 1})
    owner = {"account_id": "maya"}
    assert ask(sandbox, "GET", "/users/me", params=owner).status_code == 200
    assert problem(ask(sandbox, "GET", "/users/me", params=owner)) == (429, "too_many_requests")
    sandbox.advance(minutes=1)
    assert ask(sandbox, "GET", "/users/me", params=owner).status_code == 200


def test_somebody_is_not_invited_twice(sandbox: Sandbox) -> None:
    account(sandbox)
    made = invite(sandbox, "ignores-1").json()["invitation_id"]
    assert problem(invite(sandbox, "ignores-1")) == (409, "already_invited_recently")
    pending = ask(sandbox, "GET", "/users/invite/sent", params={"account_id": "maya"}).json()["items"]
    assert [(each["id"], each["invited_user_public_id"]) for each in pending] == [(made, "ignores-1")]
    path = f"/users/invite/sent/{made}"
    assert ask(sandbox, "DELETE", path, params={"account_id": "maya"}).status_code == 200
    assert ask(sandbox, "DELETE", path, params={"account_id": "maya"}).status_code == 404
    # LinkedIn does not let somebody be invited soon after a withdrawal, or after they declined.
    assert problem(invite(sandbox, "ignores-1")) == (422, "already_invited_recently")
    assert invite(sandbox, "declines-1").status_code == 201
    sandbox.advance(hours=6)
    assert len(sandbox.log("network_declined")) == 1
    assert problem(invite(sandbox, "declines-1")) == (422, "already_invited_recently")
    sandbox.advance(days=22)
    assert invite(sandbox, "ignores-1").status_code == 201
    connect(sandbox, "accepts-1")
    assert problem(invite(sandbox, "accepts-1")) == (422, "already_connected")


def test_who_cannot_be_reached(sandbox: Sandbox) -> None:
    account(sandbox)
    account(sandbox, "phone", "WHATSAPP")
    query = {"account_id": "maya"}
    assert problem(ask(sandbox, "GET", "/users/wrong-number-1", params=query)) == (404, "resource_not_found")
    assert problem(chat(sandbox, "answers-1", "Hello")) == (422, "no_connection_with_recipient")
    connect(sandbox, "blocks-1")
    person(sandbox, "+447700900123", "blocks")
    assert chat(sandbox, "blocks-1", "Hello").status_code == 201
    assert chat(sandbox, "+447700900123", "Hello", "phone").status_code == 201
    sandbox.advance(hours=2)
    assert {entry["channel"] for entry in sandbox.log("network_blocked")} == {"linkedin", "whatsapp"}
    attendee = {"account_id": "maya", "attendees_ids": [linkedin_id("blocks-1")], "text": "Hello?"}
    assert problem(ask(sandbox, "POST", "/chats", json=attendee)) == (422, "recipient_cannot_be_reached")
    # WhatsApp says nothing to who was blocked: the message is never delivered.
    body = {"account_id": "phone", "attendees_ids": ["447700900123@s.whatsapp.net"], "text": "Hello?"}
    assert ask(sandbox, "POST", "/chats", json=body).status_code == 201
    assert [entry["reason"] for entry in sandbox.log("network_sent", accepted="False")][-1] == "blocked"


def linkedin_id(identifier: str) -> str:
    from sandbox.providers.unipile.identities import provider_id as of

    return of("LINKEDIN", identifier)


def test_while_an_account_is_not_ok_nothing_is_reported_and_reads_are_stale(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard)
    person(sandbox, "ada-abara", "answers")
    connect(sandbox, "ada-abara")
    started = chat(sandbox, "ada-abara", "Hello Ada").json()["chat_id"]
    sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "CREDENTIALS"})
    shown = ask(sandbox, "GET", "/accounts/maya").json()
    assert shown["sources"][0]["status"] == "CREDENTIALS"
    body = {"text": "Still there?"}
    assert problem(ask(sandbox, "POST", f"/chats/{started}/messages", json=body)) == (401, "disconnected_account")
    sandbox.advance(hours=3)
    [status] = [each.json() for each in heard.reports if "AccountStatus" in each.json()]
    assert status == {"AccountStatus": {"account_id": "maya", "account_type": "LINKEDIN", "message": "CREDENTIALS"}}
    assert "message_read" not in heard.events()
    assert len(ask(sandbox, "GET", f"/chats/{started}/messages").json()["items"]) == 1
    heard.reports.clear()
    sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "OK"})
    sandbox.advance(seconds=1)
    assert [each for each in heard.events() if each] == ["message_delivered", "message_read", "message_received"]
    assert len(ask(sandbox, "GET", f"/chats/{started}/messages").json()["items"]) == 2


def test_the_owner_writes_by_hand_and_somebody_writes_first(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard)
    for by in ("owner", "person"):
        body = {"account": "maya", "person": "ada-abara", "text": f"by {by}", "by": by}
        sandbox.call("POST", "/unipile/write", json=body)
    sandbox.advance(seconds=1)
    own = [
        each.json()["sender"]["attendee_provider_id"] == each.json()["account_info"]["user_id"]
        for each in heard.reports
    ]
    assert own == [True, False]
    assert sandbox.log("network_sent") == []
    assert [entry["by"] for entry in sandbox.log("network_written")] == ["owner", "person"]


def test_what_a_lost_answer_did_is_in_the_log(sandbox: Sandbox) -> None:
    account(sandbox)
    connect(sandbox, "ignores-1")
    connected = ask(sandbox, "POST", "/chats", json=_message("before all"))
    assert connected.status_code == 201
    for accepted in (False, True):
        sandbox.fault("drop", protocol="unipile", stage="send", accepted=accepted)
        with pytest.raises(httpx2.TransportError):
            ask(sandbox, "POST", "/chats", json=_message("Hello"))
    assert ask(sandbox, "POST", "/chats", json=_message("Hello")).status_code == 201
    lines = sandbox.log("network_sent", action="message")
    assert [line["again"] for line in lines] == [0, 0, 1]
    assert sandbox.stats()["unipile"]["sent_twice"] == 1
    sandbox.fault("answer", protocol="unipile", stage="send", code=500, text="errors/provider_error")
    assert problem(ask(sandbox, "POST", "/chats", json=_message("Hello"))) == (500, "provider_error")
    sandbox.fault("split", protocol="unipile", stage="send")
    with pytest.raises(httpx2.TransportError):
        ask(sandbox, "POST", "/chats", json=_message("cut off"))
    assert len(sandbox.log("network_sent", action="message")) == 4


def _message(text: str) -> dict[str, Any]:
    return {"account_id": "maya", "attendees_ids": [linkedin_id("ignores-1")], "text": text}


def test_reports_are_repeated_until_they_are_taken_and_lost_by_shares(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard)
    heard.statuses = [500, 503]
    sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "ERROR"})
    sandbox.advance(minutes=1)
    assert [entry["status"] for entry in sandbox.log("network_callback")] == ["500", "503", "200"]
    sandbox.call("POST", "/networks/callbacks", json={"lost": 30, "twice": 30, "late": 20, "swapped": 10})
    for number in range(40):
        state = "OK" if number % 2 == 0 else "ERROR"
        sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": state})
    sandbox.run_until_idle()
    counts = sandbox.stats()["unipile"]["callbacks"]
    assert set(counts) >= {"once", "lost", "twice", "late", "swapped"}
    assert sum(counts.values()) == 41
    assert sandbox.client.post("/networks/callbacks", json={"eaten": 1}).status_code == 400


def test_posts_reactions_comments_and_following(sandbox: Sandbox) -> None:
    account(sandbox)
    query = {"account_id": "maya"}
    posts = ask(sandbox, "GET", f"/users/{linkedin_id('ignores-1')}/posts", params=query).json()["items"]
    assert posts
    id = posts[0]["social_id"]
    body = {"account_id": "maya", "post_id": id, "reaction_type": "like"}
    assert ask(sandbox, "POST", "/posts/reaction", json=body).status_code == 201
    comment = ask(sandbox, "POST", f"/posts/{id}/comments", json={"account_id": "maya", "text": "Well said"})
    assert comment.status_code == 201
    listed = ask(sandbox, "GET", f"/posts/{id}/comments", params=query).json()["items"]
    assert [(each["id"], each["text"]) for each in listed] == [(comment.json()["comment_id"], "Well said")]
    target = f"urn:li:fsd_followingState:urn:li:fsd_profile:{linkedin_id('ignores-1')}"
    raw = {
        "account_id": "maya",
        "method": "POST",
        "request_url": f"https://www.linkedin.com/voyager/api/feed/dash/followingStates/{target}",
        "body": {"patch": {"$set": {"following": True}}},
    }
    assert ask(sandbox, "POST", "/linkedin", json=raw).status_code == 200
    following = ask(sandbox, "GET", "/users/following", params=query).json()["items"]
    assert [each["public_identifier"] for each in following] == ["ignores-1"]
    assert ask(sandbox, "POST", "/posts", json={"account_id": "maya", "text": "We are here"}).status_code == 201
    own = ask(sandbox, "GET", "/users/me/posts", params=query).json()["items"]
    assert [each["text"] for each in own] == ["We are here"]
    done = [(entry["action"], entry.get("recipient")) for entry in sandbox.log("network_sent")]
    assert done == [("like", "ignores-1"), ("comment", "ignores-1"), ("follow", "ignores-1"), ("post", None)]


def test_instagram_follows_and_writes_to_anybody(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox, "insta", "INSTAGRAM")
    subscribe(sandbox, heard)
    found = ask(sandbox, "GET", "/users/answers.1", params={"account_id": "insta"}).json()
    body = {"account_id": "insta", "provider_id": found["provider_id"]}
    assert ask(sandbox, "POST", "/users/invite", json=body).status_code == 201
    assert chat(sandbox, "answers.1", "Hello", "insta").status_code == 201
    sandbox.advance(hours=3)
    assert heard.reports[-1].json()["account_type"] == "INSTAGRAM"
    assert [entry["answers"] for entry in sandbox.log("network_answered")]
    channels = {(entry["channel"], entry["action"]) for entry in sandbox.log("network_sent")}
    assert channels == {("instagram", "profile"), ("instagram", "follow"), ("instagram", "message")}


def test_lists_have_pages(sandbox: Sandbox) -> None:
    account(sandbox)
    connect(sandbox, *(f"accepts-{number}" for number in range(5)))
    seen, cursor = [], ""
    for _ in range(9):
        query = {"account_id": "maya", "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = ask(sandbox, "GET", "/users/relations", params=query).json()
        seen += [each["public_identifier"] for each in page["items"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert seen == [f"accepts-{number}" for number in (4, 3, 2, 1, 0)]
    assert problem(ask(sandbox, "GET", "/chats", params={"cursor": "nonsense"})) == (400, "invalid_parameters")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/chats", {"text": "Hello", "attendees_ids": ["x"]}, (400, "invalid_parameters")),
        ("POST", "/chats", {"account_id": "nobody", "attendees_ids": ["x"]}, (404, "resource_not_found")),
        ("POST", "/users/invite", {"account_id": "maya"}, (400, "invalid_parameters")),
        ("POST", "/webhooks", {"source": "nonsense", "request_url": "http://x"}, (400, "invalid_parameters")),
        ("DELETE", "/webhooks/nonsense", None, (404, "resource_not_found")),
        ("GET", "/chats/nonsense", None, (404, "resource_not_found")),
        ("GET", "/messages/nonsense", None, (404, "resource_not_found")),
        ("POST", "/posts/nonsense/comments", {"account_id": "maya", "text": "x"}, (404, "resource_not_found")),
        ("POST", "/accounts", {"provider": "LINKEDIN"}, (401, "missing_credentials")),
        ("POST", "/accounts", {"provider": "PIGEON", "username": "x", "password": "y"}, (400, "invalid_parameters")),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    sandbox: Sandbox, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    account(sandbox)
    assert problem(ask(sandbox, method, path, json=body)) == expected


def test_a_key_is_needed(sandbox: Sandbox) -> None:
    assert sandbox.client.get(f"{API}/accounts").status_code == 401
    assert sandbox.client.get(f"{API}/accounts", headers={"X-API-KEY": "real"}).status_code == 401


def test_subscriptions_are_listed_and_deleted(sandbox: Sandbox, heard: Reported) -> None:
    account(sandbox)
    subscribe(sandbox, heard, account_ids=["another"])
    listed = ask(sandbox, "GET", "/webhooks").json()["items"]
    assert [each["source"] for each in listed] == ["users", "messaging", "account_status"]
    sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "ERROR"})
    sandbox.advance(minutes=1)
    assert heard.reports == []
    for each in listed:
        assert ask(sandbox, "DELETE", f"/webhooks/{each['id']}").status_code == 200
    assert ask(sandbox, "GET", "/webhooks").json()["items"] == []
