"""Calls that come in, as LiveKit and LAD's agent worker tell of them."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import jwt
import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lad.outbox.drain import drain
from lad.phones import NO_NUMBER
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead
from tenants.accounts.models import User
from tenants.teams.models import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.voice import CallLogFactory, CarrierAccountFactory, VoiceAgentFactory, VoiceNumberFactory
from tests.support.sandbox import Sandbox
from tests.voice.callbacks.conftest import account_at
from tests.voice.helpers import create
from voice.analysis.models import CallAnalysisRequest
from voice.analysis.services import analyse
from voice.callbacks.tool_actions import do_not_call_again
from voice.callbacks.tools import Asked
from voice.calls.models import CallLog
from voice.carriers.callback_addresses import make_token
from voice.carriers.models import CarrierAccount
from voice.inbound.looking import look_up_silent
from voice.inbound.models import InboundCall
from voice.numbers.models import VoiceNumber

CALLER = "+442079460500"
OURS = "+442079460018"
ROOM = "inbound-442079460500-ab12"


@pytest.fixture
def account(tenant: Tenant) -> CarrierAccount:
    made: CarrierAccount = create(tenant, CarrierAccountFactory)
    return made


@pytest.fixture
def number(tenant: Tenant, account: CarrierAccount) -> VoiceNumber:
    return make_number(tenant, account)


def make_number(tenant: Tenant, account: CarrierAccount, **values: Any) -> VoiceNumber:
    given = {"country_code": "+44", "base_number": 2_079_460_018, "leading_zeros": 0, "carrier_account": account}
    agent = create(tenant, VoiceAgentFactory, name="Amelia", inbound_starter_prompt="Acme, how can I help?")
    made: VoiceNumber = create(tenant, VoiceNumberFactory, **{**given, "default_agent": agent, **values})
    return made


def person(caller: str = CALLER, called: str = OURS, **values: Any) -> dict[str, Any]:
    told = {"sip.phoneNumber": caller, "sip.trunkPhoneNumber": called, "sip.callStatus": "active"}
    return {"kind": "SIP", "identity": f"sip_{caller}", "attributes": told, **values}


def send(account: CarrierAccount, event: str, *, path: str = "", room: str = ROOM, **more: Any) -> Any:
    """Send a webhook, signed by the account's key."""
    body = json.dumps({"event": event, "id": f"EV_{event}", "createdAt": str(int(time.time())), **more})
    body = json.dumps({**json.loads(body), "room": {"name": room}})
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    claims = {"iss": account.key_id, "nbf": int(time.time()) - 5, "exp": int(time.time()) + 60, "sha256": digest}
    token = jwt.encode(claims, account.secret, "HS256")
    address = f"/api/v1/carrier-callbacks/{make_token(account.pk)}/{path}"
    return APIClient().post(address, body, content_type="application/webhook+json", HTTP_AUTHORIZATION=token)


def calls_of(tenant: Tenant) -> list[CallLog]:
    with tenant_context(tenant.pk):
        return list(CallLog.objects.select_related("lead", "agent", "agent_version", "from_number"))


def test_a_call_that_comes_in_is_logged_with_agent_and_lead(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber
) -> None:
    lead = create(tenant, LeadFactory, phone=CALLER, first_name="Maya")
    assert send(account, "participant_joined", participant=person()).status_code == 200
    (call,) = calls_of(tenant)
    assert (call.direction, call.status, call.phone.e164) == ("inbound", "ringing", CALLER)
    assert (call.lead, call.agent, call.from_number) == (lead, number.default_agent, number)
    assert call.agent_version is not None
    assert call.agent_version.inbound_starter_prompt == "Acme, how can I help?"


def test_all_that_is_told_of_a_call_goes_to_the_same_row_and_it_is_analysed(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber
) -> None:
    turns: list[dict[str, Any]] = [
        {"role": "agent", "text": "Acme.", "start": 0},
        {"role": "person", "text": "Call me on Tuesday at three."},
    ]
    for _twice in range(2):
        for event, more in (
            ("participant_joined", {"participant": person()}),
            ("track_published", {"participant": person()}),
            ("agent_report", {"answeredBy": "human", "transcript": turns}),
            ("participant_left", {"participant": person(disconnectReason="CLIENT_INITIATED", isPublisher=True)}),
            ("room_finished", {}),
        ):
            assert send(account, event, **more).status_code == 200, event
    (call,) = calls_of(tenant)
    assert (call.status, call.outcome, call.answered_by) == ("ended", "answered", "human")
    assert [turn["text"] for turn in call.transcripts] == [turn["text"] for turn in turns]
    with tenant_context(tenant.pk):
        assert CallAnalysisRequest.objects.filter(call_log=call).count() == 1
        assert InboundCall.objects.count() == 1


def test_a_stranger_becomes_a_lead_once(tenant: Tenant, account: CarrierAccount, number: VoiceNumber) -> None:
    for room in (ROOM, f"{ROOM}-later"):
        send(account, "participant_joined", room=room, participant=person())
    with tenant_context(tenant.pk):
        (lead,) = Lead.objects.all()
    assert (lead.phone, lead.source) == (CALLER, "inbound_call")
    assert [call.lead for call in calls_of(tenant)] == [lead, lead]


def test_a_caller_is_no_lead_of_another_tenant(
    tenant: Tenant, other_tenant: Tenant, account: CarrierAccount, number: VoiceNumber
) -> None:
    create(other_tenant, LeadFactory, phone=CALLER)
    assert send(account, "participant_joined", participant=person()).status_code == 200
    (call,) = calls_of(tenant)
    assert call.lead is not None and call.lead.tenant_id == tenant.pk


def test_of_several_leads_with_the_number_the_one_that_was_active_last_called(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber
) -> None:
    now = timezone.now()
    ages = {"old": now - timedelta(days=9), "new": now - timedelta(days=1), "archived": now}
    leads = {
        name: create(tenant, LeadFactory, phone=CALLER, last_activity_at=at, is_archived=name == "archived")
        for name, at in ages.items()
    }
    send(account, "participant_joined", participant=person())
    assert calls_of(tenant)[0].lead == leads["new"]


@pytest.mark.parametrize(
    ("values", "answered"),
    [
        ({}, True),
        ({"status": "inactive"}, False),
        ({"metadata": {"rules": {"inbound": False}}}, False),
        ({"default_agent": None}, False),
    ],
)
def test_only_a_number_that_answers_gets_an_agent(
    tenant: Tenant, account: CarrierAccount, values: dict[str, Any], answered: bool
) -> None:
    make_number(tenant, account, **values)
    response = send(account, "participant_joined", path="brief/", participant=person())
    assert response.status_code == (200 if answered else 404)
    (call,) = calls_of(tenant)
    assert (call.agent is not None) is answered


def test_the_worker_is_told_what_to_say(tenant: Tenant, account: CarrierAccount, number: VoiceNumber) -> None:
    create(tenant, LeadFactory, phone=CALLER, first_name="Maya", last_name="Lindqvist")
    response = send(account, "participant_joined", path="brief/", participant=person())
    assert response.status_code == 200, response.content
    told, (call,) = response.json(), calls_of(tenant)
    assert (told["call_id"], told["direction"], told["person"]) == (str(call.pk), "inbound", "")
    assert told["first_message"] == "Acme, how can I help?"
    assert "Maya Lindqvist" in told["instructions"]
    assert [tool["name"] for tool in told["tools"]] == ["book_slot", "call_back", "do_not_call_again"]


@pytest.mark.parametrize("path", ["", "brief/"])
def test_who_does_not_know_the_key_is_told_nothing(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber, path: str
) -> None:
    account.secret = "another-secret-that-is-long-enough-too"
    assert send(account, "participant_joined", path=path, participant=person()).status_code in (401, 403)
    assert calls_of(tenant) == []


@pytest.mark.parametrize(
    "participant",
    [
        person(called="+442079469999"),
        person(called=""),
        {"kind": "STANDARD", "attributes": person()["attributes"]},
    ],
)
def test_what_is_no_call_of_a_number_is_answered_and_forgotten(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber, participant: dict[str, Any]
) -> None:
    assert send(account, "participant_joined", participant=participant).status_code == 200
    assert calls_of(tenant) == []


@pytest.mark.parametrize("caller", ["", "anonymous", "1001"])
def test_who_withholds_the_number_is_answered_and_logged_as_no_lead(
    caller: str, tenant: Tenant, owner: User, account: CarrierAccount, number: VoiceNumber, api: Callable[..., Any]
) -> None:
    turns = [{"role": "agent", "text": "Acme.", "start": 0}, {"role": "person", "text": "Never call me again."}]
    answer = send(account, "participant_joined", path="brief/", participant=person(caller=caller))
    assert answer.status_code == 200
    assert answer.json()["first_message"] == "Acme, how can I help?"
    for event, more in (
        ("agent_report", {"answeredBy": "human", "transcript": turns}),
        ("participant_left", {"participant": person(caller=caller, disconnectReason="CLIENT_INITIATED")}),
        ("room_finished", {}),
    ):
        assert send(account, event, **more).status_code == 200
    (call,) = calls_of(tenant)
    assert (call.status, call.lead, call.phone, str(call.phone)) == ("ended", None, NO_NUMBER, "Unknown number")
    told = api(owner).get(f"/api/v1/voice-call-logs/{call.pk}/").json()
    assert (told["to_phone"], told["direction"]) == ("", "inbound")
    with tenant_context(tenant.pk):
        assert analyse(call).do_not_call
    drain()
    with tenant_context(tenant.pk):
        # There is no number that could be kept from being called, and nobody whose number it is.
        assert not Suppression.objects.exists()
        assert not Lead.objects.exists()


def test_what_needs_a_number_is_not_offered_for_a_call_without_one(
    tenant: Tenant, owner: User, admin_of: Callable[..., Client], account: CarrierAccount, number: VoiceNumber
) -> None:
    for caller, room in ((CALLER, "one"), ("anonymous", "two")):
        told = person(caller=caller, disconnectReason="CLIENT_INITIATED")
        send(account, "participant_joined", room=room, participant=told)
        send(account, "participant_left", room=room, participant=told)
        send(account, "room_finished", room=room)
    pages = {
        call.phone.is_known: admin_of(owner).get(f"/admin/voice/calllog/{call.pk}/change/").content.decode()
        for call in calls_of(tenant)
    }
    for action in ("/call_again/", "/never_call/"):
        assert (action in pages[True], action in pages[False]) == (True, False)
    assert "Unknown number" in pages[False]
    assert "Unknown number" in admin_of(owner).get("/admin/voice/calllog/").content.decode()


def test_an_agent_that_is_asked_never_to_call_says_that_no_number_is_known(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber
) -> None:
    send(account, "participant_joined", participant=person(caller="anonymous"))
    (call,) = calls_of(tenant)
    with tenant_context(tenant.pk):
        said = do_not_call_again(Asked(call, {"words": "Never call me again"}, timezone.now()))
        assert not Suppression.objects.exists()
    assert said == "Your number is not shown, so nobody here can call it."


def test_nobody_takes_anothers_calls_by_entering_their_number(tenant: Tenant, other_tenant: Tenant) -> None:
    with platform_context():
        shared = CarrierAccountFactory.create(tenant_id=None)
    make_number(tenant, shared)
    make_number(other_tenant, shared)
    send(shared, "participant_joined", participant=person())
    assert (len(calls_of(tenant)), len(calls_of(other_tenant))) == (1, 0)
    own = create(other_tenant, CarrierAccountFactory)
    send(own, "track_published", participant=person())
    (call,) = calls_of(tenant)
    assert call.status == "ringing", "the event came from another account"
    assert len(calls_of(other_tenant)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_events_at_once_make_one_call(tenant: Tenant, account: CarrierAccount, number: VoiceNumber) -> None:
    barrier, answers = Barrier(2), []

    def tell(event: str) -> None:
        barrier.wait()
        answers.append(send(account, event, participant=person()).status_code)
        connections.close_all()

    threads = [Thread(target=tell, args=(event,)) for event in ("participant_joined", "track_published")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200, 200]
    (call,) = calls_of(tenant)
    assert call.status == "ongoing"


def test_a_call_whose_callbacks_stopped_is_looked_up(tenant: Tenant, sandbox: Sandbox) -> None:
    account = account_at(sandbox, tenant, "livekit")
    make_number(tenant, account)
    send(account, "participant_joined", participant=person())
    later = timezone.now() + timedelta(minutes=4)
    assert look_up_silent(timezone.now()) == 0
    for minutes in range(4, 20, 4):
        look_up_silent(timezone.now() + timedelta(minutes=minutes))
    (call,) = calls_of(tenant)
    assert call.is_finished, (call.status, later)
    assert look_up_silent(later + timedelta(hours=1)) == 0


def test_outbound_calls_are_not_taken_for_inbound_ones(
    tenant: Tenant, account: CarrierAccount, number: VoiceNumber, api: Callable[..., Any]
) -> None:
    call = create(tenant, CallLogFactory)
    send(account, "participant_joined", room=f"lad-call-{call.pk}", participant=person())
    assert [each.pk for each in calls_of(tenant)] == [call.pk]
