"""What comes back from LinkedIn: answers, own messages, acceptance, and what became of messages."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import LinkedinAccount
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.catching_up import catch_up
from campaigns.channels.incoming import Incoming, record_incoming
from campaigns.channels.linkedin.driver import LINKEDIN
from campaigns.channels.polling import poll_due
from campaigns.messages import hooks
from campaigns.messages.models import Action, Message, MessageEvent, MessageKind, MessageState
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import NetworkContact, Relation
from campaigns.provider_reports import worker
from campaigns.provider_reports.models import ProviderReport
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection, Suppression
from leads.contacts.models import Lead
from tests.factories.campaigns import LinkedinAccountFactory
from tests.factories.leads import LeadFactory
from tests.support.database import stored
from tests.support.gateway import Gateway, Report

NOTE = "May I show you how Kestrel saves an hour a day?"


@pytest.fixture
def account(gateway: Gateway) -> LinkedinAccount:
    return gateway.linkedin()


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> list[NetworkContact]:
    """Everybody who has connected, as often as the features above are told."""
    told: list[NetworkContact] = []
    monkeypatch.setattr(contacts, "_connected", [*contacts._connected, told.extend])
    return told


def event_of(report: Report) -> str:
    return str(report.json().get("event", ""))


def kinds(gateway: Gateway) -> list[tuple[str, str]]:
    return [(message.direction, message.kind) for message in gateway.messages()]


def test_an_answer_belongs_to_the_lead_and_the_message_that_it_answers(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("answers.1")
    gateway.connect(account, "answers.1")
    gateway.do(account, lead, Action.MESSAGE, "Hello")
    gateway.sandbox.advance(days=1)
    gateway.deliver()
    [sent, reply] = gateway.messages(action=Action.MESSAGE)
    assert (reply.kind, reply.state, reply.lead_id) == (MessageKind.REPLY, MessageState.RECEIVED, lead.pk)
    assert reply.thread_id == sent.pk
    assert sent.replied_at is not None
    assert gateway.contact(account, lead).last_inbound_at == reply.occurred_at


def test_own_messages_that_lad_sent_are_no_answers_and_no_copies(gateway: Gateway, account: LinkedinAccount) -> None:
    gateway.connect(account, "ignores.1")
    gateway.do(account, gateway.lead("ignores.1"), Action.MESSAGE, "Hello")
    reports = gateway.new_reports()
    assert "message_received" in map(event_of, reports)
    gateway.deliver(reports)
    assert kinds(gateway) == [("outbound", "outreach")]


def test_a_message_that_was_typed_by_hand_is_an_own_copy_and_stops_nothing(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.MESSAGE, "Hello")
    gateway.write("maya", "ignores.1", "I forgot to say: on Thursday.", by="owner")
    gateway.deliver()
    assert kinds(gateway) == [("outbound", "outreach"), ("outbound", "own_copy")]
    [copy] = gateway.messages(kind=MessageKind.OWN_COPY)
    assert (copy.lead_id, copy.state) == (lead.pk, MessageState.SENT)
    assert gateway.contact(account, lead).last_inbound_at is None


def test_the_report_of_a_message_whose_answer_was_lost_settles_it_as_sent(
    gateway: Gateway, account: LinkedinAccount, settled: list[Message]
) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.FOLLOW)
    message = gateway.message(account, lead, Action.MESSAGE, "Hello")
    with tenant_context(gateway.tenant.pk):
        contacts.keep(account, lead.pk, relation=Relation.CONNECTED)
    gateway.sandbox.fault("drop", protocol="unipile", stage="SEND", accepted=True)
    gateway.send(account, message)
    with platform_context(tenant_id=gateway.tenant.pk):
        Message.objects.filter(pk=message.pk).update(state=MessageState.UNKNOWN)
    reports = gateway.new_reports()
    gateway.deliver(reports)
    gateway.deliver(reports)
    row = stored(message)
    assert (row.state, bool(row.provider_id)) == (MessageState.SENT, True)
    assert [each.pk for each in settled] == [message.pk]
    assert kinds(gateway)[-1] == ("outbound", "outreach")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    told: list[Message] = []
    monkeypatch.setattr(hooks, "_settled", [*hooks._settled, told.extend])
    return told


def test_a_report_that_is_faster_than_the_answer_is_no_copy(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    message = gateway.message(account, lead, Action.MESSAGE, "Hello")
    result = LINKEDIN.open(account).send(message)
    gateway.deliver()
    row = stored(message)
    assert (row.state, row.provider_id) == (MessageState.SENDING, result.facts["provider_id"])
    assert len(gateway.messages(action=Action.MESSAGE)) == 1


def test_somebody_unknown_is_recorded_without_a_lead(gateway: Gateway, account: LinkedinAccount) -> None:
    gateway.write("maya", "a-stranger", "Do you have a minute?")
    gateway.deliver()
    [message] = gateway.messages()
    assert (message.kind, message.lead_id) == (MessageKind.REPLY, None)
    assert message.metadata["from_name"] and message.metadata["chat_id"]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/in/a-stranger",
        "https://linkedin.com/in/a-stranger/",
        "http://www.linkedin.com/in/a-stranger/",
    ],
)
def test_a_lead_whom_nobody_wrote_to_is_known_by_the_profile(
    gateway: Gateway, account: LinkedinAccount, url: str
) -> None:
    lead = gateway.lead(linkedin_url=url)
    gateway.write("maya", "a-stranger", "Do you have a minute?")
    gateway.deliver()
    assert [message.lead_id for message in gateway.messages()] == [lead.pk]


def test_nobody_is_known_by_name_only(gateway: Gateway, account: LinkedinAccount) -> None:
    gateway.sandbox.call("POST", "/networks/people", json={"identifier": "ada-1", "name": "Ada Lovelace"})
    gateway.lead(first_name="Ada", last_name="Lovelace")
    gateway.write("maya", "ada-1", "Hello")
    gateway.deliver()
    assert [message.lead_id for message in gateway.messages()] == [None]


def test_who_wants_no_more_messages_is_heeded(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.MESSAGE, "Hello")
    gateway.write("maya", "ignores.1", "Stop.")
    gateway.deliver()
    assert gateway.messages()[-1].kind == MessageKind.UNSUBSCRIBE
    with platform_context(tenant_id=gateway.tenant.pk):
        assert [row.channel for row in Suppression.objects.filter(lead=lead)] == ["linkedin"]


def test_reading_is_recorded_once_in_whatever_order_it_is_reported(gateway: Gateway, account: LinkedinAccount) -> None:
    gateway.connect(account, "ignores.1")
    gateway.do(account, gateway.lead("ignores.1"), Action.MESSAGE, "Hello")
    gateway.sandbox.advance(days=2)
    reports = [each for each in gateway.new_reports() if event_of(each) in ("message_read", "message_delivered")]
    assert {event_of(each) for each in reports} == {"message_read", "message_delivered"}
    gateway.deliver(sorted(reports, key=event_of, reverse=True))
    gateway.deliver(reports)
    with platform_context(tenant_id=gateway.tenant.pk):
        assert sorted(MessageEvent.objects.values_list("kind", flat=True)) == ["delivered", "opened"]
    assert gateway.messages(action=Action.MESSAGE)[0].opened_at is not None


def test_reading_that_is_reported_before_the_answer_waits_for_it(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.MESSAGE, "Hello")
    gateway.sandbox.advance(days=2)
    with platform_context(tenant_id=gateway.tenant.pk):
        [message] = Message.objects.filter(action=Action.MESSAGE)
        known = message.provider_id
        Message.objects.filter(pk=message.pk).update(provider_id="", state=MessageState.SENDING)
    gateway.deliver([each for each in gateway.new_reports() if event_of(each) == "message_read"])
    with platform_context(tenant_id=gateway.tenant.pk):
        assert not MessageEvent.objects.exists()
        Message.objects.filter(pk=message.pk).update(provider_id=known, state=MessageState.SENT)
        ProviderReport.objects.filter(state="waiting").update(next_attempt_at=timezone.now())
    worker.run_due()
    with platform_context(tenant_id=gateway.tenant.pk):
        assert MessageEvent.objects.filter(message=message.pk, kind="opened").count() == 1


def invited(gateway: Gateway, account: LinkedinAccount, name: str, note: str = "") -> Lead:
    lead = gateway.lead(name)
    gateway.do(account, lead, Action.INVITATION, note)
    return lead


def test_acceptance_by_webhook_chat_and_poll_counts_once(
    gateway: Gateway, account: LinkedinAccount, accepted: list[NetworkContact]
) -> None:
    lead = invited(gateway, account, "accepts.1", NOTE)
    gateway.sandbox.advance(hours=10)
    reports = gateway.new_reports()
    chat = [each for each in reports if event_of(each) == "message_received"]
    relation = [each for each in reports if event_of(each) == "new_relation"]
    assert chat and relation
    ways: dict[str, Any] = {
        "chat": lambda: gateway.deliver(chat),
        "webhook": lambda: gateway.deliver(relation),
        "poll": lambda: catch_up(stored(account)),
    }
    for way in ways.values():
        way()
        assert gateway.contact(account, lead).relation == Relation.CONNECTED
    assert [contact.lead_id for contact in accepted] == [lead.pk]
    # The note that began the chat is LAD's own.
    assert kinds(gateway) == [("outbound", "outreach")]


@pytest.mark.parametrize("way", ["chat", "webhook", "poll"])
def test_each_way_alone_is_enough(
    gateway: Gateway, account: LinkedinAccount, accepted: list[NetworkContact], way: str
) -> None:
    lead = invited(gateway, account, "accepts.1", NOTE)
    gateway.sandbox.advance(hours=10)
    reports = gateway.new_reports()
    if way == "poll":
        catch_up(stored(account))
    else:
        event = {"chat": "message_received", "webhook": "new_relation"}[way]
        gateway.deliver([each for each in reports if event_of(each) == event])
    assert gateway.contact(account, lead).relation == Relation.CONNECTED
    assert [contact.lead_id for contact in accepted] == [lead.pk]


def test_the_poll_finds_all_who_accepted_also_behind_those_who_are_known(
    gateway: Gateway, account: LinkedinAccount, accepted: list[NetworkContact]
) -> None:
    first, second = invited(gateway, account, "accepts.1"), invited(gateway, account, "accepts.2")
    gateway.sandbox.advance(hours=10)
    # The one who connected last is known by a report; the other one stands behind them in the list.
    last = next(iter(gateway_of(account).connections())).provider_id
    [newest] = [each for each in gateway.new_reports() if each.json().get("user_provider_id") == last]
    gateway.deliver([newest])
    assert len(accepted) == 1
    catch_up(stored(account))
    assert {contact.lead_id for contact in accepted} == {first.pk, second.pk}


def test_accounts_are_polled_when_their_turn_comes_and_then_wait_for_hours(
    gateway: Gateway, account: LinkedinAccount, accepted: list[NetworkContact]
) -> None:
    lead = invited(gateway, account, "accepts.1")
    gateway.sandbox.advance(hours=10)
    with platform_context(tenant_id=gateway.tenant.pk):
        idle = LinkedinAccountFactory.create(unipile_account_id="gone", is_active=False)
    assert poll_due() == 1
    assert [contact.lead_id for contact in accepted] == [lead.pk]
    following = stored(account).next_poll_at
    assert following is not None
    assert timedelta(hours=2, minutes=59) < following - timezone.now() < timedelta(hours=5, minutes=1)
    assert poll_due() == 0
    assert stored(idle).next_poll_at is None


def test_the_messages_of_a_gap_are_caught_up_with_once(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.MESSAGE, "Hello")
    gateway.deliver()
    gateway.write("maya", "ignores.1", "Yes, gladly.")
    gateway.write("maya", "ignores.1", "Then on Thursday.", by="owner")
    gateway.new_reports()  # lost
    found = catch_up(stored(account))
    assert found.messages == 2
    assert kinds(gateway)[1:] == [("inbound", "reply"), ("outbound", "own_copy")]
    assert {message.lead_id for message in gateway.messages()} == {lead.pk}
    assert catch_up(stored(account)).messages == 0
    assert stored(account).caught_up_at is not None


def test_invitations_that_ended_elsewhere_are_not_open_any_more(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = invited(gateway, account, "declines.1")
    gateway.sandbox.advance(days=1)
    with platform_context(tenant_id=gateway.tenant.pk):
        NetworkContact.objects.update(invited_at=timezone.now() - timedelta(days=1))
    catch_up(stored(account))
    assert gateway.contact(account, lead).relation == Relation.NONE


def test_a_foreign_tenants_lead_is_never_found(gateway: Gateway, account: LinkedinAccount, other_tenant: Any) -> None:
    with platform_context(tenant_id=other_tenant.pk):
        LeadFactory.create(linkedin_url="https://www.linkedin.com/in/a-stranger", phone="+442079460500")
    with tenant_context(gateway.tenant.pk):
        rows = record_incoming(
            account,
            [
                Incoming(
                    Channel.LINKEDIN, "m-1", "Hello", timezone.now(), "ACoAA1", "https://www.linkedin.com/in/a-stranger"
                )
            ],
        )
    assert [(row.lead_id, row.direction) for row in rows] == [(None, ContactDirection.INBOUND)]
