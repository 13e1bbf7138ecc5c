"""Voice agents, voices and numbers through the API."""

from collections.abc import Callable
from typing import Any

import pytest

from lad.tenancy.context import platform_context
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.contract.pages import untouched
from tests.factories.voice import (
    CallBatchFactory,
    CallLogFactory,
    VoiceAgentFactory,
    VoiceFactory,
    VoiceNumberFactory,
)
from tests.support.api import problem
from tests.voice.helpers import create
from voice.agents.models import VoiceAgent
from voice.numbers.models import VoiceNumber
from voice.statuses import BatchStatus

AGENTS = "/api/v1/voice-agents/"
NUMBERS = "/api/v1/voice-agent-numbers/"
VOICES = "/api/v1/voice-agent-voices/"


def test_a_deleted_agent_is_still_named_by_its_calls(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    agent = create(tenant, VoiceAgentFactory)
    call = create(tenant, CallLogFactory, agent=agent)
    assert api(admin).delete(f"{AGENTS}{agent.pk}/").status_code == 204
    assert api(admin).get(f"/api/v1/voice-call-logs/{call.pk}/").json()["agent"] == agent.pk
    with platform_context():
        assert VoiceAgent.all_objects.get(pk=agent.pk).deleted_at is not None


def test_an_agent_with_an_open_batch_or_a_number_cannot_be_deleted(
    tenant: Tenant, admin: User, api: Callable[..., Any]
) -> None:
    busy, answering = create(tenant, VoiceAgentFactory), create(tenant, VoiceAgentFactory)
    batch = create(tenant, CallBatchFactory, agent=busy)
    create(tenant, VoiceNumberFactory, default_agent=answering)
    assert problem(api(admin).delete(f"{AGENTS}{busy.pk}/")) == (409, "still_calling")
    assert problem(api(admin).delete(f"{AGENTS}{answering.pk}/")) == (409, "in_use")
    with platform_context():
        type(batch).objects.filter(pk=batch.pk).update(status=BatchStatus.CANCELLED, finished_at=batch.created_at)
    assert api(admin).delete(f"{AGENTS}{busy.pk}/").status_code == 204


def test_a_number_with_an_open_batch_cannot_be_deleted(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    number = create(tenant, VoiceNumberFactory)
    create(tenant, CallBatchFactory, from_number=number)
    assert problem(api(admin).delete(f"{NUMBERS}{number.pk}/")) == (409, "still_calling")


@pytest.mark.parametrize("written", ["39", "+39", "0039", " +39 "])
def test_a_country_code_is_stored_with_its_plus(
    tenant: Tenant, admin: User, api: Callable[..., Any], written: str
) -> None:
    body = {"country_code": written, "base_number": 655501234, "leading_zeros": 1, "provider": "twilio"}
    response = api(admin).post(NUMBERS, body, format="json")
    assert response.status_code == 201, response.content
    assert (response.json()["country_code"], response.json()["phone"]) == ("+39", "+390655501234")
    assert problem(api(admin).post(NUMBERS, body, format="json")) == (409, "refused")


def test_a_number_keeps_its_zeros_however_it_is_given(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    client = api(admin)
    for body in (
        {"country_code": "+39", "base_number": "0655501234"},
        {"phone": "+39 06 5550 1235"},
        {"country_code": "39", "base_number": "06 5550 1236", "leading_zeros": 1},
        {"phone": "0039 06 55501237", "country_code": "+39", "base_number": 655501237, "leading_zeros": 1},
    ):
        response = client.post(NUMBERS, {**body, "provider": "twilio"}, format="json")
        assert response.status_code == 201, response.content
        shown = response.json()
        assert (shown["country_code"], shown["leading_zeros"]) == ("+39", 1)
        assert shown["phone"] == f"+390{shown['base_number']}"
    for body, field, message in (
        ({"country_code": "+39", "base_number": 655501234}, "base_number", "read as +39 655501234 in Italy"),
        ({"phone": "+44 1111"}, "phone", "read as +44 1111 in United Kingdom"),
        ({"phone": "06 5550 1234"}, "phone", "no country is set"),
        ({"phone": "+39 06 5550 1239", "country_code": "+44", "base_number": 2079460123}, "phone", "another number"),
        ({}, "phone", "Write the number"),
    ):
        refused = client.post(NUMBERS, {**body, "provider": "twilio"}, format="json")
        assert refused.status_code == 400, refused.content
        assert message in refused.json()["errors"][field][0]
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(country="IT")
    assert client.post(NUMBERS, {"phone": "06 5550 1238"}, format="json").json()["phone"] == "+390655501238"
    for form in ("06 5550 1238", "+39 06 5550 1238", "0655501238", "655501238"):
        assert [row["phone"] for row in client.get(NUMBERS, {"phone": form}).json()["results"]] == ["+390655501238"]
    assert len(client.get(NUMBERS, {"phone": "06 5550"}).json()["results"]) == 5


def test_an_old_number_that_is_not_valid_can_be_switched_off(
    tenant: Tenant, admin: User, api: Callable[..., Any], admin_of: Callable[..., Any]
) -> None:
    number = create(tenant, VoiceNumberFactory, country_code="+1", base_number=5550100, leading_zeros=0)
    shown = api(admin).get(f"{NUMBERS}{number.pk}/").json()
    body = {name: shown[name] for name in ("phone", "country_code", "base_number", "leading_zeros", "provider")}
    response = api(admin).put(f"{NUMBERS}{number.pk}/", {**body, "status": "inactive"}, format="json")
    assert response.status_code == 200, response.content
    page, browser = f"/admin/voice/voicenumber/{number.pk}/change/", admin_of(admin)
    entries = {**untouched(browser.get(page), VoiceNumber), "provider": "vonage"}
    assert browser.post(page, entries).status_code == 302
    with platform_context():
        number.refresh_from_db()
    assert (number.status, number.provider, number.base_number) == ("inactive", "vonage", 5550100)
    refused = browser.post(page, {**untouched(browser.get(page), VoiceNumber), "phone": "+39 6 5550 1234"})
    assert "read as +39 655501234 in Italy" in refused.content.decode()
    changed = browser.post(page, {**untouched(browser.get(page), VoiceNumber), "phone": "+39 06 5550 1234"})
    assert changed.status_code == 302
    with platform_context():
        number.refresh_from_db()
    assert (number.country_code, number.base_number, number.leading_zeros) == ("+39", 655501234, 1)


def test_a_country_code_in_letters_is_refused(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    body = {"country_code": "IT", "base_number": 655501234, "provider": "twilio"}
    assert "country_code" in api(admin).post(NUMBERS, body, format="json").json()["errors"]


def test_an_agent_may_use_the_tenants_voices_and_shared_ones(
    tenant: Tenant, other_tenant: Tenant, admin: User, api: Callable[..., Any]
) -> None:
    with platform_context():
        shared = VoiceFactory.create(tenant_id=None)
    own, foreign = create(tenant, VoiceFactory), create(other_tenant, VoiceFactory)
    for voice in (shared, own):
        response = api(admin).post(AGENTS, {"name": "Amelia", "voice": str(voice.pk)}, format="json")
        assert response.status_code == 201, response.content
    response = api(admin).post(AGENTS, {"name": "Amelia", "voice": str(foreign.pk)}, format="json")
    assert "voice" in response.json()["errors"]
    listed = {row["id"] for row in api(admin).get(VOICES).json()["results"]}
    assert listed == {str(shared.pk), str(own.pk)}
    assert problem(api(admin).delete(f"{VOICES}{shared.pk}/")) == (403, "shared_row")
    assert problem(api(admin).delete(f"{VOICES}{own.pk}/")) == (409, "in_use")


def test_number_rules_languages_and_names_are_validated(tenant: Tenant, admin: User, api: Callable[..., Any]) -> None:
    number = {
        "country_code": "+44",
        "base_number": 2079460123,
        "provider": "twilio",
        "metadata": {"rules": {"outbound": "yes"}},
    }
    message = api(admin).post(NUMBERS, number, format="json").json()["errors"]["metadata"][0]
    assert "rules.outbound" in message
    assert "language" in api(admin).post(AGENTS, {"name": "A", "language": "English"}, format="json").json()["errors"]
    assert "name" in api(admin).post(AGENTS, {"name": "  "}, format="json").json()["errors"]


@pytest.mark.parametrize(("key", "status"), [(0, 200), (10**18, 200), (10**30, 400)])
def test_an_id_without_an_agent_is_not_found(
    tenant: Tenant, admin: User, api: Callable[..., Any], key: int, status: int
) -> None:
    assert problem(api(admin).get(f"{AGENTS}{key}/"))[0] == 404
    body = {"country_code": "+39", "base_number": 655501234, "provider": "twilio", "default_agent": key}
    assert "default_agent" in api(admin).post(NUMBERS, body, format="json").json()["errors"]
    assert api(admin).get(NUMBERS, {"default_agent": key}).status_code == status
