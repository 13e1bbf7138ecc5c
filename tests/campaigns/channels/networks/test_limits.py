"""What an account on a network may do: of a day, of a week, as learned, while it is new, and for one campaign."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.accounts.limits import allowances
from campaigns.accounts.models import AccountStatus, ActionCount, CampaignAccount, ChannelAccount, LinkedinAccount
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.protocol import Fate, Found, Limit, Result
from campaigns.channels.sending import recovery, worker
from campaigns.channels.sending.account_kinds import CHANNEL, LINKEDIN
from campaigns.design.models import CampaignStatus
from campaigns.messages.models import Action, Message, MessageKind, MessageState
from campaigns.network_contacts.models import NetworkContact, Relation
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection, LeadTouch
from tenants.teams.models import Tenant
from tests.campaigns.channels.networks.conftest import Recorder
from tests.campaigns.channels.sending.conftest import make_due, states
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory
from tests.support.database import stored

pytestmark = pytest.mark.django_db(transaction=True)
Q, S = MessageState.QUEUED, MessageState.SENT


def counted(account: Any, action: str) -> int:
    with platform_context():
        rows = ActionCount.objects.filter(account_id=account.pk, action=action)
        return sum(rows.values_list("taken", flat=True))


def count_before(account: Any, action: str, taken: int, *, days_ago: int) -> None:
    with platform_context(tenant_id=account.tenant_id):
        day = datetime.now(UTC).date() - timedelta(days=days_ago)
        ActionCount.objects.create(account_id=account.pk, action=action, day=day, taken=taken)


@pytest.fixture(autouse=True)
def utc(tenant: Tenant) -> None:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="UTC")


def test_a_day_s_limit_postpones_and_fails_nothing(
    recorder: Recorder, make_linkedin: Callable[..., LinkedinAccount], queue: Any
) -> None:
    account = make_linkedin(daily_action_limit=3)
    messages = queue(account, 5, action=Action.INVITATION)
    worker.send_due(LINKEDIN)
    assert states(messages) == [S, S, S, Q, Q]
    assert counted(account, Action.INVITATION) == stored(account).actions_today == len(recorder.given) == 3
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    waiting = [stored(each) for each in messages[3:]]
    assert {each.next_attempt_at.date() for each in waiting} == {tomorrow}
    assert all("limit of today" in each.error and each.tries == 0 for each in waiting)


def test_other_actions_go_on_while_one_is_full(
    recorder: Recorder, make_linkedin: Callable[..., LinkedinAccount], queue: Any
) -> None:
    account = make_linkedin(daily_action_limit=1)
    invitations = queue(account, 12, action=Action.INVITATION)
    visits = queue(account, 2, action=Action.VISIT)
    worker.send_due(LINKEDIN)
    assert states(invitations) == [S] + [Q] * 11
    assert states(visits) == [S, S]


def test_seven_days_have_a_limit_too(
    recorder: Recorder, make_linkedin: Callable[..., LinkedinAccount], queue: Any
) -> None:
    account = make_linkedin(daily_action_limit=10, default_weekly_limit=20)
    count_before(account, Action.INVITATION, 11, days_ago=6)
    count_before(account, Action.INVITATION, 8, days_ago=1)
    count_before(account, Action.INVITATION, 50, days_ago=7)
    messages = queue(account, 3, action=Action.INVITATION)
    worker.send_due(LINKEDIN)
    assert states(messages) == [S, Q, Q]
    # Tomorrow the day with eleven has dropped out.
    assert stored(messages[1]).next_attempt_at.date() == datetime.now(UTC).date() + timedelta(days=1)


def test_a_week_that_is_full_for_days_is_waited_for(
    recorder: Recorder, make_linkedin: Callable[..., LinkedinAccount], queue: Any
) -> None:
    account = make_linkedin(daily_action_limit=10, default_weekly_limit=20)
    count_before(account, Action.INVITATION, 20, days_ago=4)
    messages = queue(account, 1, action=Action.INVITATION)
    worker.send_due(LINKEDIN)
    assert states(messages) == [Q]
    assert stored(messages[0]).next_attempt_at.date() == datetime.now(UTC).date() + timedelta(days=3)


def test_what_the_network_refuses_is_learned_and_waits(
    recorder: Recorder, linkedin: LinkedinAccount, queue: Any
) -> None:
    count_before(linkedin, Action.INVITATION, 41, days_ago=2)
    messages = queue(linkedin, 4, action=Action.INVITATION)
    recorder.answers = [
        Result(Fate.SENT),
        Result(Fate.NOT_SENT, "The weekly limit is reached.", limit=Limit(Action.INVITATION, "week")),
    ]
    worker.send_due(LINKEDIN)
    assert states(messages) == [S, Q, Q, Q]
    account = stored(linkedin)
    assert account.status == AccountStatus.ACTIVE and account.failures == 0
    # The refused one does not count: it was not sent.
    assert account.learned_limits[Action.INVITATION]["week"] == 42
    assert counted(account, Action.INVITATION) == 42
    allowed = allowances(account, zone="UTC", now=timezone.now())[Action.INVITATION]
    assert (allowed.week, allowed.source) == (42, "learned")
    waiting = [stored(each) for each in messages[1:]]
    assert all(each.tries == 0 and each.next_attempt_at and each.next_attempt_at > timezone.now() for each in waiting)
    later = allowances(account, zone="UTC", now=timezone.now() + timedelta(days=31))[Action.INVITATION]
    assert later.week == account.default_weekly_limit


def test_the_providers_word_raises_lads_limit_and_not_ones_own(sms: ChannelAccount) -> None:
    now = timezone.now()
    sms.learned_limits = {"message": {"day": 5_000, "at": now.isoformat(), "stated": True}}
    assert allowances(sms, zone="UTC", now=now)[Action.MESSAGE].day == 5_000
    sms.action_limits = {"message": {"day": 30}}
    assert allowances(sms, zone="UTC", now=now)[Action.MESSAGE].day == 30


def test_a_new_account_begins_slowly(make_linkedin: Callable[..., LinkedinAccount]) -> None:
    now = timezone.now()
    account = make_linkedin(daily_action_limit=20, ramp_up_from=now.date() - timedelta(days=2))
    days = [allowances(account, zone="UTC", now=now + timedelta(days=each))[Action.INVITATION].day for each in range(9)]
    assert days == [6, 7, 9, 12, 15, 19, 20, 20, 20]


def test_a_campaign_s_own_share_holds_back_only_its_invitations(
    recorder: Recorder, linkedin: LinkedinAccount, queue: Any, tenant: Tenant
) -> None:
    with platform_context(tenant_id=tenant.pk):
        campaigns = [CampaignFactory.create(status=CampaignStatus.RUNNING) for _each in range(2)]
        for campaign, limit in zip(campaigns, (1, 10), strict=True):
            CampaignAccount.objects.create(
                campaign=campaign, linkedin_account=linkedin, daily_requests_limit=limit, tenant=tenant
            )
    made = []
    for campaign in campaigns:
        with platform_context(tenant_id=tenant.pk):
            type(campaign).objects.filter(pk=campaign.pk).update(
                config={"window": {"start": "00:00", "end": "23:59", "zone": "tenant"}, "working_days": EVERY_DAY}
            )
            places = [CampaignLeadFactory.create(campaign=campaign) for _each in range(3)]
            for place in places:
                url = f"https://www.linkedin.com/in/{place.lead_id}"
                type(place.lead).objects.filter(pk=place.lead_id).update(linkedin_url=url)
        for place in places:
            about = {"campaign_id": campaign.pk, "campaign_lead_id": place.pk, "lead_id": place.lead_id}
            made += queue(linkedin, 1, action=Action.INVITATION, **about)
    worker.send_due(LINKEDIN)
    assert states(made) == [S, Q, Q, S, S, S]
    with platform_context():
        used = CampaignAccount.objects.filter(linkedin_account=linkedin.pk).order_by("daily_requests_limit")
        assert list(used.values_list("daily_requests_used", flat=True)) == [1, 3]


EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def test_a_gap_is_kept(recorder: Recorder, make_linkedin: Callable[..., LinkedinAccount], queue: Any) -> None:
    account = make_linkedin(min_gap_seconds=60)
    messages = queue(account, 2)
    worker.send_due(LINKEDIN)
    assert states(messages) == [S, Q]
    rests_until = stored(account).next_send_at
    assert rests_until is not None and rests_until > timezone.now() + timedelta(seconds=55)


def test_only_words_count_as_a_contact(recorder: Recorder, linkedin: LinkedinAccount, queue: Any) -> None:
    [visit] = queue(linkedin, action=Action.VISIT)
    [message] = queue(linkedin)
    worker.send_due(LINKEDIN)
    assert states([visit, message]) == [S, S]
    with platform_context():
        touched = LeadTouch.objects.filter(direction=ContactDirection.OUTBOUND, channel=Channel.LINKEDIN)
        assert set(touched.values_list("source_id", flat=True)) == {message.pk}


def test_what_the_provider_calls_a_message_is_kept(recorder: Recorder, linkedin: LinkedinAccount, queue: Any) -> None:
    [invitation] = queue(linkedin, action=Action.INVITATION)
    with platform_context(tenant_id=linkedin.tenant_id):
        # The provider's report came before its answer.
        copy = Message.objects.create(
            lead_id=invitation.lead_id,
            linkedin_account=linkedin,
            channel=Channel.LINKEDIN,
            direction=ContactDirection.OUTBOUND,
            kind=MessageKind.OWN_COPY,
            state=MessageState.SENT,
            provider_id="message-7",
        )
    facts = {"provider_id": "message-7", "chat_id": "chat-7", "person_id": "person-7", "invitation_id": "i-7"}
    recorder.answers = [Result(Fate.SENT, facts=facts)]
    worker.send_due(LINKEDIN)
    assert stored(invitation).provider_id == "message-7"
    with platform_context():
        assert not Message.objects.filter(pk=copy.pk).exists()
        contact = NetworkContact.objects.get(lead=invitation.lead_id, linkedin_account=linkedin.pk)
    assert (contact.relation, contact.chat_id, contact.provider_id) == (Relation.INVITED, "chat-7", "person-7")
    assert contact.invited_at is not None and contact.invitation_id == "i-7"


def test_a_lost_answer_is_looked_for_before_anything_is_repeated(
    recorder: Recorder, sms: ChannelAccount, queue: Any
) -> None:
    messages = queue(sms, 2)
    recorder.answers = [Result(Fate.UNKNOWN, "The answer was lost."), Result(Fate.UNKNOWN, "The answer was lost.")]
    worker.send_due(CHANNEL)
    assert states(messages) == [MessageState.UNKNOWN] * 2
    recorder.found = {messages[0].pk: Found.SENT, messages[1].pk: Found.NOT_SENT}
    for _look in range(2):
        make_due([each for each in messages if stored(each).state == MessageState.UNKNOWN])
        recovery.recover()
    assert states(messages) == [S, Q]
    assert counted(sms, Action.MESSAGE) == 1
    worker.send_due(CHANNEL)
    assert states(messages) == [S, S]
    assert [each.pk for each in recorder.given] == [messages[0].pk, messages[1].pk, messages[1].pk]


def test_an_account_that_only_a_person_can_help_stops(
    recorder: Recorder, linkedin: LinkedinAccount, queue: Any
) -> None:
    messages = queue(linkedin, 2)
    recorder.trouble = AccountTrouble("Sign in to LinkedIn again.", AccountStatus.EXPIRED)
    worker.send_due(LINKEDIN)
    account = stored(linkedin)
    assert (account.status, account.status_reason) == (AccountStatus.EXPIRED, "Sign in to LinkedIn again.")
    assert states(messages) == [Q, Q]


def test_ten_failures_in_a_row_stop_an_account(recorder: Recorder, linkedin: LinkedinAccount, queue: Any) -> None:
    queue(linkedin, 12)
    recorder.answers = [Result(Fate.NOT_SENT, "It failed.", by_account=True) for _each in range(12)]
    worker.send_due(LINKEDIN)
    assert stored(linkedin).status == AccountStatus.ERROR
    assert len(recorder.given) == 10


def test_another_tenant_s_account_sends_nothing(recorder: Recorder, linkedin: LinkedinAccount, queue: Any) -> None:
    messages = queue(linkedin)
    with tenant_context(linkedin.tenant_id):
        LinkedinAccount.objects.filter(pk=linkedin.pk).update(is_active=False)
    worker.send_due(LINKEDIN)
    assert states(messages) == [Q] and not recorder.given
