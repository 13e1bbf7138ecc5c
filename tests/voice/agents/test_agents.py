"""Agents, voices and numbers as people keep them."""

from collections.abc import Callable
from typing import Any

import pytest

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.voice import (
    CallBatchFactory,
    CallLogFactory,
    VoiceAgentFactory,
    VoiceFactory,
    VoiceNumberFactory,
)
from tests.tenants.helpers import problem
from voice.agents.models import VoiceAgent
from voice.statuses import BatchStatus

AGENTS = "/api/v1/voice-agents/"
NUMBERS = "/api/v1/voice-agent-numbers/"
VOICES = "/api/v1/voice-agent-voices/"


def made(tenant: Tenant, factory: Any, **values: Any) -> Any:
    with platform_context(tenant_id=tenant.pk):
        return factory.create(**values)


def test_an_agent_goes_and_its_calls_still_name_it(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    agent = made(tenant, VoiceAgentFactory)
    call = made(tenant, CallLogFactory, agent=agent)
    assert api(admin).delete(f"{AGENTS}{agent.pk}/").status_code == 204
    assert api(admin).get(f"/api/v1/voice-call-logs/{call.pk}/").json()["agent"] == agent.pk
    with platform_context():
        assert VoiceAgent.all_objects.get(pk=agent.pk).deleted_at is not None


def test_an_agent_with_calls_to_make_or_numbers_to_answer_stays(
    tenant: Tenant, admin: User, api: Callable[..., Any]
) -> None:
    busy, answering = made(tenant, VoiceAgentFactory), made(tenant, VoiceAgentFactory)
    batch = made(tenant, CallBatchFactory, agent=busy)
    made(tenant, VoiceNumberFactory, default_agent=answering)
    assert problem(api(admin).delete(f"{AGENTS}{busy.pk}/")) == (409, "still_calling")
    assert problem(api(admin).delete(f"{AGENTS}{answering.pk}/")) == (409, "in_use")
    with platform_context():
        type(batch).objects.filter(pk=batch.pk).update(status=BatchStatus.CANCELLED, finished_at=batch.created_at)
    assert api(admin).delete(f"{AGENTS}{busy.pk}/").status_code == 204


def test_a_number_with_calls_to_make_stays(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    number = made(tenant, VoiceNumberFactory)
    made(tenant, CallBatchFactory, from_number=number)
    assert problem(api(admin).delete(f"{NUMBERS}{number.pk}/")) == (409, "still_calling")


@pytest.mark.parametrize("written", ["39", "+39", "0039", " +39 "])
def test_a_country_code_is_kept_with_its_plus(
    tenant: Tenant, admin: User, api: Callable[..., Any], written: str
) -> None:
    body = {"country_code": written, "base_number": 655501234, "leading_zeros": 1, "provider": "twilio"}
    response = api(admin).post(NUMBERS, body, format="json")
    assert response.status_code == 201, response.content
    assert (response.json()["country_code"], response.json()["phone"]) == ("+39", "+390655501234")
    assert problem(api(admin).post(NUMBERS, body, format="json"))[0] == 400


def test_a_country_code_in_letters_is_refused(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    body = {"country_code": "IT", "base_number": 655501234, "provider": "twilio"}
    assert "country_code" in api(admin).post(NUMBERS, body, format="json").json()["errors"]


def test_an_agent_speaks_with_the_tenants_voice_or_a_shared_one(
    tenant: Tenant, other_tenant: Tenant, admin: User, api: Callable[..., Any]
) -> None:
    with platform_context():
        shared = VoiceFactory.create(tenant_id=None)
    own, foreign = made(tenant, VoiceFactory), made(other_tenant, VoiceFactory)
    for voice in (shared, own):
        response = api(admin).post(AGENTS, {"name": "Amelia", "voice": str(voice.pk)}, format="json")
        assert response.status_code == 201, response.content
    response = api(admin).post(AGENTS, {"name": "Amelia", "voice": str(foreign.pk)}, format="json")
    assert "voice" in response.json()["errors"]
    listed = {row["id"] for row in api(admin).get(VOICES).json()["results"]}
    assert listed == {str(shared.pk), str(own.pk)}
    assert problem(api(admin).delete(f"{VOICES}{shared.pk}/"))[0] in {403, 404, 409}
    assert problem(api(admin).delete(f"{VOICES}{own.pk}/")) == (409, "in_use")


def test_the_form_of_rules_and_languages_is_checked(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    number = {
        "country_code": "+44",
        "base_number": 2079460123,
        "provider": "twilio",
        "metadata": {"rules": {"outbound": "yes"}},
    }
    says = api(admin).post(NUMBERS, number, format="json").json()["errors"]["metadata"][0]
    assert "rules.outbound" in says
    assert "language" in api(admin).post(AGENTS, {"name": "A", "language": "English"}, format="json").json()["errors"]
    assert "name" in api(admin).post(AGENTS, {"name": "  "}, format="json").json()["errors"]


@pytest.mark.parametrize("key", [0, 10**18, 10**30])
def test_a_number_that_is_no_agents_finds_none(tenant: Tenant, admin: User, api: Callable[..., Any], key: int) -> None:
    assert problem(api(admin).get(f"{AGENTS}{key}/"))[0] == 404
    body = {"country_code": "+39", "base_number": 655501234, "provider": "twilio", "default_agent": key}
    assert "default_agent" in api(admin).post(NUMBERS, body, format="json").json()["errors"]
    assert api(admin).get(NUMBERS, {"default_agent": key}).status_code in {200, 400}
