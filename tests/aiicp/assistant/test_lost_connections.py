"""Connections that break, tabs that send at once, and servers that die: nothing is lost, said twice or paid twice."""

import os
import signal
import time
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from aiicp import charging
from aiicp.assistant import services, turns
from aiicp.assistant.parts import streamed
from aiicp.assistant.services import Understood
from aiicp.assistant.turns import Heard, StillAnswering
from aiicp.conversations.models import Message
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.assistant.test_api import TEXT, events
from tests.aiicp.assistant.test_models import books, fund
from tests.aiicp.helpers import CONVERSATIONS, conversation, message, post_message
from tests.factories.tenants import MemberFactory
from tests.support.api import problem
from tests.support.concurrency import run_together
from tests.support.database import stored
from tests.support.forks import forked

pytestmark = pytest.mark.django_db(transaction=True)
STREAM = {"HTTP_ACCEPT": "text/event-stream"}


@pytest.fixture
def get_answer(api, member, talk):
    def get(message_id: Any, user: Any = None) -> Any:
        return api(user or member).get(f"{CONVERSATIONS}{talk.pk}/answers/{message_id}/")

    return get


def begin(talk: Any, member: Any, content: str = TEXT, **values: Any) -> turns.Turn:
    with tenant_context(talk.tenant_id, user_id=member.pk):
        return turns.begin(conversation=stored(talk), content=content, actor=member, **values)


def said(talk: Any) -> list[tuple[str, str]]:
    with tenant_context(talk.tenant_id):
        rows = Message.objects.filter(conversation=talk).order_by("created_at", "pk")
        return list(rows.values_list("role", "content"))


def test_whoever_lost_the_connection_reads_the_answer_later(talk, member, connect, get_answer):
    connect()
    parts = services.stream_answer(conversation=stored(talk), content=TEXT, actor=member)
    assert isinstance(next(parts), Understood)
    with tenant_context(talk.tenant_id):
        asked = Message.objects.get(conversation=talk)
    assert problem(get_answer(asked.pk)) == (409, "still_answering")
    next(parts)
    parts.close()
    answer = get_answer(asked.pk)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert [("user", TEXT), ("assistant", body["content"])] == said(talk)
    assert (body["asking"], body["usage"]["model"]) == ("roles", "sandbox-good")
    # A later turn leaves the answer as it was.
    services.answer(conversation=stored(talk), content="owners", actor=member)
    assert get_answer(asked.pk).json()["content"] == body["content"]


@pytest.mark.parametrize("read", [0, 1])
def test_whoever_leaves_at_once_gets_the_embedded_answer_and_nothing_stays_held(
    talk,
    member,
    connect,
    sandbox,
    tenant,
    priced,
    get_answer,
    read,
):
    connect(platform=True)
    fund(tenant, "5")
    turn = begin(talk, member)
    if read:
        parts = services.respond(turn)
        assert isinstance(next(parts), Understood)
        parts.close()
    else:
        unread = streamed(turn).unread
        assert unread is not None
        unread()
    assert sandbox.log("model_call") == []
    assert get_answer(turn.message.pk).json()["usage"] == {"model": "embedded", "tokens": 0}
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)


def test_an_answer_is_read_by_those_who_may_read_the_conversation(talk, member, admin, tenant, say, get_answer):
    answer = say(TEXT)
    with platform_context(tenant_id=tenant.pk):
        colleague = MemberFactory.create()
    with tenant_context(tenant.pk):
        asked = Message.objects.get(conversation=talk, role="user")
    elsewhere = message(conversation(tenant, member))
    assert get_answer(asked.pk, admin).json()["message_id"] == str(answer.message_id)
    assert get_answer(asked.pk, colleague).status_code == 404
    # Neither an answer nor a message of another conversation has an answer here.
    assert get_answer(answer.message_id).status_code == 404
    assert get_answer(elsewhere.pk).status_code == 404


def test_the_same_message_sent_again_after_a_lost_connection_is_said_once(post, talk, connect, get_answer):
    connect()
    again = {**STREAM, "HTTP_IDEMPOTENCY_KEY": "a-message-of-mine"}
    first = events(post("answers", {"content": TEXT}, **again))
    repeated = post("answers", {"content": TEXT}, **again)
    assert (repeated.status_code, repeated["Idempotent-Replayed"]) == (202, "true")
    assert repeated.json() == {
        "user_message_id": first[0][1]["user_message_id"],
        "answer_url": repeated["Location"],
    }
    assert len(said(talk)) == 2
    found = get_answer(repeated.json()["user_message_id"])
    assert repeated["Location"].endswith(found.request["PATH_INFO"])
    assert found.json()["content"] == first[-1][1]["content"]
    assert problem(post("answers", {"content": "something else"}, **again)) == (409, "idempotency_key_reused")


def test_two_tabs_that_send_at_once_say_one_thing_after_the_other(talk, member, connect):
    connect()

    tabs = [partial(begin, talk, member, f"clinics in Dubai, tab {number}") for number in range(4)]
    results = run_together(*tabs)
    assert sorted(type(each).__name__ for each in results) == ["StillAnswering"] * 3 + ["Turn"]
    assert len(said(talk)) == 1


def test_no_message_comes_between_a_message_and_its_answer(talk, member, api, connect):
    connect()
    turn = begin(talk, member)
    refused = post_message(api, member, talk, "and hotels")
    assert problem(refused) == (409, "still_answering")
    answer = services.complete(turn)
    assert said(talk) == [("user", TEXT), ("assistant", answer.content)]
    assert post_message(api, member, talk, "and hotels").status_code == 201


def test_a_dead_turn_is_given_up_with_the_next_message_and_its_hold_released(talk, member, connect, tenant, priced):
    connect(platform=True)
    fund(tenant, "5")
    dead = begin(talk, member)
    with pytest.raises(StillAnswering):
        begin(talk, member, "owners")
    later = timezone.now() + timedelta(hours=1)
    answered = begin(talk, member, "owners", now=later)
    assert answered.answer is None
    # Only the turn that is under way holds something.
    assert (books(tenant)[2], books(tenant)[3]) == (["pending", "voided"], 1)
    services.complete(answered)
    # The dead one comes to life. It says nothing in between, and costs nothing.
    before, paid = said(talk), books(tenant)
    late = turns.finish(dead, Heard(remark="Late words."))
    assert said(talk) == before
    assert books(tenant) == paid
    assert late.content == before[-1][1]
    assert (paid[2], paid[3]) == (["charged", "voided"], 0)


def test_a_dead_turn_is_told_and_resumed_and_its_hold_released(post, talk, member, connect, tenant, priced, get_answer):
    connect(platform=True)
    fund(tenant, "5")
    turn = begin(talk, member)
    row = stored(talk)
    row.metadata["answering"]["until"] = timezone.now().isoformat()
    with tenant_context(tenant.pk):
        row.save(update_fields=["metadata"])
    assert problem(get_answer(turn.message.pk)) == (409, "not_answered")
    resumed = post("resume").json()
    assert get_answer(turn.message.pk).json()["message_id"] == resumed["message_id"]
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)


def test_a_server_that_is_killed_in_a_stream_leaves_nothing_held(talk, member, connect, sandbox, tenant, priced):
    connect("sandbox-slow", platform=True)
    fund(tenant, "5")
    server = _server_that_answers(talk, member)
    _wait_for(lambda: sandbox.stats()["models"]["open"] > 0)
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    assert (books(tenant)[2], books(tenant)[3]) == (["pending"], 1)
    assert said(talk) == [("user", TEXT)]
    assert charging.release_missed(now=timezone.now() + charging.MISSED_AFTER + timedelta(minutes=1)) == 1
    assert books(tenant) == (Decimal(0), Decimal(0), ["voided"], 0)
    # The conversation goes on, with what the message said.
    answer = begin(talk, member, "hello", now=timezone.now() + timedelta(hours=1)).answer
    assert answer is not None
    assert answer.icp_data["industries"] == ["Hospitals & clinics"]


def _server_that_answers(talk: Any, member: Any) -> int:
    """Return the id of a process of its own that answers the message, and takes longer than it lives."""
    row = stored(talk)
    return forked(lambda: services.answer(conversation=row, content=TEXT, actor=member))


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
