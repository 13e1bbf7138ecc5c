"""Tables that count their rows: whole numbers in addresses, bodies, filters and cursors, and nothing else."""

from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from django.utils import timezone

from lad.db.identifiers import as_uuid
from lad.tenancy.context import platform_context
from tests.factories.tenants import FeatureFlagFactory, MembershipFactory
from tests.factories.voice import VoiceAgentFactory, VoiceNumberFactory
from tests.support.api import field_problems, problem
from voice.agents.models import VoiceAgent

AGENTS = "/api/v1/voice-agents/"
NUMBERS = "/api/v1/voice-agent-numbers/"
# One more than a bigint holds, and one with more digits than Python reads at once.
BEYOND = (2**63, 10**30, "9" * 5000)


@pytest.fixture
def agents(tenant: Any) -> list[VoiceAgent]:
    """Five agents, three of them made at the same moment."""
    moment = timezone.now()
    with platform_context(tenant_id=tenant.pk):
        FeatureFlagFactory.create(feature_key="voice-agent", is_enabled=True)
        return [
            VoiceAgentFactory.create(created_at=moment + timedelta(seconds=max(0, number - 2))) for number in range(5)
        ]


def test_a_row_is_found_by_its_number(api: Any, owner: Any, agents: list[VoiceAgent]) -> None:
    shown = api(owner).get(f"{AGENTS}{agents[0].pk}/")
    assert shown.status_code == 200
    assert shown.json()["id"] == agents[0].pk


@pytest.mark.parametrize("key", [0, *BEYOND, "-1", "1.5", "x", "01a202b9-6287-74ca-b832-46905490b8d2"])
def test_an_address_with_a_number_that_is_no_rows_is_not_found(
    api: Any, owner: Any, agents: list[VoiceAgent], key: Any
) -> None:
    client = api(owner)
    for method in ("get", "patch", "put", "delete"):
        assert problem(getattr(client, method)(f"{AGENTS}{key}/", format="json")) == (404, "not_found")
    assert problem(client.post(f"{AGENTS}{key}/restore/")) == (404, "not_found")


def test_pages_hold_every_row_once_where_many_share_a_moment(api: Any, owner: Any, agents: list[VoiceAgent]) -> None:
    client, pages = api(owner), []
    url = f"{AGENTS}?page_size=2"
    while url:
        page = client.get(url).json()
        pages.append([row["id"] for row in page["results"]])
        url = page["next"]
    newest_first = sorted(agents, key=lambda agent: (agent.created_at, agent.pk), reverse=True)
    assert list(chain(*pages)) == [agent.pk for agent in newest_first]


def test_a_cursor_of_another_kind_of_key_is_refused(api: Any, owner: Any, agents: list[VoiceAgent]) -> None:
    client = api(owner)
    with platform_context(tenant_id=owner.primary_tenant_id):
        MembershipFactory.create()
    other = client.get("/api/v1/memberships/?page_size=1").json()["next"]
    page = client.get(f"{AGENTS}?page_size=1").json()["next"]
    for url, foreign in ((AGENTS, other), ("/api/v1/memberships/", page)):
        cursor = foreign.partition("cursor=")[2].partition("&")[0]
        assert problem(client.get(f"{url}?cursor={cursor}"))[0] == 400


def test_a_key_in_a_body_is_a_whole_number_of_a_row(api: Any, owner: Any, agents: list[VoiceAgent]) -> None:
    client = api(owner)
    with platform_context(tenant_id=owner.primary_tenant_id):
        number = VoiceNumberFactory.create()
    url = f"{NUMBERS}{number.pk}/"
    for key in (agents[0].pk, str(agents[1].pk)):
        changed = client.patch(url, {"default_agent": key}, format="json")
        assert changed.status_code == 200, changed.content
        assert changed.json()["default_agent"] == int(key)
    for wrong in (0, -1, 1.5, float(agents[0].pk), True, "x", "", [1], 2**63, 10**30, "9" * 5000):
        assert list(field_problems(client.patch(url, {"default_agent": wrong}, format="json"))) == ["default_agent"]


def test_a_filter_by_a_key_takes_whole_numbers_the_column_can_hold(
    api: Any, owner: Any, agents: list[VoiceAgent]
) -> None:
    client = api(owner)
    with platform_context(tenant_id=owner.primary_tenant_id):
        number = VoiceNumberFactory.create(default_agent=agents[0])
        VoiceNumberFactory.create(default_agent=agents[1])
    for query in (f"default_agent={agents[0].pk}", f"default_agent__in={agents[0].pk},{agents[4].pk}"):
        assert [row["id"] for row in client.get(f"{NUMBERS}?{query}").json()["results"]] == [str(number.pk)]
    for wrong in (f"{agents[0].pk}.5", "x", *BEYOND):
        assert list(field_problems(client.get(f"{NUMBERS}?default_agent={wrong}"))) == ["default_agent"]
        assert list(field_problems(client.get(f"{NUMBERS}?default_agent__in=1,{wrong}"))) == ["default_agent__in"]


def test_a_write_that_is_repeated_with_its_key_happens_once(api: Any, owner: Any, agents: list[VoiceAgent]) -> None:
    client = api(owner)
    body = {"name": "Concierge", "gender": "female", "agent_instructions": "Be kind."}
    first, second = (client.post(AGENTS, body, format="json", HTTP_IDEMPOTENCY_KEY="once") for _ in range(2))
    assert first.status_code == 201, first.content
    assert second.content == first.content
    assert len(client.get(f"{AGENTS}?name=Concierge").json()["results"]) == 1


def test_the_history_of_a_numbered_row_is_found(api: Any, owner: Any, agents: list[VoiceAgent]) -> None:
    client = api(owner)
    client.patch(f"{AGENTS}{agents[0].pk}/", {"name": "Concierge"}, format="json")
    entries = client.get("/api/v1/audit-entries/", {"row": str(as_uuid(agents[0].pk))}).json()["results"]
    assert [each["changes"] for each in entries if each["action"] == "updated"] == [
        {"name": [agents[0].name, "Concierge"]}
    ]
