"""Everything that a campaign's analytics show, for all days or for some: exact at the moment it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.analytics.funnel import FACES, Funnel, funnel_of
from campaigns.analytics.measuring import Numbers, by, by_channel, measured
from campaigns.analytics.rates import Rate
from campaigns.design.models import Campaign
from campaigns.design.schedule import Tracking
from campaigns.enrolment.models import EnrolmentStatus
from campaigns.figures.models import Face, Milestone
from campaigns.figures.reading import EVERYTHING, Figures, Period, days, figures
from leads.channels import Channel

MAX_DAYS: Final = 731
SENT: Final = "message_sent"
# Milestones of each cohort and each day.
FOLLOWED: Final = (
    Milestone.CONTACTED,
    Milestone.DELIVERED,
    Milestone.OPENED,
    Milestone.CLICKED,
    Milestone.CONNECTED,
    Milestone.REPLIED,
    Milestone.INTERESTED,
    Milestone.BOOKED,
    Milestone.GOAL,
    Milestone.BOUNCED,
    Milestone.UNSUBSCRIBED,
)
COHORT_SHOWN: Final = (
    Milestone.CONTACTED,
    Milestone.REPLIED,
    Milestone.INTERESTED,
    Milestone.BOOKED,
    Milestone.GOAL,
    Milestone.UNSUBSCRIBED,
)


@dataclass(frozen=True, slots=True)
class ChannelNumbers:
    """What was sent on a channel, or from an account of it, and what became of it. Counts messages and calls."""

    channel: str
    label: str
    numbers: Numbers
    account_id: UUID | None = None

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Return the rates, each with what it is of."""
        return rates_of(self.numbers)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The leads with whom the campaign began in one week, and how many of them have reached each milestone since."""

    week: date
    started: int
    reached: dict[str, int]

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Return what tables show of it, as parts of those who began."""
        return tuple(
            Rate(each.value, str(each.label), self.reached[each], self.started, "begun") for each in COHORT_SHOWN
        )


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """How many leads reached each milestone on a day, and how many messages were sent."""

    day: date
    sent: int
    reached: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """The analytics of a campaign. ``is_behind`` says that changes or a recount are still to be counted."""

    period: Period
    funnel: Funnel
    rates: tuple[Rate, ...]
    totals: Numbers
    channels: tuple[ChannelNumbers, ...]
    accounts: tuple[ChannelNumbers, ...]
    cohorts: tuple[Cohort, ...]
    days: tuple[DayNumbers, ...]
    states: dict[str, int]
    is_behind: bool
    read_at: datetime = field(default_factory=timezone.now)


def report(campaign: Campaign, period: Period = EVERYTHING) -> Report:
    """Return the campaign's analytics. Runs at most eight statements, whatever the campaign's size.

    With a period, the funnel and the rates are about the leads first contacted in it, the numbers of steps, channels
    and accounts about what was sent in it. What those leads did later counts as well.
    """
    found = figures(campaign, [*FACES, Face.ACCOUNT, Face.COHORT], period)
    totals = Numbers()
    channels = by_channel(found)
    for each in channels.values():
        totals.add(each)
    shown = funnel_of(campaign, found, period)
    return Report(
        period=period,
        funnel=shown,
        rates=people_rates(found, totals, shown.tracking),
        totals=totals,
        channels=tuple(ChannelNumbers(key, str(Channel(key).label), numbers) for key, numbers in channels.items()),
        accounts=_accounts(campaign, found),
        cohorts=_cohorts(found),
        days=_days(campaign, period),
        states=_states(found),
        is_behind=shown.is_behind,
    )


def people_rates(found: Figures, totals: Numbers, tracking: Tracking) -> tuple[Rate, ...]:
    """Return the rates of people, each with what it is of. Each lead counts once."""
    number = {each: found.number(Face.PEOPLE, each) for each in Milestone}
    contacted = number[Milestone.CONTACTED]

    def of_contacted(milestone: Milestone, label: str) -> Rate:
        return Rate(milestone.value, label, number[milestone], contacted, "contacted")

    opened, delivered = number[Milestone.OPENED], number[Milestone.DELIVERED]
    rates = [of_contacted(Milestone.DELIVERED, "Delivered")]
    if tracking.opens or opened:
        rates.append(Rate("opened", "Opened", opened, delivered, "delivered"))
    if tracking.clicks or number[Milestone.CLICKED]:
        rates.append(Rate("clicked", "Clicked", number[Milestone.CLICKED], delivered, "delivered"))
    if totals.invited or totals.connected:
        # Of invitations, not of people: both count those to leads that have been deleted since.
        rates.append(Rate("connected", "Connected", totals.connected, totals.invited, "invitations"))
    rates += [
        of_contacted(Milestone.REPLIED, "Answered"),
        of_contacted(Milestone.INTERESTED, "Interested"),
        of_contacted(Milestone.BOOKED, "Booked"),
        of_contacted(Milestone.BOUNCED, "Bounced"),
        of_contacted(Milestone.UNSUBSCRIBED, "Unsubscribed"),
    ]
    return tuple(rates)


def rates_of(numbers: Numbers) -> tuple[Rate, ...]:
    """Return the rates of what was sent."""
    return (
        Rate("delivered", "Delivered", numbers.delivered, numbers.sent, "sent"),
        Rate("opened", "Opened", numbers.opened, numbers.delivered, "delivered"),
        Rate("clicked", "Clicked", numbers.clicked, numbers.delivered, "delivered"),
        Rate("replied", "Answered", numbers.replied, numbers.sent, "sent"),
        Rate("bounced", "Bounced", numbers.bounced, numbers.sent, "sent"),
    )


def _days(campaign: Campaign, period: Period) -> tuple[DayNumbers, ...]:
    """Return every day of the period in its order, those on which nothing happened as well.

    Without a period, or of a long one, they are the days from the first to the last on which something happened, at
    most MAX_DAYS of them.
    """
    shown = {SENT, *FOLLOWED}
    found = {day: numbers for day, numbers in days(campaign, period).items() if not shown.isdisjoint(numbers)}
    if not found:
        return ()
    since, until = period.since or min(found), period.until or max(found)
    if (until - since).days >= MAX_DAYS:
        since, until = max(since, min(found)), min(until, max(found))
        since = max(since, until - timedelta(days=MAX_DAYS - 1))
    number = (until - since).days + 1
    return tuple(_day(each, found.get(each, {})) for each in (since + timedelta(days=n) for n in range(number)))


def _day(day: date, numbers: dict[str, int]) -> DayNumbers:
    return DayNumbers(day, numbers.get(SENT, 0), {each.value: numbers.get(each, 0) for each in FOLLOWED})


def _cohorts(found: Figures) -> tuple[Cohort, ...]:
    weeks: dict[date, dict[str, int]] = {}
    for each in found.of(Face.COHORT):
        if each.day is not None:
            weeks.setdefault(each.day, {})[each.metric] = each.number
    return tuple(
        Cohort(week, reached.get(Milestone.STARTED, 0), {each.value: reached.get(each, 0) for each in FOLLOWED})
        for week, reached in sorted(weeks.items())
    )


def _states(found: Figures) -> dict[str, int]:
    return {each.value: found.number(Face.STATE, f"enrolment_{each}") for each in EnrolmentStatus}


def _accounts(campaign: Campaign, found: Figures) -> tuple[ChannelNumbers, ...]:
    groups = by(found.of(Face.ACCOUNT), lambda each: f"{each.account_id}")
    names = _names(campaign, [UUID(key) for key in groups])
    rows = []
    for key, counts in groups.items():
        account_id, channel = UUID(key), counts[0].channel
        numbers = measured(counts)
        if numbers != Numbers():
            rows.append(ChannelNumbers(channel, names.get(account_id, "Deleted account"), numbers, account_id))
    return tuple(sorted(rows, key=lambda row: (-row.numbers.sent, row.channel, row.label)))


def _names(campaign: Campaign, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of accounts of the tenant. Runs one statement for each kind of account."""
    if not ids:
        return {}
    found: dict[UUID, str] = {}
    for model, name in ((EmailAccount, "email"), (LinkedinAccount, "account_name"), (ChannelAccount, "account_name")):
        rows = model.all_objects.filter(tenant=campaign.tenant_id, pk__in=ids)
        found |= {key: str(text) for key, text in rows.values_list("pk", name)}
    return found
