"""What the agent asks for during a call is done once, and answered with a sentence."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.messages.models import Message
from campaigns.templates.models import CommunicationTemplate
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead
from tests.factories.campaigns import EmailAccountFactory
from tests.factories.leads import LeadFactory
from tests.factories.voice import CallLogFactory, CallPlacementFactory
from tests.voice.helpers import create
from voice.callbacks import tools
from voice.calls.models import CallLog
from voice.carriers.protocol import ToolCall
from voice.statuses import Direction

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(tenant: Any, owner: Any) -> CallLog:
    lead = create(tenant, LeadFactory, phone="+442079460500", email="maya@people.example", location="London")
    made: CallLog = create(tenant, CallLogFactory, lead=lead, to_base_number=2_079_460_500)
    create(tenant, CallPlacementFactory, call_log=made)
    return made


def ask(call: CallLog, name: str, *, id: str = "", now: datetime | None = None, **arguments: Any) -> str:
    with tenant_context(call.tenant_id):
        row = CallLog.objects.get(pk=call.pk)
        asked = ToolCall(id or str(uuid4()), name, arguments)
        [result] = tools.answer(row, [asked], now=now or timezone.now()).values()
    return result


@pytest.mark.parametrize("protocol", ["livekit", "vapi"])
def test_a_request_that_the_sandboxs_agent_makes_is_done_and_answered(line: Any, protocol: str, owner: Any) -> None:
    at = line(protocol)
    call = at.call("never_again")
    at.sandbox.advance(minutes=2)
    requests = [each for each in at.new() if b"do_not_call_again" in each.body]
    [first, second] = at.deliver(requests * 2)
    assert first.json() == second.json()
    assert "will not be called again" in str(first.json()["results"])
    with platform_context(tenant_id=call.tenant_id):
        found = Suppression.objects.filter(channel="voice")
        assert {row.evidence["call_id"] for row in found} == {str(call.pk)}


def test_an_email_is_sent_to_the_lead_only(call: CallLog, tenant: Any) -> None:
    create(tenant, EmailAccountFactory)
    values = {"channel": "email", "template_key": "more", "subject": "As promised", "body": "Hello {{first_name}}"}
    with tenant_context(tenant.pk):
        CommunicationTemplate.objects.create(tenant_id=tenant.pk, name="More", **values)
    assert ask(call, "send_email", template="none") == "There is no such e-mail."
    assert ask(call, "send_email", template="more", id="one") == "The e-mail is on its way to maya@people.example."
    ask(call, "send_email", template="more", id="one")
    with platform_context(tenant_id=tenant.pk):
        [message] = Message.objects.all()
        assert (message.to_address, message.purpose, message.subject) == (
            "maya@people.example",
            "service",
            "As promised",
        )
        Lead.objects.update(email="")
    assert ask(call, "send_email", template="more") == "There is no e-mail address of this person."


def test_a_tool_that_fails_leaves_nothing_and_the_agent_goes_on(call: CallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(asked: Any) -> str:
        Lead.objects.filter(pk=asked.call.lead_id).update(first_name="Changed")
        raise RuntimeError("boom")

    monkeypatch.setitem(tools.tools._specs, "transfer_call", tools.Tool("transfer_call", "Fail", fail))
    assert ask(call, "transfer_call") == tools.FAILED
    assert ask(call, "sing") == tools.UNKNOWN
    with platform_context(tenant_id=call.tenant_id):
        assert Lead.objects.get(pk=call.lead_id).first_name != "Changed"


def test_an_agent_that_asks_without_end_is_stopped(call: CallLog) -> None:
    answers = [ask(call, "transfer_call", reason="\0 no table stores this") for _number in range(55)]
    assert answers.count(tools.TOO_MANY) == 5


def test_a_call_that_came_in_may_ask_too(tenant: Any, call: CallLog) -> None:
    inbound = create(tenant, CallLogFactory, direction=Direction.INBOUND, lead=call.lead)
    assert ask(inbound, "transfer_call", id="one") == ask(inbound, "transfer_call", id="one")
    with platform_context(tenant_id=tenant.pk):
        assert list(CallLog.objects.get(pk=inbound.pk).metadata["facts"]["tools"]) == ["one"]
