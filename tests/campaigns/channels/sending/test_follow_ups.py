"""A message that a server accepted is finished once: after a batch, or later if the sender or a feature failed."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.sending import recovery, worker
from campaigns.channels.sending.finishing import Accepted, finish
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageState
from lad.tenancy.context import platform_context, tenant_context
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import states
from tests.campaigns.channels.sending.test_faults import Killed, lose_leases
from tests.factories.campaigns import CampaignFactory, CampaignLeadActivityFactory, CampaignLeadFactory
from tests.support.concurrency import run_together
from tests.support.database import stored
from tests.support.sandbox import Sandbox


@pytest.fixture
def told() -> Iterator[Counter[Any]]:
    """How often a feature was told of each message."""
    found: Counter[Any] = Counter()
    hook = hooks.on_settled(lambda messages: found.update(message.pk for message in messages))
    yield found
    hooks._settled.remove(hook)


def send_and_die(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send what is due, and die before what was accepted is finished."""

    def die(_accepted: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(worker, "finish", die)
        with pytest.raises(Killed):
            worker.send_due()


def let_time_pass() -> None:
    with platform_context():
        Message.objects.filter(follow_up_due_at__isnull=False).update(follow_up_due_at=timezone.now())


def due_again(messages: list[Message]) -> list[bool]:
    return [stored(each).follow_up_due_at is not None for each in messages]


def test_what_a_dead_sender_left_is_finished_once(
    sandbox: Sandbox, account: EmailAccount, queue: Any, told: Counter[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 3)
    send_and_die(monkeypatch)
    assert states(messages) == [MessageState.SENDING] * 3
    accepted = [stored(each).accepted_at for each in messages]
    assert None not in accepted
    # Its sender may still live.
    assert recovery.recover()["finished"] == 0
    lose_leases()
    with platform_context():
        assert recovery.has_work()
    found = recovery.recover()
    assert (found["finished"], found["untouched"], found["unknown"]) == (3, 0, 0)
    assert recovery.recover()["finished"] == 0
    assert states(messages) == [MessageState.SENT] * 3
    assert [stored(each).occurred_at for each in messages] == accepted
    assert told == {message.pk: 1 for message in messages}
    assert len(sandbox.log("submission")) == 3


def test_what_was_accepted_is_finished_although_its_account_was_deleted(
    sandbox: Sandbox, account: EmailAccount, queue: Any, told: Counter[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = queue(account)
    send_and_die(monkeypatch)
    with platform_context():
        Message.objects.filter(pk=message.pk).update(email_account=None)
    lose_leases()
    assert recovery.recover()["finished"] == 1
    assert (stored(message).state, told[message.pk]) == (MessageState.SENT, 1)


@pytest.mark.django_db(transaction=True)
def test_two_who_finish_the_same_messages_do_so_once(
    sandbox: Sandbox, account: EmailAccount, queue: Any, told: Counter[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 5)
    send_and_die(monkeypatch)
    accepted = [Accepted(row, row.accepted_at) for row in map(stored, messages)]
    assert run_together(lambda: finish(accepted), lambda: finish(accepted[::-1])) == [None, None]
    assert states(messages) == [MessageState.SENT] * 5
    assert told == {message.pk: 1 for message in messages}


def test_a_feature_that_fails_for_one_message_is_told_of_the_others_and_of_that_one_later(
    sandbox: Sandbox, account: EmailAccount, queue: Any, told: Counter[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = queue(account, 5)

    def fail(settled: Any) -> None:
        if messages[1].pk in {message.pk for message in settled}:
            raise RuntimeError

    hooks._settled.insert(0, fail)
    try:
        assert worker.send_due() == {"sent": 5}
        let_time_pass()
        recovery.recover()
        assert due_again(messages) == [False, True, False, False, False]
        assert stored(messages[1]).follow_up_due_at > timezone.now()
    finally:
        hooks._settled.remove(fail)
    assert messages[1].pk not in told
    let_time_pass()
    recovery.recover()
    assert told == {message.pk: 1 for message in messages}


def test_a_message_that_was_sent_keeps_its_activity_when_its_campaign_is_stopped(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaign: Campaign = CampaignFactory.create(status=CampaignStatus.RUNNING)
        enrolments = [CampaignLeadFactory.create(campaign=campaign) for _ in range(2)]
        activities = [
            CampaignLeadActivityFactory.create(campaign=campaign, campaign_lead=each, status=ActivityStatus.QUEUED)
            for each in enrolments
        ]
    for activity in activities:
        queue(account, campaign_id=campaign.pk, campaign_lead_id=activity.campaign_lead_id, activity_id=activity.pk)
    send_and_die(monkeypatch)
    with tenant_context(tenant.pk):
        lifecycle.stop(campaign=campaign, actor=None)
    lose_leases()
    recovery.recover()
    with platform_context():
        found = CampaignLeadActivity.objects.filter(pk__in=[each.pk for each in activities])
        assert list(found.values_list("status", flat=True)) == [ActivityStatus.SENT] * 2
