"""Actions whose answer was lost, or whose sender was: looked for, never repeated unseen."""

from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, LinkedinAccount
from campaigns.channels.protocol import Fate, Found
from campaigns.channels.sending import recovery
from campaigns.messages.models import Action, Message, MessageState
from lad.tenancy.context import platform_context
from tests.support.database import stored
from tests.support.gateway import Gateway

WORDS = "Shall we talk on Thursday?"


@pytest.fixture
def account(gateway: Gateway) -> LinkedinAccount:
    return gateway.linkedin()


def unknown(gateway: Gateway, message: Message) -> Message:
    """Return the message as recovery finds it."""
    with platform_context(tenant_id=gateway.tenant.pk):
        Message.objects.filter(pk=message.pk).update(state=MessageState.UNKNOWN)
    return stored(message)


def lose(gateway: Gateway, account: LinkedinAccount, message: Message, stage: str, *, accepted: bool) -> None:
    """Send the message, and lose the gateway's answer."""
    gateway.sandbox.fault("drop", protocol="unipile", stage=stage, accepted=accepted)
    assert gateway.send(account, message).fate == Fate.UNKNOWN


@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_message_is_found_by_its_words(gateway: Gateway, account: LinkedinAccount, accepted: bool) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.MESSAGE, "The first message")
    message = gateway.message(account, lead, Action.MESSAGE, WORDS)
    lose(gateway, account, message, "SEND", accepted=accepted)
    assert gateway.find(account, unknown(gateway, message)) == (Found.SENT if accepted else Found.NOT_SENT)
    assert bool(stored(message).provider_id) == accepted
    assert [each["text"] for each in gateway.done(action="message")].count(WORDS) == accepted


def test_a_first_message_is_found_though_nobody_knew_its_chat(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    message = gateway.message(account, lead, Action.MESSAGE, WORDS)
    lose(gateway, account, message, "SEND", accepted=True)
    assert gateway.find(account, unknown(gateway, message)) == Found.SENT
    assert gateway.contact(account, lead).chat_id


def test_the_same_words_that_were_sent_before_are_no_proof(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    gateway.do(account, lead, Action.MESSAGE, WORDS)
    message = gateway.message(account, lead, Action.MESSAGE, WORDS)
    lose(gateway, account, message, "SEND", accepted=False)
    assert gateway.find(account, unknown(gateway, message)) == Found.NOT_SENT


@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_invitation_is_found_among_the_open_ones(
    gateway: Gateway, account: LinkedinAccount, accepted: bool
) -> None:
    lead = gateway.lead("ignores.1")
    message = gateway.message(account, lead, Action.INVITATION, WORDS)
    lose(gateway, account, message, "INVITE", accepted=accepted)
    assert gateway.find(account, unknown(gateway, message)) == (Found.SENT if accepted else Found.NOT_SENT)
    assert len(gateway.done(action="invitation")) == accepted
    assert bool(gateway.contact(account, lead).invitation_id) == accepted


def test_a_lost_invitation_that_was_accepted_meanwhile_is_found(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("accepts.1")
    message = gateway.message(account, lead, Action.INVITATION)
    gateway.sandbox.fault("drop", protocol="unipile", stage="INVITE", accepted=True)
    gateway.send(account, message)
    gateway.sandbox.advance(hours=2)
    assert gateway.find(account, unknown(gateway, message)) == Found.SENT
    assert gateway.contact(account, lead).relation == "connected"


def lost(gateway: Gateway, message: Message) -> Message:
    """Return the message as the next attempt has it, after LAD has looked for it in vain."""
    with platform_context(tenant_id=gateway.tenant.pk):
        due = {"state": MessageState.UNKNOWN, "next_attempt_at": timezone.now(), "looks": 1}
        Message.objects.filter(pk=message.pk).update(**due)
    assert recovery.look() == {Found.NOT_SENT: 1}
    assert stored(message).state == MessageState.QUEUED
    return stored(message)


def test_a_lost_invitation_that_was_declined_meanwhile_counts_as_sent(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("declines.1")
    message = gateway.message(account, lead, Action.INVITATION)
    lose(gateway, account, message, "INVITE", accepted=True)
    gateway.sandbox.advance(days=1)
    result = gateway.send(account, lost(gateway, message))
    assert (result.fate, result.facts["already"], result.facts["invitation_id"]) == (Fate.SENT, True, "")
    assert len(gateway.done(action="invitation")) == 1


def test_a_declined_invitation_that_was_heard_of_is_not_taken_for_a_lost_one(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("declines.1")
    gateway.do(account, lead, Action.INVITATION)
    gateway.sandbox.advance(days=1)
    again = gateway.message(account, lead, Action.INVITATION)
    lose(gateway, account, again, "INVITE", accepted=False)
    result = gateway.send(account, lost(gateway, again))
    assert (result.fate, "three weeks" in result.error) == (Fate.REFUSED, True)


def test_silence_proves_nothing_while_the_account_is_not_active(gateway: Gateway, account: LinkedinAccount) -> None:
    message = gateway.message(account, gateway.lead("ignores.1"), Action.INVITATION)
    gateway.sandbox.fault("drop", protocol="unipile", stage="INVITE", accepted=False)
    gateway.send(account, message)
    account.status = AccountStatus.ERROR
    assert gateway.find(account, unknown(gateway, message)) == Found.NOT_KNOWN


def test_a_visit_cannot_be_looked_for_and_a_read_profile_need_not(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    assert gateway.find(account, gateway.message(account, lead, Action.VISIT)) == Found.NOT_KNOWN
    assert gateway.find(account, gateway.message(account, lead, Action.PROFILE)) == Found.NOT_SENT


def test_a_visit_whose_answer_is_lost_is_not_made_again(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.sandbox.fault("drop", protocol="unipile", stage="VISIT", accepted=True)
    assert gateway.do(account, lead, Action.VISIT).fate == Fate.UNKNOWN
    assert len(gateway.done(action="visit")) == 1


def test_lost_follows_comments_and_withdrawals_are_found(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(account, lead, Action.INVITATION)
    stages = {Action.FOLLOW: "FOLLOW", Action.COMMENT: "COMMENT", Action.WITHDRAWAL: "WITHDRAW"}
    seen = []
    for action, stage in stages.items():
        message = gateway.message(account, lead, action, "Well said." if action == Action.COMMENT else "")
        lose(gateway, account, message, stage, accepted=True)
        seen.append(gateway.find(account, unknown(gateway, message)))
    assert seen == [Found.SENT] * 3


def test_a_lost_comment_is_found_though_the_person_has_published_since(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("ignores.1")
    message = gateway.message(account, lead, Action.COMMENT, "Well said.")
    lose(gateway, account, message, "COMMENT", accepted=True)
    gateway.publish("ignores.1", "One more thing.")
    assert gateway.find(account, unknown(gateway, message)) == Found.SENT


def test_somebody_else_s_comment_with_the_same_words_is_no_proof(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(gateway.linkedin("noor", identifier="noor.sender"), lead, Action.COMMENT, "Well said.")
    message = gateway.message(account, lead, Action.COMMENT, "Well said.")
    lose(gateway, account, message, "COMMENT", accepted=False)
    assert gateway.find(account, unknown(gateway, message)) == Found.NOT_SENT


@pytest.mark.parametrize("publishes_between", [True, False])
def test_a_comment_that_was_written_before_is_no_proof(
    gateway: Gateway, account: LinkedinAccount, publishes_between: bool
) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(account, lead, Action.COMMENT, "Well said.")
    gateway.sandbox.advance(days=1)
    if publishes_between:
        gateway.publish("ignores.1", "One more thing.")
        gateway.sandbox.advance(days=1)
    message = gateway.message(account, lead, Action.COMMENT, "Well said.", begun_at=gateway.sandbox.now())
    lose(gateway, account, message, "COMMENT", accepted=False)
    assert gateway.find(account, unknown(gateway, message)) == Found.NOT_SENT


@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_post_is_found_unless_it_is_an_older_one(
    gateway: Gateway, account: LinkedinAccount, accepted: bool
) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(account, lead, Action.POST, "We are hiring.")
    gateway.sandbox.advance(days=1)
    message = gateway.message(account, lead, Action.POST, "We are hiring.", begun_at=gateway.sandbox.now())
    lose(gateway, account, message, "POST", accepted=accepted)
    assert gateway.find(account, unknown(gateway, message)) == (Found.SENT if accepted else Found.NOT_SENT)


@pytest.mark.parametrize(
    ("fault", "fate"),
    [
        ({"kind": "drop", "accepted": False}, Fate.UNKNOWN),
        ({"kind": "split"}, Fate.UNKNOWN),
        ({"kind": "answer", "code": 500}, Fate.UNKNOWN),
        ({"kind": "answer", "code": 429, "seconds": 90}, Fate.NOT_SENT),
        ({"kind": "answer", "code": 422, "text": "invalid_recipient"}, Fate.REFUSED),
    ],
)
def test_what_the_gateway_answers_decides_the_fate(
    gateway: Gateway, account: LinkedinAccount, fault: dict[str, Any], fate: Fate
) -> None:
    message = gateway.message(account, gateway.lead("ignores.1"), Action.INVITATION)
    gateway.sandbox.fault(protocol="unipile", stage="INVITE", **fault)
    result = gateway.send(account, message)
    assert result.fate == fate
    if fault.get("seconds"):
        assert result.limit is not None and result.limit.until is not None


def test_a_gateway_that_cannot_be_reached_sends_nothing(
    gateway: Gateway, account: LinkedinAccount, settings: Any
) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(account, lead, Action.FOLLOW)
    settings.UNIPILE_BASE_URL = "http://127.0.0.1:9"
    result = gateway.do(account, lead, Action.INVITATION)
    assert (result.fate, result.usable) == (Fate.NOT_SENT, False)
