"""Twilio reports everything once, also to a LAD that does not answer. What was lost is read, and recorded once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.channels import polling
from campaigns.channels.polling import poll_due
from campaigns.channels.sending import worker
from campaigns.channels.sending.account_kinds import CHANNEL
from campaigns.channels.sms.catching_up import catch_up
from campaigns.messages.models import Message, MessageEvent, MessageKind
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead
from tests.campaigns.channels.texting import ACCOUNT_SID, AUTH_TOKEN, PERSON, Reports, write
from tests.factories.campaigns import ChannelAccountFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
SERVICE = "MG00000000000000000000000000000001"
Queue = Callable[..., Message]


def received(account: ChannelAccount) -> list[Message]:
    with tenant_context(account.tenant_id):
        return list(Message.objects.filter(direction="inbound").order_by("occurred_at", "provider_id"))


def age(message: Message, account: ChannelAccount, delta: timedelta) -> None:
    """Let the message have been sent so long ago, and the account be read last a quarter of an hour ago."""
    now = timezone.now()
    with platform_context(tenant_id=account.tenant_id):
        Message.objects.filter(pk=message.pk).update(occurred_at=now - delta)
        ChannelAccount.objects.filter(pk=account.pk).update(caught_up_at=now - timedelta(minutes=15))


def happened(message: Message) -> list[str]:
    with tenant_context(message.tenant_id):
        return list(MessageEvent.objects.filter(message=message.pk).values_list("kind", flat=True))


def test_what_was_not_reported_is_heard_once(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports
) -> None:
    write(sandbox, twilio, "Yes, call me on Monday")
    [lost] = reported.take()
    assert catch_up(stored(twilio)) == 1
    [found] = received(twilio)
    assert (found.body, found.kind, found.lead_id) == ("Yes, call me on Monday", MessageKind.REPLY, person.pk)
    assert reported.deliver([lost]) == [204]
    assert catch_up(stored(twilio)) == 0
    assert len(received(twilio)) == 1


def test_a_stop_that_was_not_reported_is_heeded(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports
) -> None:
    write(sandbox, twilio, "STOP")
    reported.take()
    assert poll_due() == 1
    with tenant_context(twilio.tenant_id):
        assert [each.lead_id for each in Suppression.objects.filter(channel="sms")] == [person.pk]


def test_accounts_are_read_every_few_minutes(sandbox: Sandbox, twilio: ChannelAccount) -> None:
    assert poll_due() == 1
    following = stored(twilio).next_poll_at
    assert following is not None
    assert timedelta(minutes=9) < following - timezone.now() < timedelta(minutes=16)
    assert poll_due() == 0


def test_all_accounts_that_are_due_are_read_in_one_run(
    sandbox: Sandbox, twilio: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "MOST_ACCOUNTS", 1)
    values = {"provider": "twilio", "provider_parent_id": ACCOUNT_SID, "secret": AUTH_TOKEN}
    with platform_context(tenant_id=twilio.tenant_id):
        for number in range(2):
            ChannelAccountFactory.create(
                channel="sms", provider_account_id=f"+1202555011{number}", base_url=twilio.base_url, **values
            )
    assert poll_due() == 3
    assert poll_due() == 0


def test_a_messaging_service_reads_its_own_messages_only(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports
) -> None:
    with platform_context(tenant_id=twilio.tenant_id):
        service: ChannelAccount = ChannelAccountFactory.create(
            channel="sms",
            provider="twilio",
            provider_account_id=SERVICE,
            provider_parent_id=ACCOUNT_SID,
            base_url=twilio.base_url,
            secret=AUTH_TOKEN,
        )
    write(sandbox, twilio, "To the number")
    body = {"account": ACCOUNT_SID, "to": SERVICE, "person": PERSON, "text": "To the service"}
    sandbox.call("POST", "/twilio/write", json=body)
    reported.take()
    assert catch_up(stored(service)) == 1
    assert [each.body for each in received(service)] == ["To the service"]


def test_an_account_whose_token_is_refused_stops_and_says_so(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead
) -> None:
    with platform_context(tenant_id=twilio.tenant_id):
        twilio.secret = "wrong"
        twilio.save(update_fields=["secret"])
    assert poll_due() == 0
    after = stored(twilio)
    assert after.status != AccountStatus.ACTIVE
    assert after.status_reason


@pytest.mark.parametrize("after", [timedelta(hours=1), timedelta(days=1)])
def test_what_became_of_a_message_is_asked_for_where_it_was_not_reported(
    after: timedelta, sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    sent = queue(twilio, person)
    worker.send_due(CHANNEL)
    lost = reported.take(minutes=1)
    catch_up(stored(twilio))
    assert happened(sent) == []
    age(sent, twilio, after + timedelta(minutes=5))
    catch_up(stored(twilio))
    assert happened(sent) == ["delivered"]
    reported.deliver(lost)
    assert happened(sent) == ["delivered"]


def test_a_number_that_does_not_exist_is_learned_without_a_report(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    sandbox.call("POST", "/networks/people", json={"identifier": PERSON, "behaviour": "wrong_number"})
    sent = queue(twilio, person)
    worker.send_due(CHANNEL)
    reported.take(minutes=1)
    age(sent, twilio, timedelta(minutes=70))
    catch_up(stored(twilio))
    assert happened(sent) == ["bounced"]
    with tenant_context(twilio.tenant_id):
        assert [each.reason for each in Suppression.objects.filter(channel="sms")] == ["bounced"]


def test_twilio_is_asked_twice_and_not_about_what_it_reported(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, reported: Reports, queue: Queue
) -> None:
    settled, silent = queue(twilio, person), queue(twilio, person)
    worker.send_due(CHANNEL)
    with tenant_context(twilio.tenant_id):
        sid = Message.objects.get(pk=settled.pk).provider_id
    reported.deliver([each for each in reported.take(minutes=1) if each.form()["MessageSid"] == sid])
    assert happened(settled) == ["delivered"]
    for minutes in (50, 70, 90, 23 * 60, 24 * 60 + 10, 24 * 60 + 30, 72 * 60):
        for each in (settled, silent):
            age(each, twilio, timedelta(minutes=minutes))
        with platform_context(tenant_id=twilio.tenant_id):
            # Forget what the run before has learned.
            MessageEvent.objects.filter(message=silent.pk).delete()
        catch_up(stored(twilio))
    requests = [entry["request"] for entry in sandbox.log("network_request")]
    assert requests.count("GET /{account}/Messages/{sid}") == 2


def test_a_message_that_twilio_has_forgotten_changes_nothing(
    sandbox: Sandbox, twilio: ChannelAccount, person: Lead, queue: Queue
) -> None:
    sent = queue(twilio, person)
    worker.send_due(CHANNEL)
    with platform_context(tenant_id=twilio.tenant_id):
        Message.objects.filter(pk=sent.pk).update(provider_id="SM-of-long-ago")
    age(sent, twilio, timedelta(minutes=70))
    assert poll_due() == 1
    assert happened(sent) == []
    assert stored(twilio).status == AccountStatus.ACTIVE
