"""Starting one call: through the API to a lead or a number, and on the lead's page."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactPolicy
from leads.contactability.services import suppress
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import ContactPolicyFactory, LeadFactory
from tests.factories.voice import (
    VoiceAgentFactory,
    VoiceNumberFactory,
    VoicePermissionFactory,
    VoiceProfileFactory,
)
from tests.support.api import field_problems, problem, text
from tests.voice.helpers import create
from voice.agents.models import VoiceAgent
from voice.calls.models import CallLog
from voice.dialer.models import CallPlacement, PlacementState

START = "/api/v1/voice-call-logs/start/"
PHONE = "+442079460123"


@pytest.fixture(autouse=True)
def policy(tenant: Tenant) -> ContactPolicy:
    """Calls at any hour."""
    with platform_context(tenant_id=tenant.pk):
        row: ContactPolicy = ContactPolicyFactory.create(
            tenant=tenant, contact_from=time(0), contact_until=time(23, 59, 59), skips_holidays=False
        )
    return row


@pytest.fixture
def agent(tenant: Tenant) -> VoiceAgent:
    row: VoiceAgent = create(tenant, VoiceAgentFactory)
    return row


@pytest.fixture
def lead(tenant: Tenant) -> Lead:
    row: Lead = create(tenant, LeadFactory, phone=PHONE, first_name="Ada")
    return row


@pytest.fixture
def post(api: Callable[..., Any], member: User) -> Callable[..., Any]:
    """Return ``post(address, **body)`` with a new idempotency key."""
    client = api(member)
    return lambda address, **body: client.post(address, body, format="json", HTTP_IDEMPOTENCY_KEY=str(uuid4()))


def placement_of(response: Any) -> CallPlacement:
    assert response.status_code == 202, response.content
    with platform_context():
        return CallPlacement.objects.select_related("call_log__lead").get(call_log=response.json()["id"])


def test_a_lead_is_called_with_what_the_agent_should_know(agent: VoiceAgent, lead: Lead, post: Any) -> None:
    response = post(f"/api/v1/leads/{lead.pk}/call/", agent=agent.pk, context="Asked for a demo.", purpose="service")
    placement = placement_of(response)
    assert response.json() == {
        "id": str(placement.call_log_id),
        "status": "pending",
        "lead": str(lead.pk),
        "to_phone": PHONE,
        "waits": "",
    }
    assert (placement.state, placement.purpose, placement.to_phone) == (PlacementState.QUEUED, "service", PHONE)
    assert placement.call_log.metadata["context"] == "Asked for a demo."
    # The same wish again, as a person who presses twice has, is no second call.
    again = post(f"/api/v1/leads/{lead.pk}/call/", agent=agent.pk)
    assert problem(again) == (409, "call_under_way")


def test_a_number_is_called_as_the_lead_that_has_it_or_as_a_new_one(
    tenant: Tenant, agent: VoiceAgent, lead: Lead, post: Any
) -> None:
    known = placement_of(post(START, phone="+44 20 7946 0123", agent=agent.pk))
    assert known.call_log.lead_id == lead.pk
    new = placement_of(post(START, phone="+44 20 7946 0999", name="Alan Turing", agent=agent.pk))
    made = new.call_log.lead
    assert made is not None
    assert (made.first_name, made.last_name, made.phone) == ("Alan", "Turing", "+442079460999")


@pytest.mark.parametrize(
    ("phone", "words"),
    [("12", "not a phone number"), ("+44 909 879 0000", "premium"), ("", "Enter one")],
)
def test_numbers_that_are_not_dialled_are_refused_with_the_reason(
    agent: VoiceAgent, post: Any, phone: str, words: str
) -> None:
    response = post(START, phone=phone, agent=agent.pk)
    assert words in field_problems(response)["phone"][0]
    with platform_context():
        assert not CallLog.objects.exists()
        assert not Lead.objects.exists()


def test_a_lead_who_may_not_be_called_is_not(tenant: Tenant, agent: VoiceAgent, lead: Lead, post: Any) -> None:
    with tenant_context(tenant.pk):
        suppress(lead=lead, channel="voice", reason="manual")
    response = post(START, lead=str(lead.pk), agent=agent.pk)
    assert problem(response) == (409, "call_not_allowed")
    assert "do-not-contact list" in response.json()["detail"]
    with platform_context():
        assert not CallLog.objects.exists()


def test_a_call_outside_the_hours_waits_for_them(
    policy: ContactPolicy, agent: VoiceAgent, lead: Lead, post: Any
) -> None:
    with platform_context():
        ContactPolicy.objects.update(contact_from=time(8), contact_until=time(20))
    response = post(START, lead=str(lead.pk), agent=agent.pk, due_at="2030-06-05T23:00:00Z")
    assert response.json()["waits"].startswith("Not before Thu 06 Jun 2030, 08:00 (London)")
    placement = placement_of(response)
    assert (placement.due_at, placement.decision) == (datetime(2030, 6, 6, 7, 0, tzinfo=UTC), {})


def test_a_call_without_a_wished_time_says_what_it_waits_for(
    policy: ContactPolicy, agent: VoiceAgent, lead: Lead, post: Any
) -> None:
    begins = 20 if timezone.now().hour < 12 else 5
    with platform_context():
        ContactPolicy.objects.update(contact_from=time(begins), contact_until=time(begins + 1))
    response = post(START, lead=str(lead.pk), agent=agent.pk)
    placement = placement_of(response)
    assert placement.decision["sentence"] == response.json()["waits"] != ""
    assert datetime.fromisoformat(placement.decision["until"]) == placement.due_at


def test_agent_and_number_are_those_of_the_profile_unless_others_are_chosen(
    tenant: Tenant, member: User, lead: Lead, post: Any
) -> None:
    assert "agent" in field_problems(post(START, lead=str(lead.pk)))
    profile = create(tenant, VoiceProfileFactory, user=member)
    first = placement_of(post(START, lead=str(lead.pk)))
    assert (first.agent_id, first.number_id) == (profile.default_agent_id, profile.default_number_id)
    free = placement_of(post(START, phone="+442079460777", from_number=None))
    assert free.number_id is None
    foreign = post(START, phone="+442079460778", agent=9_999_999, from_number=str(uuid4()))
    assert set(field_problems(foreign)) == {"agent", "from_number"}


def test_a_number_that_is_reserved_for_others_calls_nobody(
    tenant: Tenant, owner: User, agent: VoiceAgent, lead: Lead, post: Any
) -> None:
    number = create(tenant, VoiceNumberFactory)
    create(tenant, VoicePermissionFactory, number=number, user=owner)
    response = post(START, lead=str(lead.pk), agent=agent.pk, from_number=str(number.pk))
    assert problem(response) == (403, "voice_not_permitted")


def test_another_tenants_lead_is_unknown_and_viewers_call_nobody(
    other_tenant: Tenant, agent: VoiceAgent, lead: Lead, viewer: User, api: Any, post: Any
) -> None:
    foreign = create(other_tenant, LeadFactory, phone=PHONE)
    assert "lead" in field_problems(post(START, lead=str(foreign.pk), agent=agent.pk))
    assert problem(post(f"/api/v1/leads/{foreign.pk}/call/", agent=agent.pk))[0] == 404
    body = {"lead": str(lead.pk), "agent": agent.pk}
    refused = api(viewer).post(START, body, format="json", HTTP_IDEMPOTENCY_KEY="one")
    assert problem(refused) == (403, "missing_right")
    assert problem(api(viewer).post(START, body, format="json"))[0] in (400, 403)


def test_the_page_of_a_lead_says_what_the_call_would_be_and_starts_it(
    tenant: Tenant, member: User, lead: Lead, admin_of: Callable[..., Client]
) -> None:
    profile = create(tenant, VoiceProfileFactory, user=member)
    browser = admin_of(member)
    assert f"/admin/leads/lead/{lead.pk}/call/" in text(browser.get(f"/admin/leads/lead/{lead.pk}/change/"))
    address = f"/admin/leads/lead/{lead.pk}/call/"
    page = browser.get(address)
    form = page.context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    assert values["agent"] == str(profile.default_agent_id)
    assert values["phone"] == "+44 20 7946 0123"
    shown = browser.post(address, {**values, "context": "Ask about the fair."})
    with platform_context():
        assert not CallLog.objects.exists()
    digest = shown.context["preview"].digest
    done = browser.post(address, {**values, "context": "Ask about the fair.", "_preview": digest})
    assert done.status_code == 302, text(done)[:2000]
    with platform_context():
        call = CallLog.objects.get()
    assert (call.lead_id, call.initiated_by_user_id) == (lead.pk, member.pk)
    assert call.metadata["context"] == "Ask about the fair."
