"""Posting messages, and archiving, completing and reopening conversations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from aiicp.conversations.models import Conversation, ConversationStatus, Message
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import platform_context, tenant_context
from tests.aiicp.helpers import CONVERSATIONS, MESSAGES, conversation, message, post_message
from tests.support.api import problem
from tests.support.database import stored
from tests.support.events import events


def test_a_conversation_belongs_to_the_user_who_starts_it(tenant, member, api):
    response = api(member).post(CONVERSATIONS, {}, format="json")
    assert response.status_code == 201, response.content
    row = stored(Conversation(pk=response.json()["id"]))
    assert (row.user_id, row.tenant_id, row.status) == (member.pk, tenant.pk, ConversationStatus.ACTIVE)
    refused = api(member).post(CONVERSATIONS, {"user": str(tenant.pk)}, format="json")
    assert problem(refused) == (400, "invalid")


def test_the_first_message_gives_the_conversation_its_title(tenant, member, api):
    row = conversation(tenant, member, title="")
    long = "We look for heads of data in the Nordics who run Snowflake " + "and have a team of their own " * 5
    response = post_message(api, member, row, long, message_data={"step_index": 0})
    assert response.status_code == 201, response.content
    assert response.json()["role"] == "user"
    assert response.json()["content"] == long.strip()
    assert len(stored(row).title) <= 80
    assert stored(row).title.startswith("We look for heads of data")
    post_message(api, member, row, "Only in Sweden.")
    assert stored(row).title.startswith("We look for heads of data")
    [first, second] = events("aiicp.message.posted", tenant.pk)
    assert first.payload == {"conversation_id": str(row.pk), "role": "user"}
    assert second.aggregate_type == "message"


def test_messages_are_listed_oldest_first(tenant, member, api):
    row = conversation(tenant, member)
    said = [message(row, content=f"Number {number}") for number in range(4)]
    listed = api(member).get(MESSAGES, {"conversation": str(row.pk)}).json()["results"]
    assert [each["id"] for each in listed] == [str(each.pk) for each in said]
    nested = api(member).get(f"{CONVERSATIONS}{row.pk}/", {"include": "messages"}).json()["messages"]
    assert [each["id"] for each in nested["results"]] == [str(each.pk) for each in said]


@pytest.mark.parametrize("content", ["", "   ", "x" * 5_001])
def test_an_empty_or_overlong_message_is_refused(tenant, member, api, content):
    response = post_message(api, member, conversation(tenant, member), content)
    assert problem(response) == (400, "invalid")
    assert "content" in response.json()["errors"]


@pytest.mark.parametrize("name", ["role", "model", "tokens_used"])
def test_a_user_cannot_write_as_the_assistant(tenant, member, api, name):
    row = conversation(tenant, member)
    response = post_message(
        api, member, row, "I am the assistant", **{name: "assistant" if name != "tokens_used" else 5}
    )
    assert problem(response) == (400, "invalid")
    assert name in response.json()["errors"]
    with platform_context():
        assert not Message.objects.filter(conversation=row).exists()


def test_the_data_of_a_message_is_validated(tenant, member, api):
    row = conversation(tenant, member)
    response = post_message(api, member, row, "Fintech", message_data={"extracted": {"company_size": "huge"}})
    assert problem(response) == (400, "invalid")
    assert "extracted.company_size must be one of" in response.json()["errors"]["message_data"][0]


def test_a_conversation_is_archived_with_a_time_and_reopened(tenant, member, api):
    row = conversation(tenant, member)
    response = api(member).post(f"{CONVERSATIONS}{row.pk}/archive/")
    assert response.status_code == 200, response.content
    assert response.json()["status"] == "archived"
    archived_at = stored(row).archived_at
    assert archived_at is not None
    assert timezone.now() - archived_at < timedelta(minutes=1)
    assert problem(api(member).post(f"{CONVERSATIONS}{row.pk}/archive/")) == (409, "conversation_archived")
    assert problem(post_message(api, member, row, "Hello?")) == (409, "conversation_closed")

    response = api(member).post(f"{CONVERSATIONS}{row.pk}/reopen/")
    assert (response.json()["status"], response.json()["archived_at"]) == ("active", None)
    assert post_message(api, member, row, "Hello again.").status_code == 201
    assert [event.payload for event in events("aiicp.conversation.reopened", tenant.pk)] == [{"before": "archived"}]
    assert len(events("aiicp.conversation.archived", tenant.pk)) == 1


def test_a_completed_conversation_takes_no_message_until_it_is_reopened(tenant, member, api):
    row = conversation(tenant, member)
    assert problem(api(member).post(f"{CONVERSATIONS}{row.pk}/reopen/")) == (409, "conversation_open")
    assert api(member).post(f"{CONVERSATIONS}{row.pk}/complete/").json()["status"] == "completed"
    assert problem(api(member).post(f"{CONVERSATIONS}{row.pk}/complete/")) == (409, "conversation_closed")
    assert problem(post_message(api, member, row, "One more thing")) == (409, "conversation_closed")
    assert api(member).post(f"{CONVERSATIONS}{row.pk}/archive/").json()["status"] == "archived"


def test_the_status_cannot_be_set_directly(tenant, member, api):
    row = conversation(tenant, member)
    response = api(member).patch(f"{CONVERSATIONS}{row.pk}/", {"status": "archived"}, format="json")
    assert problem(response) == (400, "invalid")
    assert stored(row).status == ConversationStatus.ACTIVE


def test_the_ideal_customer_is_validated_and_keeps_unknown_keys(tenant, member, api):
    row = conversation(tenant, member)
    found = {"roles": ["CFO"], "company_size": "smb", "fiscal_year": 2027}
    response = api(member).patch(f"{CONVERSATIONS}{row.pk}/", {"icp_data": found}, format="json")
    assert response.json()["icp_data"] == found
    for wrong, expected in (({"roles": "CFO"}, "roles must be a list"), ({"confidence_score": 101}, "at most 100")):
        refused = api(member).patch(f"{CONVERSATIONS}{row.pk}/", {"icp_data": wrong}, format="json")
        assert problem(refused) == (400, "invalid")
        assert expected in refused.json()["errors"]["icp_data"][0]


def test_a_conversation_cannot_be_started_for_a_user_who_is_not_a_member(tenant, superuser):
    with tenant_context(tenant.pk), pytest.raises(Invalid) as error:
        writes.create(Conversation, {}, actor=superuser)
    assert "user" in error.value.errors


def test_nobody_sets_the_assistants_progress(tenant, member, api, admin_of):
    row = conversation(tenant, member, metadata={"stage": "confirmation"})
    address = f"{CONVERSATIONS}{row.pk}/"
    api(member).patch(address, {"title": "By API", "metadata": {"confirmed": True}}, format="json")
    page = f"/admin/aiicp/conversation/{row.pk}/change/"
    values = {"title": "By page", "icp_data": "{}", "search_params": "", "metadata": '{"confirmed": true}'}
    assert admin_of(member).post(page, values).status_code == 302
    changed = stored(row)
    assert (changed.title, changed.metadata) == ("By page", {"stage": "confirmation"})
