"""SMS leave through Twilio, each once, and a lost answer is looked up before anything is repeated."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.channels.protocol import Found, driver_of
from campaigns.channels.sending import recovery, worker
from campaigns.channels.sending.account_kinds import CHANNEL
from campaigns.channels.sms.client import Twilio
from campaigns.channels.sms.driver import SMS, sender_of
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression, SuppressionReason
from leads.contacts.models import Lead
from tests.campaigns.channels.sending.conftest import make_due
from tests.campaigns.channels.texting import PERSON, SMS_NUMBER, Reports, sent, write
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
Queue = Callable[..., Message]


def attempted(message: Message) -> Message:
    """Send what is due, and return the message as it is then."""
    worker.send_due(CHANNEL)
    return stored(message)


def lose(message: Message, *, minutes: int = 10) -> None:
    """Let the attempt have begun some time ago."""
    make_due([message], begun_at=timezone.now() - timedelta(minutes=minutes))


def test_a_message_is_sent_once_with_its_segments(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    assert driver_of("sms", "twilio") is SMS
    message = attempted(queue(twilio, person, body="€" * 81))
    assert (message.state, message.error) == (MessageState.SENT, "")
    assert message.provider_id.startswith("SM")
    assert message.metadata["segments"] == 2
    assert sent(sandbox) == ["€" * 81]
    assert worker.send_due(CHANNEL) == {}


@pytest.mark.parametrize(
    ("account_id", "address", "sender"),
    [
        ("MG123", SMS_NUMBER, {"MessagingServiceSid": "MG123"}),
        ("PN123", SMS_NUMBER, {"From": SMS_NUMBER}),
        (SMS_NUMBER, "", {"From": SMS_NUMBER}),
        ("PN123", "", {}),
    ],
)
def test_the_sender_is_a_messaging_service_or_a_number(account_id: str, address: str, sender: dict[str, str]) -> None:
    assert sender_of(ChannelAccount(provider_account_id=account_id, address=address)) == sender


@pytest.mark.parametrize(
    ("values", "word"),
    [({"body": "a" * 1_601}, "1,600"), ({"body": " "}, "has no text")],
)
def test_what_twilio_would_refuse_is_not_handed_over(
    values: dict[str, Any], word: str, sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    message = attempted(queue(twilio, person, **values))
    assert message.state == MessageState.FAILED
    assert word in message.error
    assert sandbox.log("network_request") == []


def test_somebody_who_opted_out_at_twilio_is_put_on_the_do_not_contact_list(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    write(sandbox, twilio, "STOP")
    message = attempted(queue(twilio, person))
    assert message.state == MessageState.FAILED
    assert "asked for no more SMS" in message.error
    with tenant_context(twilio.tenant_id):
        [entry] = Suppression.objects.all()
    assert (entry.channel, entry.address, entry.lead_id) == ("sms", PERSON, person.pk)
    assert entry.reason == SuppressionReason.UNSUBSCRIBED
    assert "21610" in entry.source
    assert sent(sandbox) == []


@pytest.mark.parametrize(("code", "text"), [(400, "21211"), (400, "21614")])
def test_a_number_that_takes_no_sms_bounces(
    code: int, text: str, sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("answer", protocol="twilio", stage="SEND", code=code, text=text)
    message = attempted(queue(twilio, person))
    assert message.state == MessageState.FAILED
    with tenant_context(twilio.tenant_id):
        assert [each.channel for each in Suppression.objects.filter(reason=SuppressionReason.BOUNCED)] == ["sms"]


def test_a_wrong_token_stops_the_account_and_the_message_waits(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("answer", protocol="twilio", stage="SEND", code=401, text="20003")
    message = attempted(queue(twilio, person))
    assert message.state == MessageState.QUEUED
    account = stored(twilio)
    assert account.status == AccountStatus.EXPIRED
    assert "auth token" in account.status_reason


def test_an_account_that_sends_too_fast_rests(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("answer", protocol="twilio", stage="SEND", code=429, text="20429")
    message = attempted(queue(twilio, person))
    assert message.state == MessageState.QUEUED
    paused = stored(twilio).paused_until
    assert paused is not None
    assert timezone.now() < paused < timezone.now() + timedelta(minutes=3)
    make_due([message])
    assert attempted(message).state == MessageState.QUEUED


def test_a_message_whose_answer_was_lost_is_found_in_twilios_list(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=True)
    message = attempted(queue(twilio, person))
    assert message.state == MessageState.UNKNOWN
    make_due([message])
    assert recovery.look() == {Found.SENT: 1}
    found = stored(message)
    assert found.state == MessageState.SENT
    assert found.provider_id.startswith("SM")
    assert len(sent(sandbox)) == 1


def test_a_message_that_a_failing_twilio_may_have_taken_is_looked_for(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("answer", protocol="twilio", stage="SEND", code=500)
    assert attempted(queue(twilio, person)).state == MessageState.UNKNOWN


def test_a_message_that_twilio_never_got_is_sent_after_two_looks(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=False)
    message = attempted(queue(twilio, person))
    assert message.state == MessageState.UNKNOWN
    make_due([message])
    assert recovery.look() == {Found.NOT_KNOWN: 1}  # it may still arrive
    for _look in range(2):
        lose(message)
        recovery.look()
    assert attempted(message).state == MessageState.SENT
    assert len(sent(sandbox)) == 1


def test_an_earlier_message_with_the_same_words_is_not_taken_for_the_lost_one(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    assert attempted(queue(twilio, person)).state == MessageState.SENT
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=False)
    message = attempted(queue(twilio, person))
    lose(message)
    assert SMS.find(twilio, [stored(message)]) == {message.pk: Found.NOT_SENT}


def test_a_message_that_twilio_lists_with_other_words_leaves_the_question_open(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=False)
    message = attempted(queue(twilio, person, body="“Hello”"))
    # As Twilio's smart encoding would have made it.
    Twilio(twilio).hand_over({"To": PERSON, "From": SMS_NUMBER, "Body": '"Hello"'})
    lose(message)
    assert SMS.find(twilio, [stored(message)]) == {message.pk: Found.NOT_KNOWN}


def test_a_report_settles_a_message_whose_answer_was_lost(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue, reported: Reports
) -> None:
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=True)
    message = attempted(queue(twilio, person))
    assert set(reported.deliver()) == {204}
    sandbox.fault("answer", protocol="twilio", stage="LIST", code=500)
    recovery.look()
    assert stored(message).state == MessageState.SENT
    assert len(sent(sandbox)) == 1


def test_a_message_that_was_reported_is_not_handed_over_again(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    message = queue(twilio, person)
    with platform_context(tenant_id=twilio.tenant_id):
        Message.objects.filter(pk=message.pk).update(provider_id="SM-reported")
    assert attempted(message).state == MessageState.SENT
    assert sent(sandbox) == []


def test_two_lost_messages_with_the_same_words_need_two_of_twilios(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    messages = [queue(twilio, person), queue(twilio, person)]
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=True)
    sandbox.fault("drop", protocol="twilio", stage="SEND", accepted=False)
    for _run in range(2):
        worker.send_due(CHANNEL)
        make_due([each for each in messages if stored(each).state == MessageState.QUEUED])
        with platform_context(tenant_id=twilio.tenant_id):
            ChannelAccount.objects.update(next_send_at=None, failures=0)
    for message in messages:
        lose(message, minutes=6)
    found = SMS.find(twilio, [stored(each) for each in messages])
    assert sorted(found.values()) == [Found.NOT_SENT, Found.SENT]
