"""When campaigns act: delays through clock changes, limits, exclusivity, and who begins when."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from campaigns.design.models import Campaign
from campaigns.design.schedule import Repetition, ReplyRule, schedule_of
from campaigns.engine.facts import Calendar
from campaigns.engine.steps.ab_split import variant_of
from campaigns.engine.steps.delay import end_of_delay
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services.enrolment import enrol
from campaigns.messages.models import MessageState
from lad import writes
from lad.db.identifiers import uuid7
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactDirection, ContactPolicy, Holiday
from leads.contacts.models import Lead
from leads.contacts.services import Touch, record_contacts
from tests.campaigns.engine.conftest import EMAIL, MORNING, Outreach
from tests.factories.campaigns import CampaignFactory

WRITE = ("Write", "email_send", EMAIL)
BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = frozenset(range(5))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("config", "start", "end"),
    [
        # Days keep the time of day through both changes of the clock; hours do not.
        ({"days": 1}, "2026-03-28T09:00", "2026-03-29T09:00"),
        ({"hours": 24}, "2026-03-28T09:00", "2026-03-29T10:00"),
        ({"days": 1}, "2026-10-24T09:00", "2026-10-25T09:00"),
        ({"hours": 24}, "2026-10-24T09:00", "2026-10-25T08:00"),
        # The clock skips this time: it is the first moment after it.
        ({"days": 1}, "2026-03-28T02:30", "2026-03-29T03:00"),
        # Working days leave out the weekend and the first of May.
        ({"days": 2, "working_days": True}, "2026-04-30T15:00", "2026-05-05T15:00"),
        ({"days": 1, "working_days": True, "hours": 1}, "2026-05-08T15:00", "2026-05-11T16:00"),
        ({"until_weekday": "tuesday", "until_time": "09:00"}, "2026-05-06T10:00", "2026-05-12T09:00"),
        ({"until_weekday": "wednesday", "until_time": "09:00"}, "2026-05-06T10:00", "2026-05-13T09:00"),
        ({"until_weekday": "wednesday"}, "2026-05-06T10:00", "2026-05-06T10:00"),
        ({"days": 1, "until_time": "09:00"}, "2026-05-06T10:00", "2026-05-08T09:00"),
        ({"until_time": "11:30"}, "2026-05-06T10:00", "2026-05-06T11:30"),
    ],
)
def test_a_delay_ends(config: Any, start: str, end: str) -> None:
    calendar = Calendar(BERLIN, WORKDAYS, frozenset({date(2026, 5, 1)}))
    assert end_of_delay(config, berlin(start), calendar) == berlin(end)


def test_a_split_is_even_and_always_the_same() -> None:
    step, keys = uuid7(), [uuid7() for _ in range(4_000)]
    drawn = [variant_of(key, step, [3, 1]) for key in keys]
    assert drawn == [variant_of(key, step, [3, 1]) for key in keys]
    assert 2_800 < drawn.count(0) < 3_200
    assert drawn != [variant_of(key, uuid7(), [3, 1]) for key in keys]


def test_a_schedule_has_defaults_and_reads_what_is_given() -> None:
    plain = schedule_of(Campaign(config={}))
    assert (plain.daily_cap, plain.tracking.opens, plain.stop.on_reply, plain.re_enrolment) == (
        None,
        False,
        ReplyRule.LEAD,
        Repetition.ONCE,
    )
    assert (plain.window.zone, len(plain.window.days)) == ("lead", 7)
    given = schedule_of(
        Campaign(config={"working_days": ["monday"], "window": {"start": "09:00", "zone": "tenant"}, "daily_cap": 5})
    )
    assert (given.window.days, given.window.start.hour, given.window.zone) == (frozenset({0}), 9, "tenant")
    assert given.daily_cap == 5


@pytest.mark.parametrize(
    "config",
    [
        {"daily_cap": 0},
        {"window": {"start": "9"}},
        {"window": {"colour": "red"}},
        {"stop": {"on_reply": "everybody"}},
        {"breaker": {"bounce_rate": 2}},
        {"email_accounts": ["mine"]},
    ],
)
def test_a_wrong_schedule_is_refused(config: Any, campaign: Campaign, call: Any) -> None:
    assert call("patch", "campaigns", campaign, body={"config": config}).status_code == 400


def test_a_window_postpones(outreach: Outreach, running: Any) -> None:
    [lead] = running(WRITE, config={"window": {"start": "13:00", "end": "15:00", "days": ["friday"], "zone": "lead"}})
    outreach.run()
    assert outreach.state(lead) == ("active", "Write", "outside_window")
    friday = datetime(2026, 5, 8, 9, tzinfo=UTC)
    assert outreach.due(lead) == friday
    assert outreach.reload().next_run_at == friday
    outreach.now = friday
    outreach.run()
    assert len(outreach.messages()) == 1


def is_due(outreach: Outreach, enrolment: CampaignLead) -> bool:
    """Return whether the engine looks at it now, by the real clock: events have no other."""
    due = outreach.due(enrolment)
    return due is not None and due <= timezone.now()


def test_other_contact_hours_count_for_those_who_wait(outreach: Outreach, running: Any) -> None:
    with outreach.inside():
        policy = writes.create(ContactPolicy, {"contact_from": time(14), "contact_until": time(20)})
    [lead] = running(WRITE)
    outreach.run()
    assert outreach.state(lead) == ("active", "Write", "quiet_hours")
    with outreach.inside():
        CampaignLead.objects.filter(pk=lead.pk).update(next_action_at=timezone.now() + timedelta(hours=9))
        writes.update(policy, {"contact_from": time(8)})
    drain()
    assert is_due(outreach, lead)


def test_a_holiday_that_is_none_any_more_ends_the_wait(
    outreach: Outreach, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait: they are woken a few at a time."""
    monkeypatch.setattr("campaigns.engine.events.WOKEN_AT_ONCE", 1)
    with outreach.inside():
        holiday = writes.create(Holiday, {"day": outreach.now.date(), "name": "Company day"})
    leads = running(WRITE, leads=2)
    outreach.run()
    assert {outreach.state(lead)[2] for lead in leads} == {"holiday"}
    with outreach.inside():
        CampaignLead.objects.update(next_action_at=timezone.now() + timedelta(hours=9))
        writes.delete(holiday)
    drain()
    assert all(is_due(outreach, lead) for lead in leads)


def test_who_is_never_open_is_looked_at_in_a_week_or_when_the_lead_changes(outreach: Outreach, running: Any) -> None:
    """The campaign's hours are night where the lead is."""
    [lead] = running(WRITE, config={"window": {"start": "02:00", "end": "04:00", "zone": "lead"}})
    outreach.run()
    assert outreach.state(lead) == ("active", "Write", "no_open_time")
    assert outreach.due(lead) == outreach.now + timedelta(days=7)
    with outreach.inside():
        CampaignLead.objects.update(next_action_at=timezone.now() + timedelta(days=7))
        writes.update(Lead.objects.get(pk=lead.lead_id), {"location": "Sydney, Australia"})
    drain()
    assert is_due(outreach, lead)


def test_a_daily_cap_books_a_day_for_everybody_once(outreach: Outreach, running: Any) -> None:
    leads = running(WRITE, leads=7, config={"daily_cap": 2, "working_days": ["wednesday", "thursday", "monday"]})
    outreach.run()
    assert len(outreach.messages()) == 2
    days = sorted(due.date() for lead in leads if (due := outreach.due(lead)))
    # Friday and the weekend are no days of the campaign.
    assert days == [date(2026, 5, 7)] * 2 + [date(2026, 5, 11)] * 2 + [date(2026, 5, 13)]
    sent = []
    for _day in range(8):
        outreach.deliver()
        outreach.now += timedelta(days=1)
        worked = outreach.run()
        sent.append(len(outreach.messages(MessageState.QUEUED)))
        # Only those with a place of this day are looked at, besides those whose message was sent.
        assert worked.handled <= 4
    assert sent == [2, 0, 0, 0, 2, 0, 1, 0]


def test_leads_begin_a_few_at_a_time(outreach: Outreach, running: Any) -> None:
    running(WRITE, ("Rest", "delay", {"days": 30}), leads=7, config={"intake_per_day": 3})
    assert outreach.run().handled == 3
    assert outreach.run(hours=2).handled == 0
    assert outreach.reload().execution_state == "sleeping_until_next_day"
    assert outreach.run(days=1).handled == 3
    assert outreach.run(days=1).handled == 1


def test_no_more_leads_are_active_than_the_campaign_wants(outreach: Outreach, running: Any) -> None:
    leads = running(WRITE, leads=5, config={"max_active": 2})
    outreach.run()
    assert [outreach.state(lead)[0] for lead in leads] == ["active", "active", "pending", "pending", "pending"]
    outreach.deliver()
    outreach.run(minutes=1)
    outreach.run(minutes=15)
    assert [outreach.state(lead)[0] for lead in leads] == ["completed", "completed", "active", "active", "pending"]


def test_a_lead_is_in_one_exclusive_campaign_at_a_time(outreach: Outreach, running: Any) -> None:
    [lead] = running(WRITE, ("Rest", "delay", {"days": 2}))
    outreach.run()
    with platform_context(tenant_id=outreach.tenant.pk):
        other = Outreach(outreach.tenant, CampaignFactory.create(config={"exclusive": True}))
    other.add(WRITE)
    with outreach.inside():
        enrol(campaign=other.campaign, leads=[lead.lead_id], actor=None, now=MORNING)
        second = CampaignLead.objects.get(campaign=other.campaign)
    other.start()
    other.run()
    assert other.state(second) == ("pending", "", "in_other_campaign")
    outreach.deliver()
    outreach.run(minutes=1)
    outreach.run(days=2)
    assert outreach.state(lead)[0] == "completed"
    other.now = outreach.now
    other.run(hours=6)
    assert other.state(second)[0] == "active"


def test_leads_that_were_contacted_lately_wait(outreach: Outreach, running: Any) -> None:
    [lead] = running(WRITE, config={"recent_touch_days": 10})
    yesterday = MORNING - timedelta(days=1)
    with outreach.inside():
        record_contacts([Touch(lead.lead_id, "voice", ContactDirection.OUTBOUND, yesterday, uuid7())])
    outreach.run()
    assert outreach.state(lead) == ("pending", "", "recent_touch")
    assert outreach.due(lead) == yesterday + timedelta(days=10)


@pytest.mark.parametrize(("rule", "again"), [("once", [0, 0]), ("not_while_active", [0, 1]), ("any", [1, 1])])
def test_leads_begin_again_as_the_campaign_wants(rule: str, again: Any, outreach: Outreach, running: Any) -> None:
    [lead] = running(WRITE, ("Rest", "delay", {"days": 2}), config={"re_enrolment": rule, "campaign_type": "inbound"})
    outreach.run()

    def enrolled() -> int:
        with outreach.inside():
            return enrol(campaign=outreach.campaign, leads=[lead.lead_id], actor=None, now=outreach.now).enrolled

    counts = [enrolled()]
    outreach.receive(lead)
    assert outreach.state(lead)[0] == ("stopped" if rule != "any" else "pending") or rule == "any"
    counts.append(enrolled())
    assert counts == again
    assert outreach.state(lead)[0] == ("pending" if again[1] else "stopped")


def test_refused_leads_are_left_out_and_counted(outreach: Outreach, call: Any) -> None:
    outreach.add(WRITE)
    first, second = outreach.enrol(2)
    with outreach.inside():
        address = Lead.objects.values_list("email", flat=True).get(pk=first.lead_id)
        CampaignLead.objects.all().delete()
    body = {"address": address, "channel": "email"}
    assert call("post", "suppressions", body=body).status_code == 201
    ids = [str(first.lead_id), str(second.lead_id)]
    outcome = call("post", "campaigns", outreach.campaign, "enrol", {"leads": ids}).json()
    assert (outcome["enrolled"], outcome["refused"]) == (1, {"suppressed": 1})
