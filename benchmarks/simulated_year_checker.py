"""Check the sends of a simulated year against the facts of that year. Shares no code with LAD.

It knows what the simulation did (who was told to stop when, which hours apply) and what the recording channel was
given, and nothing of what LAD stored or decided.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)
ALL_DAYS = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of the day from which and before which sending is allowed, on which weekdays (0 for Monday).

    ``zone`` None means the lead's own zone.
    """

    start: int
    end: int
    days: frozenset[int] = ALL_DAYS
    zone: str | None = None
    skips_holidays: bool = True


@dataclass(frozen=True, slots=True)
class Lead:
    zone: str
    country: str
    address: str
    domain: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """``daily_cap`` counts messages in a day of the tenant."""

    hours: Hours
    tenant: str
    daily_cap: int | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """The policy of a tenant: quiet hours, and how often a lead is contacted in a day and in seven days."""

    zone: str
    quiet: Hours
    per_day: int
    per_week: int
    holidays: frozenset[tuple[date, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Account:
    tenant: str
    daily_limit: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``subject`` is what it is about.

    suppress, lift: a tenant and an address or domain, joined by a space. withdraw, consent: a lead. stop: a lead and
    a campaign, joined by a space. pause, resume: a campaign. disable, enable: an account.
    """

    at: datetime
    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Send:
    at: datetime
    lead: str
    campaign: str
    account: str
    address: str
    step: str
    message_id: str


@dataclass(slots=True)
class Record:
    """The facts of the year and the sends, in no particular order."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    send: Send
    detail: str


# Event: the set that its subject joins or leaves.
JOINS = {"suppress": "suppression", "withdraw": "consent", "stop": "stop", "pause": "pause", "disable": "account"}
LEAVES = {"lift": "suppression", "consent": "consent", "resume": "pause", "enable": "account"}


class Checker:
    """Reads events and sends in the order of time. An event counts for every send from its moment on."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.closed: Mapping[str, set[str]] = {name: set() for name in JOINS.values()}
        self.of_lead: dict[str, deque[datetime]] = defaultdict(deque)
        self.lead_days: dict[tuple[str, date], int] = defaultdict(int)
        self.campaign_days: dict[tuple[str, date], int] = defaultdict(int)
        self.account_days: dict[tuple[str, date], int] = defaultdict(int)
        self.steps: set[tuple[str, str, str]] = set()
        self.ids: set[str] = set()

    def violations(self) -> Iterator[Violation]:
        """Yield every rule that a send broke, the earliest send first."""
        events = deque(sorted(self.record.events, key=lambda event: event.at))
        for send in sorted(self.record.sends, key=lambda send: send.at):
            while events and events[0].at <= send.at:
                self._apply(events.popleft())
            for rule, detail in self._broken(send):
                yield Violation(rule, send, detail)

    def _apply(self, event: Event) -> None:
        if event.kind in JOINS:
            self.closed[JOINS[event.kind]].add(event.subject)
        else:
            self.closed[LEAVES[event.kind]].discard(event.subject)

    def _broken(self, send: Send) -> Iterator[tuple[str, str]]:
        lead = self.record.leads[send.lead]
        campaign = self.record.campaigns[send.campaign]
        tenant = self.record.tenants[campaign.tenant]
        if send.address != lead.address:
            yield "address", f"{send.address} is not the lead's address"
        for rule, hours in (("quiet hours", tenant.quiet), ("window", campaign.hours)):
            if why := _outside(hours, send.at, lead, tenant):
                yield rule, why
        for name, subjects in (
            ("suppression", (f"{campaign.tenant} {lead.address}", f"{campaign.tenant} {lead.domain}")),
            ("consent", (send.lead,)),
            ("stop", (f"{send.lead} {send.campaign}",)),
            ("pause", (send.campaign,)),
            ("account", (send.account,)),
        ):
            for subject in subjects:
                if subject in self.closed[name]:
                    yield name, f"{subject} was closed before"
        yield from self._counted(send, lead, campaign, tenant)

    def _counted(self, send: Send, lead: Lead, campaign: Campaign, tenant: Tenant) -> Iterator[tuple[str, str]]:
        """Count the send, and yield each limit that it exceeds."""
        here, there = send.at.astimezone(ZoneInfo(lead.zone)).date(), send.at.astimezone(ZoneInfo(tenant.zone)).date()
        account = self.record.accounts[send.account]
        for rule, days, key, limit in (
            ("lead a day", self.lead_days, (send.lead, here), tenant.per_day),
            ("campaign a day", self.campaign_days, (send.campaign, there), campaign.daily_cap),
            ("account a day", self.account_days, (send.account, there), account.daily_limit),
        ):
            days[key] += 1
            if limit is not None and days[key] > limit:
                yield rule, f"{days[key]} on {key[1]}, allowed are {limit}"
        recent = self.of_lead[send.lead]
        recent.append(send.at)
        while recent[0] <= send.at - WEEK:
            recent.popleft()
        if len(recent) > tenant.per_week:
            yield "lead a week", f"{len(recent)} in seven days, allowed are {tenant.per_week}"
        step = (send.lead, send.campaign, send.step)
        if step in self.steps or send.message_id in self.ids:
            yield "twice", f"step {send.step} or message {send.message_id} was sent before"
        self.steps.add(step)
        self.ids.add(send.message_id)


def _outside(hours: Hours, at: datetime, lead: Lead, tenant: Tenant) -> str:
    """Return why the moment is outside the hours, or an empty text."""
    local = at.astimezone(ZoneInfo(hours.zone or lead.zone))
    minute = local.hour * 60 + local.minute
    if not hours.start <= minute < hours.end:
        return f"{local:%H:%M} is outside {hours.start // 60:02}:{hours.start % 60:02} to {hours.end // 60:02}:00"
    if local.weekday() not in hours.days:
        return f"{local:%A} is closed"
    if hours.skips_holidays and tenant.holidays & {(local.date(), ""), (local.date(), lead.country)}:
        return f"{local.date()} is a holiday"
    return ""
