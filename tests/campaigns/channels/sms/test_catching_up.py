"""Twilio reports a message once, also to a LAD that does not answer. What was lost is read, and heard once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.channels import polling
from campaigns.channels.polling import poll_due
from campaigns.channels.sms.catching_up import catch_up
from campaigns.messages.models import Message, MessageKind
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import Suppression
from leads.contacts.models import Lead
from tests.campaigns.channels.texting import ACCOUNT_SID, AUTH_TOKEN, PERSON, Reports, write
from tests.factories.campaigns import ChannelAccountFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
SERVICE = "MG00000000000000000000000000000001"


def received(account: ChannelAccount) -> list[Message]:
    with tenant_context(account.tenant_id):
        return list(Message.objects.filter(direction="inbound").order_by("occurred_at", "provider_id"))


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
