"""Say when the last first message of a campaign leaves, by its hours, days, limits and ramp-up."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from campaigns.accounts.limits import UNLIMITED, WEEK, allowances, counts
from campaigns.accounts.models import EmailAccount, NetworkAccount
from campaigns.accounts.pacing import GAP_SPREAD, allowed_on, limits_of
from campaigns.accounts.services import USABLE
from campaigns.channels.choosing import usable_accounts
from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign
from campaigns.design.schedule import LEAD_ZONE, TENANT_ZONE, Schedule, schedule_of
from campaigns.design.step_specs import channel_of, step_types
from campaigns.enrolment.models import EnrolmentStatus
from campaigns.messages.models import Action
from leads.channels import Channel
from leads.contactability.calendar import MIDNIGHT, Hours
from leads.contactability.models import ContactPolicy, Holiday
from leads.contactability.selectors import rules_of_policy

# Beyond this nobody plans a campaign.
HORIZON_DAYS: Final = 730
DAY: Final = timedelta(days=1)
NOON: Final = time(12)
SECONDS_PER_DAY: Final = 86_400


class Sender(Protocol):
    """An account, as far as its speed is concerned."""

    def room(self, day: date, seconds: float) -> int:
        """Return how much it can send on the day within so many open seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the first messages leave.

    ``per_day`` is the most on a full day, None if nothing limits it. ``last_day`` is None if the horizon has no room
    for all of them. ``limit`` names what is narrowest.
    """

    channel: Channel
    messages: int
    per_day: int | None
    first_day: date | None
    last_day: date | None
    limit: str


def forecast(campaign: Campaign, *, now: datetime) -> Forecast | None:
    """Return when the campaign's first messages leave; None without a step that sends, or without new leads."""
    graph = graph_of(campaign)
    found = _first_message(graph)
    waiting = campaign.enrolments.filter(status=EnrolmentStatus.PENDING).count()
    if found is None or not waiting:
        return None
    step, delay = found
    channel = channel_of(step.type)
    assert channel is not None  # it delivers something
    schedule, zone = schedule_of(campaign), ZoneInfo(campaign.tenant.timezone)
    begins = max(now, campaign.starts_at or now) + delay
    hours = _hours(campaign, schedule, zone, begins)
    action = Action.INVITATION if step.type == "linkedin_connect" else Action.MESSAGE
    senders = _senders(campaign, channel, action, schedule, zone, now)
    return _planned(channel, waiting, hours, senders, schedule, begins.astimezone(zone))


def _planned(
    channel: Channel,
    messages: int,
    hours: Collection[Hours],
    senders: Collection[Sender] | None,
    schedule: Schedule,
    begins: datetime,
) -> Forecast:
    caps = {"cap": schedule.daily_cap, "leads that may start": schedule.intake_per_day}
    own = min((value for value in caps.values() if value is not None), default=None)
    left, first, most, narrow = messages, None, 0, ""
    day = begins.date()
    for offset in range(HORIZON_DAYS):
        seconds = _open_seconds(hours, day, begins)
        room = None if senders is None else sum(each.room(day, seconds) for each in senders)
        able = 0 if not seconds else min((each for each in (room, own) if each is not None), default=left)
        if able:
            first = first or day
            if able > most and offset:
                most = able
            narrow = next((name for name, value in caps.items() if value == able), "accounts")
            left -= able
            if left <= 0:
                limited = own is not None or senders is not None
                return Forecast(channel, messages, max(most, able) if limited else None, first, day, narrow)
        day += DAY
    return Forecast(channel, messages, most, first, None, narrow)


def _first_message(graph: Graph) -> tuple[Step, timedelta] | None:
    """Return the first step on the usual way that reaches the lead, and how long the delays before it last."""
    step, delay, seen = graph.first, timedelta(), set()
    while step is not None and step.id not in seen:
        seen.add(step.id)
        if step.type in step_types and step_types.get(step.type).delivers:
            return step, delay
        if step.type == "delay":
            amounts = {name: step.config.get(name) or 0 for name in ("days", "hours", "minutes")}
            delay += timedelta(**amounts)
        step = graph.usual_next(step)
    return None


def _hours(campaign: Campaign, schedule: Schedule, zone: ZoneInfo, begins: datetime) -> list[Hours]:
    """Return the hours of the campaign and of the tenant's policy. Leads count as in the tenant's own zone."""
    tenant, window = campaign.tenant, schedule.window
    policy = ContactPolicy.objects.filter(tenant=campaign.tenant_id).first() or ContactPolicy()
    first = begins.astimezone(zone).date()
    rules = rules_of_policy(
        policy, zone=tenant.timezone, country=tenant.country, first_day=first, last_day=first + DAY * HORIZON_DAYS
    )
    closed = frozenset(rules.closed_in(tenant.country)) | _own_holidays(campaign, tenant.country)
    own_zone = zone if window.zone in (LEAD_ZONE, TENANT_ZONE) else ZoneInfo(window.zone)
    return [
        Hours(zone, rules.start, rules.end, rules.days, closed if rules.skips_holidays else frozenset()),
        Hours(own_zone, window.start, window.end, window.days, closed if window.skips_holidays else frozenset()),
    ]


def _own_holidays(campaign: Campaign, country: str) -> frozenset[date]:
    rows = Holiday.objects.filter(tenant=campaign.tenant_id, country__in={"", country})
    return frozenset(rows.values_list("day", flat=True))


def _open_seconds(hours: Iterable[Hours], day: date, begins: datetime) -> float:
    """Return how long the day is open after the beginning."""
    start, end = datetime.combine(day, MIDNIGHT, begins.tzinfo), datetime.combine(day + DAY, MIDNIGHT, begins.tzinfo)
    start = max(start, begins)
    for each in hours:
        if not each.open_on(day):
            return 0
        if each.end == each.start == MIDNIGHT:
            continue
        opens, closes = (datetime.combine(day, clock, each.zone) for clock in (each.start, each.end))
        if closes <= opens:
            closes = end if each.end == MIDNIGHT else closes + DAY
        start, end = max(start, opens), min(end, closes)
    return max((end - start).total_seconds(), 0)


@dataclass(frozen=True, slots=True)
class _Mailbox:
    account: EmailAccount
    used_today: int
    today: date

    def room(self, day: date, seconds: float) -> int:
        allowed = allowed_on(self.account, day) - (self.used_today if day == self.today else 0)
        return max(min(allowed, _by_gap(self.account.min_gap_seconds, seconds)), 0)


@dataclass(slots=True)
class _Network:
    """An account on a network. It is taken to do whatever it may, day after day."""

    account: NetworkAccount
    action: str
    zone: ZoneInfo
    taken: dict[date, int]

    def room(self, day: date, seconds: float) -> int:
        noon = datetime.combine(day, NOON, self.zone)
        allowance = allowances(self.account, zone=str(self.zone), now=noon).get(self.action, UNLIMITED)
        before = sum(number for taken, number in self.taken.items() if day - WEEK < taken < day)
        today = self.taken.get(day, 0)
        limits = [(allowance.day, today), (allowance.week, before + today)]
        able = [limit - used for limit, used in limits if limit is not None]
        room = max(min([*able, _by_gap(self.account.min_gap_seconds, seconds)]), 0)
        self.taken[day] = today + room
        return room


def _by_gap(gap: int, seconds: float) -> int:
    return int(seconds / max(gap * (1 + GAP_SPREAD / 2), 1)) + 1 if seconds else 0


def _senders(
    campaign: Campaign, channel: Channel, action: str, schedule: Schedule, zone: ZoneInfo, now: datetime
) -> list[Sender] | None:
    """Return the accounts that can send; None if the channel's accounts have no limits of their own here."""
    if channel == Channel.EMAIL:
        rows = EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True, status__in=USABLE)
        rows = rows.exclude(smtp_host="")
        if schedule.email_accounts:
            rows = rows.filter(pk__in=schedule.email_accounts)
        today = now.astimezone(zone).date()
        return [_Mailbox(row, limits_of(row, zone=str(zone), now=now).used, today) for row in rows]
    if channel == Channel.VOICE:
        return None
    since = now.astimezone(zone).date() - WEEK
    return [
        _Network(
            row, action, zone, dict(counts(row.pk).filter(action=action, day__gt=since).values_list("day", "taken"))
        )
        for row in usable_accounts(campaign, channel)
    ]
