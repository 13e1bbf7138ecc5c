"""Versions of agents: drafts, publishing, and the version that a call names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from lad.tenancy.context import tenant_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import untouched
from tests.factories.voice import CallLogFactory, VoiceAgentFactory
from tests.support.api import problem
from tests.voice.helpers import create
from voice.agents.briefs import brief_of
from voice.agents.models import VoiceAgent, VoiceAgentVersion
from voice.analysis.services import facts_of

AGENTS = "/api/v1/voice-agents/"
VERSIONS = "/api/v1/voice-agent-versions/"


@pytest.fixture
def client(admin: User, api: Callable[..., Any]) -> Any:
    return api(admin)


@pytest.fixture
def agent(client: Any) -> dict[str, Any]:
    body = {"name": "Amelia", "agent_instructions": "Version one.", "outbound_starter_prompt": "Hello."}
    response = client.post(AGENTS, body, format="json")
    assert response.status_code == 201, response.content
    return dict(response.json())


def numbers(client: Any, agent: dict[str, Any]) -> list[int | None]:
    rows = client.get(VERSIONS, {"agent": agent["id"]}).json()["results"]
    return sorted((row["number"] for row in rows), key=lambda number: (number is None, number))


def begin(client: Any, agent: dict[str, Any]) -> dict[str, Any]:
    response = client.post(f"{AGENTS}{agent['id']}/draft/", format="json")
    assert response.status_code == 200, response.content
    return dict(response.json())


def test_what_an_agent_says_is_kept_as_versions(client: Any, agent: dict[str, Any]) -> None:
    assert numbers(client, agent) == [1]
    for body, expected in (
        ({"agent_instructions": "Version two."}, [1, 2]),
        ({"agent_instructions": "Version two."}, [1, 2]),
        ({"name": "Amelia the second", "max_concurrent": 3}, [1, 2]),
        ({"tools": []}, [1, 2, 3]),
    ):
        assert client.patch(f"{AGENTS}{agent['id']}/", body, format="json").status_code == 200
        assert numbers(client, agent) == expected
    first = client.get(VERSIONS, {"agent": agent["id"], "number": 1}).json()["results"][0]
    assert (first["agent_instructions"], first["state"]) == ("Version one.", "published")


def test_a_draft_changes_nothing_until_it_is_published(client: Any, agent: dict[str, Any]) -> None:
    draft = begin(client, agent)
    assert (draft["state"], draft["based_on"], draft["agent_instructions"]) == ("draft", 1, "Version one.")
    assert begin(client, agent)["id"] == draft["id"]
    body = {"agent_instructions": "Version two.", "note": "Shorter"}
    assert client.patch(f"{VERSIONS}{draft['id']}/", body, format="json").status_code == 200
    assert client.get(f"{AGENTS}{agent['id']}/").json()["agent_instructions"] == "Version one."
    response = client.post(f"{VERSIONS}{draft['id']}/publish/", format="json")
    assert response.status_code == 200, response.content
    assert (response.json()["number"], response.json()["state"]) == (2, "published")
    assert client.get(f"{AGENTS}{agent['id']}/").json()["agent_instructions"] == "Version two."
    assert numbers(client, agent) == [1, 2]


def test_a_published_version_never_changes(client: Any, agent: dict[str, Any]) -> None:
    (version,) = client.get(VERSIONS, {"agent": agent["id"]}).json()["results"]
    address = f"{VERSIONS}{version['id']}/"
    assert problem(client.patch(address, {"note": "Mine"}, format="json")) == (409, "version_is_fixed")
    assert problem(client.delete(address)) == (409, "version_is_fixed")
    assert problem(client.post(f"{address}publish/", format="json")) == (409, "version_is_fixed")


def test_a_draft_that_others_overtook_is_published_only_knowingly(client: Any, agent: dict[str, Any]) -> None:
    draft = begin(client, agent)
    client.patch(f"{VERSIONS}{draft['id']}/", {"agent_instructions": "Mine."}, format="json")
    client.patch(f"{AGENTS}{agent['id']}/", {"agent_instructions": "A colleague's."}, format="json")
    address = f"{VERSIONS}{draft['id']}/publish/"
    assert problem(client.post(address, format="json")) == (409, "draft_outdated")
    assert client.get(f"{AGENTS}{agent['id']}/").json()["agent_instructions"] == "A colleague's."
    response = client.post(address, {"forced": True}, format="json")
    assert (response.status_code, response.json()["number"]) == (200, 3)
    assert client.get(f"{AGENTS}{agent['id']}/").json()["agent_instructions"] == "Mine."


def test_an_earlier_version_can_be_published_again(client: Any, agent: dict[str, Any]) -> None:
    client.patch(f"{AGENTS}{agent['id']}/", {"agent_instructions": "Version two."}, format="json")
    first = client.get(VERSIONS, {"agent": agent["id"], "number": 1}).json()["results"][0]
    response = client.post(f"{VERSIONS}{first['id']}/publish-again/", format="json")
    assert (response.status_code, response.json()["number"]) == (200, 3)
    assert client.get(f"{AGENTS}{agent['id']}/").json()["agent_instructions"] == "Version one."


def test_a_draft_can_be_discarded(client: Any, agent: dict[str, Any]) -> None:
    draft = begin(client, agent)
    assert client.delete(f"{VERSIONS}{draft['id']}/").status_code == 204
    assert numbers(client, agent) == [1]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("agent_instructions", "Hello {{ first_name", "is not closed"),
        ("outbound_starter_prompt", "Hello {{ first_name | defualt: 'x' }}", "Did you mean “default”?"),
        ("inbound_starter_prompt", '{% render "signature" %}', "cannot use snippets"),
        ("openings", {"de": {"outbound": "{% if x %}"}}, "is not closed"),
        ("openings", {"German": {}}, "openings"),
        ("fallbacks", {"first name": "there"}, "fallbacks"),
        ("tools", ["call_the_police"], "tools"),
        ("transfer_to", "12", "12"),
    ],
)
def test_texts_that_no_call_could_use_are_refused(
    client: Any, agent: dict[str, Any], field: str, value: object, message: str
) -> None:
    draft = begin(client, agent)
    for address in (f"{AGENTS}{agent['id']}/", f"{VERSIONS}{draft['id']}/"):
        response = client.patch(address, {field: value}, format="json")
        assert response.status_code == 400, response.content
        assert message in str(response.json()["errors"])


def test_a_call_keeps_the_version_it_was_made_with(tenant: Tenant, client: Any, agent: dict[str, Any]) -> None:
    with tenant_context(tenant.pk):
        row = VoiceAgent.objects.get(pk=agent["id"])
    call = create(tenant, CallLogFactory, agent=row, lead=None)
    with tenant_context(tenant.pk):
        assert "Version one." in brief_of(call).instructions
        call.refresh_from_db()
        assert call.agent_version.number == 1
    fields = {"type": "object", "properties": {"budget": {"type": "number"}}}
    body = {"agent_instructions": "Version two.", "analysis_fields": fields}
    assert client.patch(f"{AGENTS}{agent['id']}/", body, format="json").status_code == 200
    later = create(tenant, CallLogFactory, agent=row, lead=None, status="ended")
    with tenant_context(tenant.pk):
        call.refresh_from_db()
        assert "Version one." in brief_of(call).instructions
        assert "Version two." in brief_of(later).instructions
        type(call).objects.filter(pk=call.pk).update(status="ended")
        assert facts_of(call.pk).schema == {}
        assert facts_of(later.pk).schema == fields
    shown = client.get(f"/api/v1/voice-call-logs/{call.pk}/").json()
    assert client.get(f"{VERSIONS}{shown['agent_version']}/").json()["number"] == 1


def test_an_agent_from_before_there_were_versions_gets_one_by_its_first_call(tenant: Tenant) -> None:
    call = create(tenant, CallLogFactory, agent=create(tenant, VoiceAgentFactory), lead=None)
    with tenant_context(tenant.pk):
        brief_of(call)
        assert call.agent_version.number == 1
        assert call.agent.versions.count() == 1


def test_only_those_who_may_change_agents_publish(
    tenant: Tenant, client: Any, agent: dict[str, Any], viewer: User, api: Callable[..., Any]
) -> None:
    draft = begin(client, agent)
    for address in (f"{AGENTS}{agent['id']}/draft/", f"{VERSIONS}{draft['id']}/publish/"):
        assert problem(api(viewer).post(address, format="json"))[0] == 403


def test_a_draft_is_written_in_lines_and_published_on_its_pages(
    tenant: Tenant, client: Any, agent: dict[str, Any], admin: User, admin_of: Callable[..., Any]
) -> None:
    browser, draft = admin_of(admin), begin(client, agent)
    page = reverse("admin:voice_voiceagentversion_change", args=[draft["id"]])
    lines = {
        "fallbacks": "first_name | there\ncustom.plan | your plan",
        "openings": "de | Guten Tag, {{ first_name | default: 'Sie' }}. | Ja bitte?\nes",
        "tools": ["call_back"],
    }
    response = browser.post(page, {**untouched(browser.get(page), VoiceAgentVersion), **lines})
    assert response.status_code == 302, response.content
    publish = reverse("admin:voice_voiceagentversion_publish", args=[draft["id"]])
    assert browser.post(publish, {}).status_code == 302
    shown = client.get(f"{AGENTS}{agent['id']}/").json()
    assert shown["fallbacks"] == {"first_name": "there", "custom.plan": "your plan"}
    opening = {"outbound": "Guten Tag, {{ first_name | default: 'Sie' }}.", "inbound": "Ja bitte?"}
    assert shown["openings"] == {"de": opening, "es": {}}
    assert shown["tools"] == ["call_back"]
    assert numbers(client, agent) == [1, 2]
    for wrong, message in (
        ({"openings": "German | Guten Tag"}, "openings"),
        ({"fallbacks": "name | a\nname | b"}, "stands above already"),
    ):
        again = reverse("admin:voice_voiceagent_change", args=[agent["id"]])
        refused = browser.post(again, {**untouched(browser.get(again), VoiceAgent), **wrong})
        assert message in refused.content.decode()


def test_versions_of_other_tenants_do_not_exist(
    other_tenant: Tenant, client: Any, agent: dict[str, Any], api: Callable[..., Any]
) -> None:
    foreign = create(other_tenant, VoiceAgentFactory)
    assert problem(client.post(f"{AGENTS}{foreign.pk}/draft/", format="json"))[0] == 404
