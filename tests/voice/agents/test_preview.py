"""Trying an agent in writing."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from lad.tenancy.context import tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.voice import KnowledgeTextFactory, VoiceAgentFactory, VoiceAgentVersionFactory
from tests.lad.llm.conftest import connect  # noqa: F401  (a fixture)
from tests.support.api import problem
from tests.voice.helpers import create
from voice.calls.models import CallLog

FIELDS = {"type": "object", "properties": {"size": {"type": "integer", "description": "how many work in the team"}}}


@pytest.fixture
def agent(tenant: Tenant) -> Any:
    values = {"name": "Amelia", "outbound_starter_prompt": "Hello {{ first_name }}.", "analysis_fields": FIELDS}
    return create(tenant, VoiceAgentFactory, **values, inbound_starter_prompt="Acme, hello?")


@pytest.fixture
def ask(admin: User, api: Callable[..., Any], agent: Any) -> Callable[..., Any]:
    def post(*said: str, **body: Any) -> Any:
        roles = ["agent", "person"] if len(said) % 2 == 0 else ["person", "agent"]
        messages = [{"role": roles[index % 2], "text": text} for index, text in enumerate(said)]
        return api(admin).post(
            f"/api/v1/voice-agents/{agent.pk}/preview/", {"messages": messages, **body}, format="json"
        )

    return post


def test_the_agent_begins_for_a_made_up_person_or_a_lead(tenant: Tenant, ask: Callable[..., Any]) -> None:
    lead = create(tenant, LeadFactory, first_name="Nora")
    for body, said in (
        ({}, "Hello Maya."),
        ({"lead": str(lead.pk)}, "Hello Nora."),
        ({"inbound": True}, "Acme, hello?"),
    ):
        shown = ask(**body).json()
        assert (shown["reply"], shown["embedded"]) == (said, False)
    assert "- Name: Nora" in ask(lead=str(lead.pk)).json()["instructions"]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("What are your opening hours?", "We are open from nine to five."),
        ("Please never call me again.", "I will not call you again"),
        ("I am fine with that.", "how many work in the team"),
        ("Call me next Tuesday at three.", "Tuesday"),
    ],
)
def test_without_a_model_it_follows_a_script_and_says_so(
    tenant: Tenant, ask: Callable[..., Any], agent: Any, said: str, reply: str
) -> None:
    create(tenant, KnowledgeTextFactory, agent=agent, name="Hours", content="Hello. We are open from nine to five.")
    shown = ask("Hello Maya.", said).json()
    assert reply in shown["reply"]
    assert shown["embedded"] is True
    assert "No language model is switched on" in shown["reason"]
    assert "fixed script" in shown["reason"]


@pytest.mark.django_db(transaction=True)
def test_a_model_is_asked_where_one_is_chosen(ask: Callable[..., Any], connect: Any) -> None:  # noqa: F811
    connect("sandbox-good")
    shown = ask("Hello Maya.", "Who are you?").json()
    assert (shown["embedded"], shown["reason"]) == (False, "")
    assert shown["reply"]


def test_a_draft_is_tried_before_anybody_hears_it(tenant: Tenant, ask: Callable[..., Any], agent: Any) -> None:
    draft = create(tenant, VoiceAgentVersionFactory, agent=agent, outbound_starter_prompt="Good day.")
    foreign = create(tenant, VoiceAgentVersionFactory)
    assert ask(version=str(draft.pk)).json()["reply"] == "Good day."
    assert ask().json()["reply"] == "Hello Maya."
    assert problem(ask(version=str(foreign.pk))) == (404, "no_such_agent")


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "agent", "text": "Hello."}]},
        {"messages": [{"role": "person", "text": " "}]},
        {"messages": [{"role": "boss", "text": "Hello."}]},
        {"messages": [{"role": "person", "text": "Hello."}] * 61},
        {"lead": "01a224f6-c978-7467-b460-648d8a7d426d"},
    ],
)
def test_what_is_no_conversation_is_refused(ask: Callable[..., Any], body: dict[str, Any]) -> None:
    assert ask(**body).status_code == 400


def test_only_who_may_change_agents_tries_them_and_nothing_is_kept(
    tenant: Tenant, agent: Any, ask: Callable[..., Any], viewer: User, api: Callable[..., Any]
) -> None:
    ask("Hello Maya.", "Who are you?")
    with tenant_context(tenant.pk):
        assert CallLog.objects.count() == 0
    assert problem(api(viewer).post(f"/api/v1/voice-agents/{agent.pk}/preview/", {}, format="json"))[0] == 403


def test_the_page_talks(tenant: Tenant, agent: Any, admin: User, admin_of: Callable[..., Any]) -> None:
    create(tenant, LeadFactory, first_name="Nora", email="nora@northwind.example")
    browser, page = admin_of(admin), reverse("admin:voice_voiceagent_try_it", args=[agent.pk])
    first = browser.get(page)
    assert "Hello Maya." in first.content.decode()
    talk = json.dumps([["agent", "Hello Maya."]])
    answered = browser.post(page, {"said": "I am fine.", "talk": talk}).content.decode()
    said = re.findall(r'voice-said">(.*?)<', answered)
    assert said[:2] == ["Hello Maya.", "I am fine."]
    assert "fixed script" in answered
    lead = {"said": "", "lead": "Nora@Northwind.example", "talk": talk}
    assert "Hello Nora." in browser.post(page, lead).content.decode()
    stranger = {"said": "Hi.", "lead": "nobody@x.example", "talk": "no talk"}
    assert "No lead has this e-mail address." in browser.post(page, stranger).content.decode()
