"""Messages leave through the sandbox, each once, and no more than the account may send."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.accounts.pacing import limits_of, ramp_up_limit
from campaigns.channels.email.sending.transmission import SmtpSession
from campaigns.channels.sending import claims, orphans, worker
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from campaigns.enrolment.models import CampaignLead, EnrolmentStatus
from campaigns.messages import hooks, services
from campaigns.messages.models import Message, MessageState
from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactPolicy, LeadTouch, Suppression
from leads.contactability.services import suppress
from tenants.teams.models import Tenant
from tests.campaigns.channels.sending.conftest import SENDER, states
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory
from tests.support.database import stored
from tests.support.sandbox import Sandbox


@pytest.fixture
def settled() -> Iterator[list[Message]]:
    found: list[Message] = []
    hook = hooks.on_settled(found.extend)
    yield found
    hooks._settled.remove(hook)


def running(tenant: Tenant, **values: Any) -> Campaign:
    with platform_context(tenant_id=tenant.pk):
        return CampaignFactory.create(**{"status": CampaignStatus.RUNNING, **values})


def in_campaign(tenant: Tenant, campaign: Campaign) -> dict[str, Any]:
    with platform_context(tenant_id=tenant.pk):
        enrolment = CampaignLeadFactory.create(campaign=campaign, lead__email="enrolled@people.example")
    return {"campaign_id": campaign.pk, "campaign_lead_id": enrolment.pk, "lead_id": enrolment.lead_id}


def accepted(sandbox: Sandbox) -> list[str]:
    return [entry["message_id"] for entry in sandbox.log("submission")]


def test_queued_messages_are_sent_once_over_one_connection(
    sandbox: Sandbox, account: EmailAccount, queue: Any, settled: list[Message]
) -> None:
    messages = queue(account, 5)
    assert worker.send_due() == {"sent": 5}
    assert worker.send_due() == {}
    assert states(messages) == [MessageState.SENT] * 5
    assert sorted(accepted(sandbox)) == sorted(each.message_id for each in messages)
    assert len(sandbox.log("smtp-sign-in")) <= 1
    assert [each.state for each in settled] == [MessageState.SENT] * 5
    assert stored(account).sent_today == 5
    with platform_context():
        assert LeadTouch.objects.filter(source_id__in=[each.pk for each in messages]).count() == 5
    mail = sandbox.sent_to("person0@people.example")[0]
    expected = (messages[0].message_id, "Hello 0", f"Maya <{SENDER}>")
    assert (mail["Message-ID"], mail["Subject"], mail["From"]) == expected
    assert "List-Unsubscribe=One-Click" in mail["List-Unsubscribe-Post"]
    assert {"Auto-Submitted", "Precedence", "Bcc"}.isdisjoint(mail.keys())


def test_a_days_limit_postpones_and_never_fails(
    sandbox: Sandbox, tenant: Tenant, make_account: Any, policy: Any, queue: Any
) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Pacific/Auckland")
    account = make_account(daily_send_limit=3)
    messages = queue(account, 5)
    assert worker.send_due() == {"sent": 3}
    row, today = stored(account), timezone.now().astimezone(ZoneInfo("Pacific/Auckland")).date()
    assert (row.sent_today, row.last_reset_date) == (3, today)
    assert row.next_send_at.astimezone(ZoneInfo("Pacific/Auckland")).date() == today + timedelta(days=1)
    assert sorted(states(messages)) == [MessageState.QUEUED] * 2 + [MessageState.SENT] * 3
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(next_send_at=None, last_reset_date=today - timedelta(days=1))
    assert worker.send_due() == {"sent": 2}
    assert stored(account).sent_today == 2


def test_an_account_with_a_gap_sends_one_message_and_waits_a_while_longer_than_the_gap(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any
) -> None:
    account = make_account(min_gap_seconds=60)
    queue(account, 3)
    before = timezone.now()
    assert worker.send_due() == {"sent": 1}
    wait = stored(account).next_send_at - before
    assert timedelta(seconds=60) <= wait <= timedelta(seconds=95)
    assert len(accepted(sandbox)) == 1


def test_a_new_mailbox_sends_more_each_day() -> None:
    assert [ramp_up_limit(day) for day in (-3, 0, 1, 2, 7, 14)] == [10, 10, 12, 15, 41, 188]
    account = EmailAccount(daily_send_limit=100, ramp_up_from=date(2026, 3, 1), sent_today=9)
    # In Auckland the third of March has begun while the second lasts in UTC.
    now = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("UTC"))
    account.last_reset_date = date(2026, 3, 2)
    in_utc = limits_of(account, zone="UTC", now=now)
    in_auckland = limits_of(account, zone="Pacific/Auckland", now=now)
    assert (in_utc.allowed, in_utc.used, in_utc.left, in_utc.next_at) == (12, 9, 3, None)
    assert (in_auckland.allowed, in_auckland.used, in_auckland.ramping_up) == (15, 0, True)
    full = limits_of(
        EmailAccount(daily_send_limit=5, sent_today=5, last_reset_date=date(2026, 3, 2)), zone="UTC", now=now
    )
    assert (full.left, full.next_at) == (0, datetime(2026, 3, 3, tzinfo=ZoneInfo("UTC")))


def test_personal_messages_go_first_and_then_the_campaign_with_the_highest_priority(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any
) -> None:
    low, high = running(tenant, priority=1), running(tenant, priority=5)
    [last] = queue(account, campaign_id=low.pk)
    [second] = queue(account, campaign_id=high.pk)
    [first] = queue(account)
    worker.send_due()
    assert accepted(sandbox) == [first.message_id, second.message_id, last.message_id]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (CampaignStatus.PAUSED, MessageState.QUEUED),
        (CampaignStatus.STOPPED, MessageState.CANCELLED),
        (CampaignStatus.ARCHIVED, MessageState.CANCELLED),
    ],
)
def test_a_campaign_that_does_not_run_sends_nothing(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any, status: str, state: str
) -> None:
    messages = queue(account, campaign_id=running(tenant, status=status).pk)
    assert worker.send_due() == {}
    orphans.cancel_orphans()
    assert states(messages) == [state]
    assert accepted(sandbox) == []


def test_pausing_takes_effect_between_two_messages_of_a_batch(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = running(tenant)
    messages = queue(account, 3, campaign_id=campaign.pk)

    transmit: Callable[..., Any] = SmtpSession.send

    def pause_and_send(self: SmtpSession, *arguments: Any, **values: Any) -> Any:
        with tenant_context(tenant.pk):
            lifecycle.pause(campaign=campaign, actor=None)
        return transmit(self, *arguments, **values)

    monkeypatch.setattr(SmtpSession, "send", pause_and_send)
    assert worker.send_due() == {"sent": 1}
    assert sorted(states(messages)) == [MessageState.QUEUED] * 2 + [MessageState.SENT]
    assert stored(account).sent_today == 1
    with platform_context():
        assert LeadTouch.objects.count() == 1


def test_a_closed_enrolment_cancels_its_message(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any, settled: list[Message]
) -> None:
    values = in_campaign(tenant, running(tenant))
    messages = queue(account, **values)
    with platform_context():
        messages[0].campaign_lead.__class__.objects.filter(pk=values["campaign_lead_id"]).update(
            status=EnrolmentStatus.STOPPED
        )
    assert worker.send_due() == {}
    assert states(messages) == [MessageState.CANCELLED]
    assert [each.error for each in settled] == ["The lead's enrolment in the campaign has ended."]


def cancel(message: Message) -> None:
    services.cancel(reason="Nobody wants it any more.", message_ids=[message.pk])


def pause(message: Message) -> None:
    assert message.campaign is not None
    lifecycle.pause(campaign=message.campaign, actor=None)


def end_enrolment(message: Message) -> None:
    CampaignLead.objects.filter(pk=message.campaign_lead_id).update(status=EnrolmentStatus.STOPPED)


@pytest.mark.parametrize(
    ("after", "change", "state"),
    [
        ("due_messages", cancel, MessageState.CANCELLED),
        ("decide", pause, MessageState.QUEUED),
        ("decide", end_enrolment, MessageState.CANCELLED),
    ],
)
def test_what_changes_while_a_sender_chooses_its_messages_counts(
    sandbox: Sandbox,
    tenant: Tenant,
    account: EmailAccount,
    queue: Any,
    monkeypatch: pytest.MonkeyPatch,
    after: str,
    change: Callable[[Message], None],
    state: str,
) -> None:
    [message] = queue(account, **in_campaign(tenant, running(tenant)))
    choose: Callable[..., Any] = getattr(claims, after)

    def choose_and_change(*arguments: Any, **values: Any) -> Any:
        found = choose(*arguments, **values)
        change(message)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(claims, after, choose_and_change)
        assert worker.send_due() == {}
    assert worker.send_due() == {}
    assert states([message]) == [state]
    assert accepted(sandbox) == []


def test_a_message_to_a_deleted_lead_is_cancelled_and_says_so(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any
) -> None:
    [message] = queue(account)
    with platform_context(tenant_id=tenant.pk):
        writes.delete(message.lead)
    assert worker.send_due() == {}
    assert (stored(message).state, stored(message).error) == (MessageState.CANCELLED, "The lead was deleted.")
    assert accepted(sandbox) == []


def test_a_suspended_tenant_sends_nothing(sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any) -> None:
    messages = queue(account)
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(status="suspended")
    assert worker.send_due() == {}
    assert states(messages) == [MessageState.QUEUED]


def test_permission_is_asked_once_more_when_a_message_is_claimed(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any, settled: list[Message]
) -> None:
    refused, kept = queue(account, 2)
    with platform_context(tenant_id=tenant.pk):
        suppress(lead=refused.lead, channel="email", reason="unsubscribed", source="test")
        assert Suppression.objects.count() == 1
    assert worker.send_due() == {"sent": 1}
    assert states([refused, kept]) == [MessageState.CANCELLED, MessageState.SENT]
    assert "do-not-contact" in stored(refused).error
    assert stored(refused).decision["verdict"] == "refuse"
    assert {each.state for each in settled} == {MessageState.CANCELLED, MessageState.SENT}


def test_a_limit_of_the_lead_postpones_the_second_message(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, policy: ContactPolicy, queue: Any
) -> None:
    with platform_context():
        ContactPolicy.objects.filter(pk=policy.pk).update(max_per_day=1)
    [first] = queue(account)
    [second] = queue(account, lead_id=first.lead_id)
    assert worker.send_due() == {"sent": 1}
    assert states([first, second]) == [MessageState.SENT, MessageState.QUEUED]
    assert stored(second).next_attempt_at > timezone.now()


@pytest.mark.parametrize(
    "values",
    [
        {"is_active": False},
        {"status": EmailAccountStatus.SIGN_IN_FAILED},
        {"status": EmailAccountStatus.REVOKED},
        {"status": EmailAccountStatus.PAUSED},
        {"next_send_at": datetime(2100, 1, 1, tzinfo=ZoneInfo("UTC"))},
    ],
)
def test_an_account_that_may_not_send_lets_its_messages_wait(
    sandbox: Sandbox, make_account: Any, policy: Any, queue: Any, values: dict[str, Any]
) -> None:
    messages = queue(make_account(**values))
    assert worker.send_due() == {}
    with platform_context():
        assert not worker.has_work()
    assert states(messages) == [MessageState.QUEUED]


def test_a_message_goes_to_the_address_that_permission_was_asked_for(
    sandbox: Sandbox, tenant: Tenant, account: EmailAccount, queue: Any
) -> None:
    [message] = queue(account)
    with platform_context(tenant_id=tenant.pk):
        message.lead.__class__.objects.filter(pk=message.lead_id).update(email="moved@people.example")
    worker.send_due()
    assert [entry["recipient"] for entry in sandbox.log("submission")] == ["moved@people.example"]
