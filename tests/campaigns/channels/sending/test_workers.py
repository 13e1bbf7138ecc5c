"""Two workers at once, copies of sent messages, and the choice of accounts."""

from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.accounts import choose_accounts
from campaigns.channels.email.sending import copies
from campaigns.channels.sending import worker
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context
from leads.contactability.models import LeadTouch
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import SENDER, states
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, EmailAccountFactory
from tests.support.concurrency import run_together
from tests.support.database import stored
from tests.support.sandbox import Sandbox


def accepted(sandbox: Sandbox) -> list[str]:
    return [entry["message_id"] for entry in sandbox.log("submission")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once_and_keep_to_the_limit(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any
) -> None:
    accounts = [make_account(), make_account("ben@kestrel.example", daily_send_limit=15)]
    messages = [*queue(accounts[0], 30), *queue(accounts[1], 30)]
    results = run_together(lambda: worker.send_due(seconds=10), lambda: worker.send_due(seconds=10))
    # A worker that finds an account held by the other leaves it to that one.
    rest = worker.send_due()
    assert sum(each.get("sent", 0) for each in (*results, rest)) == 45
    assert len(set(accepted(sandbox))) == len(accepted(sandbox)) == 45
    assert [stored(each).sent_today for each in accounts] == [30, 15]
    assert states(messages).count(MessageState.QUEUED) == 15
    with platform_context():
        assert LeadTouch.objects.count() == 45


def copy_due(messages: list[Message]) -> None:
    with platform_context():
        Message.objects.filter(pk__in=[each.pk for each in messages]).update(copy_due_at=timezone.now())


def test_a_copy_is_put_into_the_mailbox_where_the_server_keeps_none(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any
) -> None:
    account = make_account(saves_sent=False)
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(saves_sent=None)
    messages = queue(account, 2, html="<p>How are <b>you</b>?</p>")
    worker.send_due()
    assert stored(messages[0]).copy_due_at is not None
    copy_due(messages)
    assert copies.make_copies() == 2
    assert stored(account).saves_sent is False
    kept = {mail["Message-ID"]: mail.as_bytes() for mail in sandbox.mails(SENDER, "Sent")}
    sent = {
        message.message_id: sandbox.sent(sandbox.submissions(message.message_id)[0].n).as_bytes()
        for message in messages
    }
    assert kept == sent
    copy_due(messages)
    copies.make_copies()
    assert len(sandbox.mails(SENDER, "Sent")) == 2


def test_a_server_that_keeps_copies_is_recognised(sandbox: Sandbox, make_account: Any, policy: Any, queue: Any) -> None:
    account = make_account(saves_sent=True)
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(saves_sent=None)
    [message] = queue(account)
    worker.send_due()
    copy_due([message])
    copies.make_copies()
    assert stored(account).saves_sent is True
    assert len(sandbox.mails(SENDER, "Sent")) == 1
    [next_one] = queue(account)
    worker.send_due()
    assert stored(next_one).copy_due_at is None


def test_a_copy_that_fails_repeats_no_message(sandbox: Sandbox, make_account: Any, policy: Any, queue: Any) -> None:
    account = make_account(saves_sent=False)
    [message] = queue(account)
    worker.send_due()
    sandbox.fault("drop", protocol="imap", stage="APPEND")
    copy_due([message])
    copies.make_copies()
    assert (stored(message).state, stored(message).copy_due_at > timezone.now()) == (MessageState.SENT, True)
    assert worker.send_due() == {}
    assert len(accepted(sandbox)) == 1


def test_accounts_are_kept_for_an_enrolment_and_shared_by_their_free_places(
    sandbox: Sandbox, tenant: Tenant, make_account: Any, policy: Any, queue: Any
) -> None:
    small, large = make_account(daily_send_limit=10), make_account("ben@kestrel.example", daily_send_limit=30)
    with platform_context(tenant_id=tenant.pk):
        EmailAccountFactory.create(is_active=False)
        campaign: Campaign = CampaignFactory.create(status=CampaignStatus.RUNNING)
        enrolments = [CampaignLeadFactory.create(campaign=campaign) for _ in range(12)]
        keys = [each.pk for each in enrolments]
    queue(small, lead_id=enrolments[0].lead_id, campaign_lead_id=keys[0], campaign_id=campaign.pk)
    with platform_context(tenant_id=tenant.pk):
        chosen = choose_accounts(campaign, keys)
        shares = [list(chosen.values()).count(each.pk) for each in (small, large)]
        assert chosen[keys[0]] == small.pk
        assert (shares, len(chosen)) == ([3, 9], 12)
        campaign.config = {"email_accounts": [str(large.pk)]}
        assert set(choose_accounts(campaign, keys[1:]).values()) == {large.pk}
        EmailAccount.objects.update(is_active=False)
        assert choose_accounts(campaign, keys) == {}
