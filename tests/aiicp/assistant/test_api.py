"""The assistant in the API: JSON, server-sent events, and who may talk."""

from typing import Any

import orjson
import pytest

from aiicp.conversations.models import Message
from lad.tenancy.context import platform_context, tenant_context
from tests.factories.tenants import MemberFactory
from tests.support.api import problem
from tests.support.database import stored
from tests.support.loops import without_loop

TEXT = "We sell to clinics in Dubai"


def content_of(response: Any) -> bytes:
    with without_loop():
        return b"".join(response)


def events(response: Any) -> list[tuple[str, Any]]:
    assert response.status_code == 200, response.content
    assert response["Content-Type"].startswith("text/event-stream")
    found = []
    for each in content_of(response).decode().split("\n\n")[:-1]:
        name, data = each.split("\n")
        found.append((name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))))
    return found


def test_an_answer_says_what_is_known_and_what_comes_next(post):
    answer = post("answers", {"content": TEXT})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["stage"], body["asking"], body["progress"]) == ("outbound_icp_discovery", "roles", "collecting_info")
    assert body["missing"] == ["roles", "company_size", "deal_type"]
    assert body["icp_data"]["industries"] == ["Hospitals & clinics"]
    assert body["search_params"]["organization_locations"] == ["Dubai, United Arab Emirates"]
    assert body["usage"] == {"model": "embedded", "tokens": 0}
    assert "Skip" in body["suggestions"]


def test_undo_confirm_and_resume(post, talk):
    post("answers", {"content": TEXT})
    undone = post("undo", {"slot": "locations"}).json()
    assert "locations" not in undone["icp_data"]
    assert problem(post("confirm")) == (409, "nothing_to_confirm")
    assert problem(post("undo", {"slot": "shoe_size"})) == (400, "invalid")
    post("archive")
    assert problem(post("answers", {"content": "Dubai"})) == (409, "conversation_closed")
    resumed = post("resume").json()
    assert resumed["message_id"] == undone["message_id"]
    for content in ("Dubai", "owners", "40 people", "subscription"):
        answer = post("answers", {"content": content}).json()
    assert answer["options"] == ["Yes, that is right", "Change something"]
    assert problem(post("search-started")) == (409, "not_confirmed")
    assert post("confirm").json()["progress"] == "ready_for_execution"
    assert stored(talk).search_triggered is False
    assert post("search-started").status_code == 204
    assert stored(talk).search_triggered is True


@pytest.mark.parametrize("content", ["", "   ", "x" * 5_001])
def test_an_empty_or_overlong_message_is_refused(post, content):
    assert problem(post("answers", {"content": content})) == (400, "invalid")


def test_only_the_owner_talks(post, admin, viewer, tenant):
    with platform_context(tenant_id=tenant.pk):
        other = MemberFactory.create()
    # Somebody who oversees the assistant sees the conversation, and does not talk in it.
    assert problem(post("answers", {"content": TEXT}, user=admin)) == (403, "not_the_owner")
    assert post("answers", {"content": TEXT}, user=other).status_code == 404
    assert post("answers", {"content": TEXT}, user=viewer).status_code in (403, 404)


def test_an_embedded_answer_is_streamed_too(post, talk):
    found = events(post("answers", {"content": TEXT}, HTTP_ACCEPT="text/event-stream"))
    assert [name for name, _data in found] == ["understood", "piece", "answer"]
    assert found[0][1]["facts"][-1]["facet"] == "locations"
    assert found[1][1]["text"] == found[2][1]["content"]


@pytest.mark.django_db(transaction=True)
def test_a_models_answer_is_streamed_from_the_event_loop(post, connect, tenant, talk):
    connect()
    found = events(post("answers", {"content": TEXT}, HTTP_ACCEPT="text/event-stream"))
    names = [name for name, _data in found]
    assert names[0] == "understood"
    assert names[-1] == "answer"
    assert names.count("piece") > 1
    whole = found[-1][1]
    assert "".join(data["text"] for name, data in found if name == "piece") == whole["content"]
    assert whole["usage"]["model"] == "sandbox-good"
    with tenant_context(tenant.pk):
        assert Message.objects.get(pk=whole["message_id"]).tokens_used == whole["usage"]["tokens"]
    # As JSON, without a thread that waits.
    answer = orjson.loads(content_of(post("answers", {"content": "owners who like dentists"})))
    assert answer["usage"]["tokens"] > 0
    assert answer["asking"] == "company_size"
