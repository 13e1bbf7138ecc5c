"""The wizard in the API: its state and messages are stored once, it is private, and ends in a draft campaign."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aiicp.conversations.models import Conversation, Message
from aiicp.wizard.questions import TOTAL_STEPS
from campaigns.design.models import Campaign, CampaignStatus
from lad import writes
from lad.tenancy.context import platform_context
from tenants.access.roles import Role
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.aiicp.helpers import conversation
from tests.aiicp.wizard.test_course import TO_THE_END
from tests.factories.campaigns import CommunicationTemplateFactory
from tests.support.api import field_problems, problem
from tests.support.database import stored
from tests.support.events import events

URL = "/api/v1/icp-wizard/"


def begin(client: Any, **body: Any) -> dict[str, Any]:
    response = client.post(URL, body, format="json")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def answer(client: Any, key: str, said: Any, **more: Any) -> dict[str, Any]:
    response = client.post(f"{URL}{key}/answer/", {"answer": said, **more}, format="json")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def answered(client: Any, *more: Any) -> str:
    """Answer all questions and return the conversation."""
    key: str = begin(client)["conversation"]
    for said in (*TO_THE_END, *more):
        last = answer(client, key, said)
        assert not last["clarification_needed"], last["message"]
    return key


def row(key: str) -> Conversation:
    return stored(Conversation(pk=key))


def said_in(key: str) -> list[tuple[str, str]]:
    with platform_context():
        rows = Message.objects.filter(conversation=key).order_by("created_at", "pk")
        return [(each.role, each.content) for each in rows]


def test_the_questions_can_be_read(api: Any, viewer: User) -> None:
    client = api(viewer)
    body = client.get(f"{URL}questions/").json()
    assert (body["total_steps"], body["version"]) == (TOTAL_STEPS, 1)
    [question] = client.get(f"{URL}questions/", {"step": 4}).json()["questions"]
    assert (question["intent_key"], question["question_type"]) == ("selected_platforms", "multi-select")
    assert question["options"][0] == {"value": "linkedin", "label": "LinkedIn"}
    assert problem(client.get(f"{URL}questions/", {"step": 12}))[0] == 404


def test_answers_are_stored_beside_what_the_conversation_has(api: Any, member: User, tenant: Tenant) -> None:
    client = api(member)
    key = begin(client, session="s-1")["conversation"]
    with platform_context(tenant_id=tenant.pk):
        before = row(key)
        icp_data = {"deal_type": "annual contract", "roles": ["CEO"]}
        writes.update(before, {"metadata": {**before.metadata, "memory": [1]}, "icp_data": icp_data}, actor=member)
    unsure = answer(client, key, "hosptals")
    assert (unsure["clarification_needed"], unsure["question"]["step_index"]) == (True, 1)
    assert unsure["classification"]["value"] == "Hospitals & clinics"
    assert row(key).metadata["wizard"]["answers"] == {}
    answer(client, key, "yes")
    last = answer(client, key, "Dubai, except Sharjah")
    assert last["question"]["intent_key"] == "icp_roles"
    assert last["summary"][1] == {
        "title": "Places",
        "answer": "Dubai, United Arab Emirates, not Sharjah, United Arab Emirates",
    }
    now = row(key)
    assert (now.metadata["memory"], now.metadata["session_id"]) == ([1], "s-1")
    assert (now.metadata["stage"], now.metadata["step_index"]) == ("outbound_icp_discovery", 3)
    assert now.icp_data == {
        "deal_type": "annual contract",
        "roles": ["CEO"],
        "industries": ["Hospitals & clinics"],
        "locations": ["Dubai, United Arab Emirates"],
        "excluded": {"cities": ["Sharjah, United Arab Emirates"]},
    }
    assert now.search_params is not None
    assert now.search_params["organization_locations"] == ["Dubai, United Arab Emirates"]
    assert now.search_triggered is False


def test_a_wizard_is_continued_where_it_was_left(api: Any, member: User) -> None:
    client = api(member)
    key = begin(client, session="s-1")["conversation"]
    answer(client, key, "clinics")
    again = begin(client, session="s-1")
    assert (again["conversation"], again["question"]["intent_key"]) == (key, "icp_locations")
    assert begin(client)["conversation"] == key
    assert begin(client, session="s-2")["conversation"] != key
    shown = client.get(f"{URL}{key}/").json()
    assert shown["answers"]["icp_industries"]["value"] == "Hospitals & clinics"
    back = client.post(f"{URL}{key}/back/").json()
    assert back["question"]["intent_key"] == "icp_industries"
    assert [each["title"] for each in back["summary"]] == ["Industries"]


def test_every_turn_is_a_message_in_order(api: Any, member: User, tenant: Tenant) -> None:
    client = api(member)
    key = begin(client)["conversation"]
    answer(client, key, "clinics")
    answer(client, key, "Dubai")
    answer(client, key, "CEO")
    answer(client, key, ["linkedin", "email"])
    said = said_in(key)
    assert [role for role, _content in said] == ["assistant", *["user", "assistant"] * 4]
    assert said[0] == ("assistant", "Which industries do you sell to?")
    assert said[1] == ("user", "clinics")
    assert said[7] == ("user", "LinkedIn, E-mail")
    assert len(events("aiicp.message.posted", tenant.pk)) == 9


def test_buffered_messages_are_stored_once_however_often_they_are_sent(api: Any, member: User) -> None:
    client = api(member)
    messages = [
        {"role": "assistant", "content": "Which industries?", "step_index": 1, "sent_at": "2026-11-28T10:00:00Z"},
        {"role": "user", "content": "clinics", "step_index": 1, "sent_at": "2026-11-28T10:00:05Z"},
        {"role": "user", "content": "clinics", "step_index": 1, "sent_at": "2026-11-28T10:00:09Z"},
    ]
    body = {"session": "s-7", "messages": messages}
    first = client.post(f"{URL}messages/", body, format="json").json()
    assert (first["saved"], first["known"]) == (3, 0)
    more = {"role": "user", "content": "Dubai", "step_index": 2}
    second = client.post(f"{URL}messages/", {**body, "messages": [*messages, more]}, format="json").json()
    assert (second["conversation"], second["saved"], second["known"]) == (first["conversation"], 1, 3)
    contents = [content for _role, content in said_in(first["conversation"])]
    assert contents == ["Which industries?", "clinics", "clinics", "Dubai"]


def test_messages_that_the_wizard_has_stored_are_not_stored_again(api: Any, member: User) -> None:
    client = api(member)
    key = begin(client, session="s-8")["conversation"]
    answer(client, key, "clinics")
    before = said_in(key)
    messages = [
        {"role": "assistant", "content": "Which industries do you sell to?", "step_index": 1},
        {"role": "user", "content": "clinics", "step_index": 1},
    ]
    found = client.post(f"{URL}messages/", {"conversation": key, "messages": messages}, format="json").json()
    assert (found["saved"], found["known"]) == (0, 2)
    assert said_in(key) == before
    bad = [{"role": "user", "content": " "}, {"role": "robot", "content": "x"}]
    assert problem(client.post(f"{URL}messages/", {"conversation": key, "messages": bad}, format="json"))[0] == 400
    empty = client.post(f"{URL}messages/", {"conversation": key, "messages": bad[:1]}, format="json")
    assert list(field_problems(empty)) == ["messages.0"]


def test_nobody_answers_for_another_person(
    api: Any, member: User, admin: User, other_owner: User, tenant: Tenant
) -> None:
    key = begin(api(member))["conversation"]
    assert api(admin).get(f"{URL}{key}/").status_code == 200
    assert problem(api(admin).post(f"{URL}{key}/answer/", {"answer": "x"}, format="json")) == (403, "not_the_owner")
    assert problem(api(admin).post(f"{URL}{key}/campaign/")) == (403, "not_the_owner")
    assert api(other_owner).get(f"{URL}{key}/").status_code in (403, 404)
    plain = conversation(tenant, member)
    assert problem(api(member).post(f"{URL}{plain.pk}/answer/", {"answer": "x"}, format="json")) == (409, "no_wizard")
    archived = api(member).post(f"/api/v1/ai-conversations/{key}/archive/")
    assert archived.status_code == 200
    closed = api(member).post(f"{URL}{key}/answer/", {"answer": "x"}, format="json")
    assert problem(closed) == (409, "conversation_closed")


@pytest.mark.parametrize("said", [None, {"a": 1}, [1], "x" * 5_001, ["x"] * 51])
def test_an_answer_of_another_form_is_refused(api: Any, member: User, said: Any) -> None:
    client = api(member)
    key = begin(client)["conversation"]
    assert "answer" in field_problems(client.post(f"{URL}{key}/answer/", {"answer": said}, format="json"))


def test_the_confirmed_answers_become_one_draft_campaign(api: Any, member: User, tenant: Tenant) -> None:
    client = api(member)
    key = answered(client)
    assert problem(client.post(f"{URL}{key}/campaign/")) == (409, "wizard_not_completed")
    done = answer(client, key, "yes")
    assert (done["completed"], done["question"]) == (True, None)
    assert row(key).metadata["stage"] == "ready_for_execution"
    with platform_context():
        assert not Campaign.objects.exists()
    made = client.post(f"{URL}{key}/campaign/")
    again = client.post(f"{URL}{key}/campaign/")
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["campaign"] == again.json()["campaign"] == client.get(f"{URL}{key}/").json()["campaign"]
    with platform_context():
        campaign = Campaign.objects.get()
        steps = [(step.order, step.type) for step in campaign.steps.order_by("order")]
    assert (campaign.status, campaign.name) == (CampaignStatus.DRAFT, "Clinics in Dubai")
    assert campaign.config["working_days"] == ["monday", "tuesday", "wednesday", "thursday", "friday"]
    assert campaign.config == {**campaign.config, "campaign_type": "email_outreach", "goal": "Book meetings"}
    assert steps == [(1, "lead_generation"), (2, "email_send"), (3, "delay"), (4, "email_followup")]
    assert campaign.starts_at and campaign.ends_at
    zone = ZoneInfo(tenant.timezone)
    assert campaign.starts_at.astimezone(zone).date() == datetime.now(zone).date() + timedelta(days=1)
    assert (campaign.ends_at.astimezone(zone) - campaign.starts_at.astimezone(zone)).days == 30


def test_other_answers_become_another_campaign(api: Any, member: User) -> None:
    client = api(member)
    key = answered(client, "yes")
    first = client.post(f"{URL}{key}/campaign/").json()["campaign"]
    answer(client, key, "yes", intent_key="confirmation")
    assert client.post(f"{URL}{key}/campaign/").json()["campaign"] == first
    answer(client, key, "14", intent_key="campaign_days")
    assert problem(client.post(f"{URL}{key}/campaign/")) == (409, "wizard_not_completed")
    answer(client, key, "yes")
    assert client.post(f"{URL}{key}/campaign/").json()["campaign"] != first


def test_a_campaign_needs_the_right_to_make_one(api: Any, member: User, tenant: Tenant, viewer: User) -> None:
    client = api(member)
    key = answered(client, "yes")
    with platform_context(tenant_id=tenant.pk):
        member.memberships.update(role=Role.VIEWER)
    assert problem(client.post(f"{URL}{key}/campaign/")) == (403, "missing_right")
    with platform_context():
        assert not Campaign.objects.exists()
    assert problem(api(viewer).post(URL, {}, format="json")) == (403, "missing_right")


def test_a_stored_template_can_be_chosen_instead_of_a_text(api: Any, member: User, tenant: Tenant) -> None:
    client = api(member)
    with platform_context(tenant_id=tenant.pk):
        good = CommunicationTemplateFactory.create(name="First contact", tenant=tenant)
        bad = CommunicationTemplateFactory.create(name="Broken", tenant=tenant, body="{{ nobody_knows }}")
    key = begin(client)["conversation"]
    for said in ("clinics", "Dubai", "CEO", "email and voice", "email_send"):
        last = answer(client, key, said)
    assert {each["label"] for each in last["question"]["options"]} == {"First contact", "Broken"}
    refused = answer(client, key, str(bad.pk))
    assert (refused["clarification_needed"], "nobody_knows" in refused["message"]) == (True, True)
    assert answer(client, key, "First contact")["question"]["intent_key"] == "voice_actions"
    assert row(key).metadata["wizard"]["answers"]["email_template"] == str(good.pk)
    assert answer(client, key, "Call")["question"]["options"] == []


def test_texts_are_classified_and_names_suggested(api: Any, viewer: User) -> None:
    client = api(viewer)
    found = client.post(f"{URL}classify/", {"kind": "location", "text": "Georgia"}, format="json").json()
    assert (found["value"], found["alternatives"]) == ("Georgia", ["Georgia (US)"])
    assert found["confidence"] < 0.8
    offered = client.get(f"{URL}suggestions/", {"kind": "industry", "q": "clin"}).json()["suggestions"]
    assert offered[0] == "Hospitals & clinics"
    assert "kind" in field_problems(client.get(f"{URL}suggestions/", {"kind": "colour"}))
