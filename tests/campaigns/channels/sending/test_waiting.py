"""Messages that wait for a day of their campaign's limit, or for its hours.

The daily limit holds for the day on which a message leaves, not for the one on which it was queued.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.sending import claims, worker
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.enrolment.models import DailyCount
from campaigns.messages.models import Message, MessageState
from lad import writes
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactPolicy
from leads.contactability.services import decide
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory
from tests.support.database import stored

pytestmark = pytest.mark.django_db(transaction=True)
CAP = 2
EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@pytest.fixture
def today(tenant: Tenant) -> date:
    with platform_context():
        Tenant.objects.filter(pk=tenant.pk).update(timezone="UTC")
    return datetime.now(UTC).date()


@pytest.fixture
def campaign(tenant: Tenant, today: date) -> Campaign:
    with platform_context(tenant_id=tenant.pk):
        return CampaignFactory.create(
            status=CampaignStatus.RUNNING,
            config={
                "daily_cap": CAP,
                "working_days": EVERY_DAY,
                "window": {"start": "00:00", "end": "23:59", "zone": "tenant"},
            },
        )


@pytest.fixture
def queued(campaign: Campaign, account: EmailAccount, queue: Any, tenant: Tenant) -> Any:
    """``queued(number, counted_day)`` queues messages of the campaign to as many leads."""

    def queued(number: int, counted_day: date | None) -> list[Message]:
        made: list[Message] = []
        for each in range(number):
            with platform_context(tenant_id=tenant.pk):
                place = CampaignLeadFactory.create(campaign=campaign)
                type(place.lead).objects.filter(pk=place.lead_id).update(email=f"person{each}@people.example")
            values = {"campaign_id": campaign.pk, "campaign_lead_id": place.pk, "lead_id": place.lead_id}
            made += queue(account, counted_day=counted_day, **values)
        return made

    return queued


def sent(messages: list[Message]) -> list[Message]:
    found = [stored(each) for each in messages]
    return [each for each in found if each.state == MessageState.SENT]


def counted(campaign: Campaign) -> dict[date, int]:
    with platform_context():
        rows = DailyCount.objects.filter(campaign=campaign, kind=DailyCount.Kind.MESSAGES)
        return dict(rows.values_list("day", "taken"))


@pytest.mark.parametrize("days_ago", [1, None])
def test_messages_of_another_day_are_counted_when_they_leave(
    queued: Any, campaign: Campaign, today: date, days_ago: int | None
) -> None:
    messages = queued(2 * CAP + 1, days_ago and today - timedelta(days=days_ago))
    worker.send_due(seconds=30)
    assert len(sent(messages)) == CAP
    assert counted(campaign) == {today: CAP, today + timedelta(days=1): CAP, today + timedelta(days=2): 1}
    waiting = [each for each in map(stored, messages) if each.state == MessageState.QUEUED]
    assert len(waiting) == CAP + 1
    for each in waiting:
        assert each.error == "The campaign sends at most 2 messages a day."
        assert each.next_attempt_at == datetime.combine(each.counted_day, time(), UTC)
        assert each.counted_day > today


def test_messages_of_today_are_not_counted_again(queued: Any, campaign: Campaign, today: date) -> None:
    messages = queued(3, today)
    worker.send_due(seconds=30)
    assert len(sent(messages)) == 3
    assert counted(campaign) == {}


def test_a_place_that_was_booked_for_today_is_used(queued: Any, campaign: Campaign, today: date) -> None:
    """Other messages have taken today's places meanwhile."""
    with platform_context(tenant_id=campaign.tenant_id):
        DailyCount.objects.create(campaign=campaign, kind=DailyCount.Kind.MESSAGES, day=today, taken=CAP)
    late, booked = queued(2, today - timedelta(days=1))
    with platform_context():
        Message.objects.filter(pk=booked.pk).update(counted_day=today, next_attempt_at=timezone.now())
    worker.send_due(seconds=30)
    assert [each.pk for each in sent([late, booked])] == [booked.pk]
    assert counted(campaign) == {today: CAP, today + timedelta(days=1): 1}


def test_many_that_have_to_wait_hold_nobody_up_who_stands_behind_them(
    queued: Any, queue: Any, campaign: Campaign, account: EmailAccount, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim looks at two messages at most here. The run goes on with the next ones."""
    monkeypatch.setattr(claims, "LOOKED_AT_ONCE", 1)
    monkeypatch.setattr(claims, "MAX_LOOKED_AT", 2)
    with platform_context():
        EmailAccount.objects.filter(pk=account.pk).update(daily_send_limit=CAP + 1)
    waiting = queued(CAP + 9, None)
    with platform_context(tenant_id=campaign.tenant_id):
        other = CampaignFactory.create(status=CampaignStatus.RUNNING, config={"window": campaign.config["window"]})
        place = CampaignLeadFactory.create(campaign=other)
        type(place.lead).objects.filter(pk=place.lead_id).update(email="behind@people.example")
        Message.objects.filter(pk__in=[each.pk for each in waiting]).update(
            next_attempt_at=timezone.now() - timedelta(hours=1)
        )
    behind = queue(account, campaign_id=other.pk, campaign_lead_id=place.pk, lead_id=place.lead_id)
    worker.send_due(seconds=30)
    assert len(sent(waiting)) == CAP
    assert len(sent(behind)) == 1


def other_hours(campaign: Campaign) -> None:
    config = {**campaign.config, "window": {"start": "08:00", "end": "22:00", "zone": "tenant"}}
    writes.update(Campaign.objects.get(pk=campaign.pk), {"config": config})


def other_contact_hours(campaign: Campaign) -> None:
    writes.update(ContactPolicy.objects.get(), {"max_per_day": 9})


@pytest.mark.parametrize("change", [other_hours, other_contact_hours])
def test_other_hours_count_for_messages_that_wait_for_them(queued: Any, campaign: Campaign, change: Any) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    for_hours, for_server = queued(2, None)
    with platform_context():
        Message.objects.filter(pk=for_hours.pk).update(next_attempt_at=tomorrow, decision={"verdict": "defer"})
        Message.objects.filter(pk=for_server.pk).update(next_attempt_at=tomorrow, decision={"verdict": "allow"})
    with tenant_context(campaign.tenant_id):
        change(campaign)
    drain()
    assert stored(for_hours).next_attempt_at <= timezone.now()
    assert stored(for_server).next_attempt_at == tomorrow


def test_messages_with_the_same_hours_are_postponed_without_asking_about_each(
    queued: Any, campaign: Campaign, account: EmailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four leads in London and one in Sydney, two have to be asked about."""
    begins = 20 if timezone.now().hour < 12 else 5
    window = {"start": f"{begins:02}:00", "end": f"{begins + 1:02}:00", "zone": "tenant"}
    messages = queued(5, None)
    with platform_context():
        Campaign.objects.filter(pk=campaign.pk).update(config={**campaign.config, "window": window})
        EmailAccount.objects.filter(pk=account.pk).update(
            min_gap_seconds=1
        )  # so that a claim looks at one after another
        for message in messages:
            place = "Sydney, Australia" if message is messages[-1] else "London, United Kingdom"
            Lead.objects.filter(pk=message.lead_id).update(phone="", location=place)
    asked: list[UUID] = []

    def counting(*, lead_ids: Sequence[UUID], **values: Any) -> Any:
        asked.extend(lead_ids)
        return decide(lead_ids=lead_ids, **values)

    monkeypatch.setattr(claims, "decide", counting)
    monkeypatch.setattr(claims, "LOOKED_AT_ONCE", 1)
    worker.send_due(seconds=30)
    assert sorted(asked) == sorted(message.lead_id for message in messages)  # where they are was not known yet
    until = {stored(each).next_attempt_at for each in messages}
    with platform_context():
        Message.objects.filter(pk__in=[each.pk for each in messages]).update(next_attempt_at=timezone.now(), error="")
    asked.clear()
    worker.send_due(seconds=30)
    assert len(asked) == 2 and messages[-1].lead_id in asked
    for message in map(stored, messages):
        assert message.next_attempt_at in until
        assert "the campaign's hours are" in message.error
        assert message.decision["lead_id"] == str(message.lead_id)
