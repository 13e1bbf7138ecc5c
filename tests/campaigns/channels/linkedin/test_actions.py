"""What LAD does on LinkedIn, seen by the gateway's own books."""

from typing import Any

import orjson
import pytest

from campaigns.accounts.models import AccountStatus, LinkedinAccount
from campaigns.channels.protocol import Fate, driver_of
from campaigns.gateways.unipile.errors import GatewayError
from campaigns.messages.models import Action
from campaigns.network_contacts.models import Relation
from lad.outgoing import CallInTransaction
from lad.requests import Answer
from tests.support.gateway import Gateway

NOTE = "May I show you how Kestrel saves an hour a day?"


@pytest.fixture
def account(gateway: Gateway) -> LinkedinAccount:
    return gateway.linkedin()


def test_a_person_is_looked_up_once_and_known_from_then_on(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    assert gateway.do(account, lead, Action.FOLLOW).fate == Fate.SENT
    assert gateway.do(account, lead, Action.LIKE).fate == Fate.SENT
    assert gateway.do(account, lead, Action.COMMENT, "Well said.").fate == Fate.SENT
    contact = gateway.contact(account, lead)
    assert contact.provider_id
    assert contact.profile["first_name"]
    assert [each["action"] for each in gateway.done(recipient="ignores.1")] == ["profile", "follow", "like", "comment"]


def test_a_lead_with_another_profile_is_looked_up_again(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(account, lead, Action.FOLLOW)
    gateway.do(account, lead, Action.FOLLOW, to_address="https://www.linkedin.com/in/ignores.2")
    assert [each["recipient"] for each in gateway.done(action="follow")] == ["ignores.1", "ignores.2"]


def test_a_visit_is_seen_and_a_read_profile_is_not(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    assert gateway.do(account, lead, Action.PROFILE).fate == Fate.SENT
    assert gateway.do(account, lead, Action.VISIT).fate == Fate.SENT
    assert [each["action"] for each in gateway.done(recipient="ignores.1")] == ["profile", "visit"]


@pytest.mark.parametrize("note", ["", NOTE])
def test_an_invitation_goes_with_its_note_or_without(gateway: Gateway, account: LinkedinAccount, note: str) -> None:
    lead = gateway.lead("ignores.1")
    result = gateway.do(account, lead, Action.INVITATION, note)
    assert (result.fate, result.facts["relation"]) == (Fate.SENT, "invited")
    [invitation] = gateway.done(action="invitation")
    assert invitation["text"] == note
    assert gateway.contact(account, lead).invitation_id == result.facts["invitation_id"]


def test_somebody_who_is_invited_already_counts_as_invited(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    first = gateway.do(account, lead, Action.INVITATION, NOTE)
    again = gateway.do(account, lead, Action.INVITATION, NOTE)
    assert (again.fate, again.facts["already"]) == (Fate.SENT, True)
    assert again.facts["invitation_id"] == first.facts["invitation_id"]
    assert len(gateway.done(action="invitation")) == 1


def test_somebody_who_declined_lately_is_not_taken_for_invited(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("declines.1")
    gateway.do(account, lead, Action.INVITATION)
    gateway.sandbox.advance(days=1)
    result = gateway.do(account, lead, Action.INVITATION)
    assert result.fate == Fate.REFUSED
    assert "three weeks" in result.error
    assert len(gateway.done(action="invitation")) == 1


def test_somebody_who_is_connected_already_is_not_invited(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    result = gateway.do(account, lead, Action.INVITATION)
    assert (result.fate, result.facts["relation"]) == (Fate.SENT, "connected")
    assert gateway.done(action="invitation") == []
    assert gateway.contact(account, lead).relation == Relation.CONNECTED


def test_without_notes_left_the_invitation_goes_without_one(gateway: Gateway, account: LinkedinAccount) -> None:
    gateway.sandbox.call("POST", "/networks/accounts/maya", json={"limits": {"note": {"month": 1}}})
    gateway.do(account, gateway.lead("ignores.1"), Action.INVITATION, NOTE)
    result = gateway.do(account, gateway.lead("ignores.2"), Action.INVITATION, NOTE)
    assert result.fate == Fate.SENT
    assert "without" in result.facts["note_left_out"]
    assert [each["text"] for each in gateway.done(action="invitation")] == [NOTE, ""]


def test_a_free_account_whose_note_is_too_long_invites_without_it(gateway: Gateway) -> None:
    account = gateway.linkedin("free", premium=False)
    result = gateway.do(account, gateway.lead("ignores.1"), Action.INVITATION, "x" * 250)
    assert (result.fate, bool(result.facts["note_left_out"])) == (Fate.SENT, True)


def test_a_note_that_nobody_may_add_is_refused_with_its_length(gateway: Gateway, account: LinkedinAccount) -> None:
    result = gateway.do(account, gateway.lead("ignores.1"), Action.INVITATION, "x" * 301)
    assert result.fate == Fate.REFUSED
    assert "301" in result.error and "300" in result.error
    assert gateway.done(action="invitation") == []


@pytest.mark.parametrize(("status", "period"), [(422, "week"), (429, "")])
def test_a_full_account_waits_and_nothing_has_failed(
    gateway: Gateway, account: LinkedinAccount, status: int, period: str
) -> None:
    limits = {"limits": {"invitation": {"week": 1}}, "limit_status": status}
    gateway.sandbox.call("POST", "/networks/accounts/maya", json=limits)
    gateway.do(account, gateway.lead("ignores.1"), Action.INVITATION)
    result = gateway.do(account, gateway.lead("ignores.2"), Action.INVITATION)
    assert (result.fate, result.by_account) == (Fate.NOT_SENT, True)
    assert result.limit is not None
    assert (result.limit.action, result.limit.period) == ("invitation", period)


def test_a_message_to_somebody_who_is_not_connected_is_refused_and_nothing_else_is_sent(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("ignores.1")
    result = gateway.do(account, lead, Action.MESSAGE, "Hello")
    assert result.fate == Fate.REFUSED
    assert "not connected" in result.error
    assert {each["action"] for each in gateway.done(recipient="ignores.1")} == {"profile"}
    # LinkedIn was not even asked.
    assert [
        each["request"] for each in gateway.sandbox.log("network_request") if "POST /chats" in each["request"]
    ] == []


def test_a_message_begins_a_chat_and_the_next_one_goes_on_in_it(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.connect(account, "ignores.1")
    first = gateway.do(account, lead, Action.MESSAGE, "Hello")
    second = gateway.do(account, lead, Action.MESSAGE, "One more thing")
    assert first.facts["chat_id"] == second.facts["chat_id"] == gateway.contact(account, lead).chat_id
    assert first.facts["provider_id"] != second.facts["provider_id"]
    assert [each["text"] for each in gateway.done(action="message")] == ["Hello", "One more thing"]


def test_an_open_invitation_is_withdrawn_once(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("ignores.1")
    gateway.do(account, lead, Action.INVITATION)
    assert gateway.do(account, lead, Action.WITHDRAWAL).fate == Fate.SENT
    again = gateway.do(account, lead, Action.WITHDRAWAL)
    assert again.fate == Fate.REFUSED
    assert len(gateway.done(action="withdrawal")) == 1


def test_an_accepted_invitation_is_not_withdrawn(gateway: Gateway, account: LinkedinAccount) -> None:
    lead = gateway.lead("accepts.1")
    gateway.do(account, lead, Action.INVITATION)
    gateway.sandbox.advance(hours=1)
    assert gateway.do(account, lead, Action.WITHDRAWAL).fate == Fate.REFUSED
    assert gateway.done(action="withdrawal") == []


def test_what_is_not_possible_is_refused_with_words(gateway: Gateway, account: LinkedinAccount) -> None:
    result = gateway.do(account, gateway.lead("ignores.1"), Action.STORY_VIEW)
    assert result.fate == Fate.REFUSED
    assert "stories" in result.error


@pytest.mark.parametrize("url", ["", "https://www.linkedin.com/company/kestrel"])
def test_a_lead_without_a_profile_is_refused_with_what_to_do(
    gateway: Gateway, account: LinkedinAccount, url: str
) -> None:
    result = gateway.do(account, gateway.lead(linkedin_url=url), Action.INVITATION)
    assert result.fate == Fate.REFUSED
    assert "profile" in result.error


def test_a_profile_that_does_not_exist_is_refused(gateway: Gateway, account: LinkedinAccount) -> None:
    result = gateway.do(account, gateway.lead("wrong-number.1"), Action.VISIT)
    assert result.fate == Fate.REFUSED
    assert gateway.done(action="visit") == []


def test_somebody_without_a_post_is_not_liked(gateway: Gateway, account: LinkedinAccount) -> None:
    result = gateway.do(account, gateway.lead("never-reads.1"), Action.LIKE)
    assert result.fate == Fate.REFUSED
    assert "published nothing" in result.error


def test_a_signed_out_account_is_told_of_as_such_and_nothing_is_sent(
    gateway: Gateway, account: LinkedinAccount
) -> None:
    lead = gateway.lead("ignores.1")
    gateway.sandbox.call("POST", "/unipile/accounts/maya/state", json={"state": "CREDENTIALS"})
    message = gateway.message(account, lead, Action.INVITATION)
    session = driver_of(message.channel, "unipile").open(account)
    with pytest.raises(GatewayError) as caught:
        session.send(message)
    assert caught.value.account_status == AccountStatus.EXPIRED
    assert gateway.done(action="invitation") == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [("checkpoint_error", AccountStatus.CHECKPOINT), ("account_restricted", AccountStatus.ERROR)],
)
def test_an_account_that_the_network_checks_or_restricts_stops(
    gateway: Gateway, account: LinkedinAccount, monkeypatch: pytest.MonkeyPatch, kind: str, status: AccountStatus
) -> None:
    refused = Answer(403, {}, orjson.dumps({"type": f"errors/{kind}"}))
    monkeypatch.setattr("lad.requests.ask", lambda _endpoints, _asked: refused)
    message = gateway.message(account, gateway.lead("ignores.1"), Action.INVITATION)
    with pytest.raises(GatewayError) as caught:
        driver_of(message.channel, "unipile").open(account).send(message)
    assert caught.value.account_status == status


def test_the_operators_key_is_no_trouble_of_the_account(
    gateway: Gateway, account: LinkedinAccount, settings: Any
) -> None:
    settings.UNIPILE_API_KEY = "a-key-that-opens-nothing"
    message = gateway.message(account, gateway.lead("ignores.1"), Action.VISIT)
    with pytest.raises(GatewayError) as caught:
        driver_of(message.channel, "unipile").open(account).send(message)
    assert caught.value.account_status == AccountStatus.ACTIVE


def test_the_gateway_is_never_asked_inside_a_scope(gateway: Gateway, account: LinkedinAccount, scope: Any) -> None:
    message = gateway.message(account, gateway.lead("ignores.1"), Action.VISIT)
    session = driver_of(message.channel, "unipile").open(account)
    with scope(gateway.tenant), pytest.raises((RuntimeError, CallInTransaction)):
        session.send(message)
    assert gateway.done() == []
