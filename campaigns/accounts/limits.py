"""How much an account on a network may do, by action, on a day and in seven days.

The smallest of three limits holds: the account's own or LAD's careful one, what the ramp-up of a new account allows,
and what the network showed when the account met its limit. A learned limit is forgotten after a while.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from campaigns.accounts.models import ActionCount, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.pacing import LONGEST_RAMP_UP_DAYS, RAMP_UP_GROWTH, day_of, next_day
from campaigns.messages.models import Action
from lad.db.identifiers import uuid7
from lad.db.queries import execute
from leads.channels import Channel

WEEK: Final = timedelta(days=7)
LEARNED_HOLDS: Final = timedelta(days=30)
# Less would stop the account, and the network's limits are hardly lower.
SMALLEST_LEARNED_WEEK: Final = 20
SMALLEST_LEARNED_DAY: Final = 5
# A new account does this share of its limits on its first day, and more each day.
RAMP_UP_SHARE: Final = 0.2

COUNT: Final = """
INSERT INTO account_action_counts (id, tenant_id, account_id, action, day, taken)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, account_id, action, day)
DO UPDATE SET taken = account_action_counts.taken + excluded.taken, updated_at = statement_timestamp()
"""


class Source(StrEnum):
    """Where a limit comes from."""

    USUAL = "usual"
    OWN = "own"
    RAMP_UP = "ramp_up"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often an account may do an action. None means without limit."""

    day: int | None
    week: int | None = None
    source: Source = Source.USUAL


@dataclass(frozen=True, slots=True)
class Used:
    """How often an account did an action on the current day, and in the seven days that end with it."""

    today: int = 0
    week: int = 0


# Careful figures of Unipile's guide to limits; every account can have its own.
LINKEDIN: Final[Mapping[str, Allowance]] = {
    Action.INVITATION: Allowance(20, 100),
    Action.VISIT: Allowance(80),
    Action.PROFILE: Allowance(80),
    Action.MESSAGE: Allowance(100),
    Action.FOLLOW: Allowance(50),
    Action.LIKE: Allowance(50),
    Action.COMMENT: Allowance(20),
    Action.WITHDRAWAL: Allowance(50),
    Action.POST: Allowance(3),
}
INSTAGRAM: Final[Mapping[str, Allowance]] = {
    Action.MESSAGE: Allowance(40),
    Action.FOLLOW: Allowance(40),
    Action.LIKE: Allowance(60),
    Action.COMMENT: Allowance(20),
    Action.STORY_VIEW: Allowance(60),
    Action.POST: Allowance(3),
}
# A number that many people do not answer is banned, so a number without a contract does little.
WHATSAPP: Final[Mapping[str, Allowance]] = {Action.MESSAGE: Allowance(50)}
WHATSAPP_CLOUD: Final[Mapping[str, Allowance]] = {Action.MESSAGE: Allowance(250)}
SMS: Final[Mapping[str, Allowance]] = {Action.MESSAGE: Allowance(1_000)}
UNLIMITED: Final = Allowance(None)


def usual(account: NetworkAccount) -> Mapping[str, Allowance]:
    """Return LAD's careful limits for the account, by action."""
    if isinstance(account, LinkedinAccount):
        invitations = Allowance(account.daily_action_limit, account.default_weekly_limit, Source.OWN)
        return {**LINKEDIN, Action.INVITATION: invitations}
    assert isinstance(account, ChannelAccount)  # there are two kinds of accounts on networks
    if account.channel == Channel.WHATSAPP:
        return WHATSAPP_CLOUD if account.provider == "whatsapp_cloud" else WHATSAPP
    return SMS if account.channel == Channel.SMS else INSTAGRAM


def allowances(account: NetworkAccount, *, zone: str, now: datetime) -> dict[str, Allowance]:
    """Return how often the account may do each action on the current day of the time zone."""
    today = day_of(now, zone)
    found = dict(usual(account))
    for action, own in account.action_limits.items():
        before = found.get(action, UNLIMITED)
        found[action] = Allowance(own.get("day", before.day), own.get("week", before.week), Source.OWN)
    if account.ramp_up_from is not None:
        days = min(max((today - account.ramp_up_from).days, 0), LONGEST_RAMP_UP_DAYS)
        found = {action: _ramped_up(each, days) for action, each in found.items()}
    for action, learned in account.learned_limits.items():
        if learned.get("stated"):
            # The provider's own word, which is checked regularly.
            found[action] = _stated(found.get(action, UNLIMITED), learned)
        elif now - datetime.fromisoformat(learned["at"]) < LEARNED_HOLDS:
            found[action] = _learned(found.get(action, UNLIMITED), learned)
    return found


def used(account: NetworkAccount, *, zone: str, now: datetime) -> dict[str, Used]:
    """Return how often the account did each action of late, in one statement."""
    today = day_of(now, zone)
    found: dict[str, Used] = {}
    since = today - WEEK + timedelta(days=1)
    for action, day, taken in counts(account.pk).filter(day__gte=since).values_list("action", "day", "taken"):
        before = found.get(action, Used())
        found[action] = Used(before.today + (taken if day == today else 0), before.week + taken)
    return found


def counts(account_id: UUID) -> QuerySet[ActionCount]:
    """Return the counts of an account, of the current scope."""
    rows: QuerySet[ActionCount] = ActionCount.objects.filter(account_id=account_id)
    return rows


def left(account: NetworkAccount, *, zone: str, now: datetime) -> dict[str, int]:
    """Return how often the account may still do each limited action on the current day of the time zone."""
    done = used(account, zone=zone, now=now)
    room = {}
    for action, allowance in allowances(account, zone=zone, now=now).items():
        so_far = done.get(action, Used())
        limits = [(allowance.day, so_far.today), (allowance.week, so_far.week)]
        open_places = [limit - taken for limit, taken in limits if limit is not None]
        if open_places:
            room[action] = max(min(open_places), 0)
    return room


def count(account: NetworkAccount, day: date, actions: Mapping[str, int]) -> None:
    """Count actions of the account on a day."""
    for action, number in sorted(actions.items()):
        execute(COUNT, [uuid7(), account.tenant_id, account.pk, action, day, number])


def take_back(tenant_id: UUID, account_id: UUID, day: date, actions: Mapping[str, int]) -> None:
    """Take counted actions back that certainly did not happen."""
    rows = ActionCount.objects.filter(tenant=tenant_id, account_id=account_id, day=day)
    for action, number in sorted(actions.items()):
        rows.filter(action=action).update(taken=Greatest(F("taken") - number, 0))


def has_room_from(account: NetworkAccount, action: str, *, zone: str, now: datetime) -> datetime:
    """Return when an action that has no place on the current day has one again: a day or several later."""
    today = day_of(now, zone)
    allowance = allowances(account, zone=zone, now=now).get(action, UNLIMITED)
    rows = counts(account.pk).filter(action=action, day__gt=today - WEEK)
    taken: Counter[date] = Counter(dict(rows.values_list("day", "taken")))
    moment = next_day(now, zone)
    for offset in range(1, WEEK.days):
        # How much of the week is left on that day, when older days have dropped out of it.
        first = today + timedelta(days=offset) - WEEK
        in_week = sum(number for day, number in taken.items() if day > first)
        if allowance.week is None or in_week < allowance.week:
            return moment
        moment = next_day(moment, zone)
    return moment


def learn(account: NetworkAccount, *, action: str, period: str, zone: str, now: datetime) -> dict[str, Any]:
    """Return the account's learned limits after the network refused the action as too often in a day or a week."""
    done = used(account, zone=zone, now=now).get(action, Used())
    week = max(done.week, SMALLEST_LEARNED_WEEK)
    if period == "day":
        learned = {"day": max(done.today, SMALLEST_LEARNED_DAY)}
    else:
        learned = {"week": week, "day": max(week // WEEK.days, SMALLEST_LEARNED_DAY)}
    return {**account.learned_limits, action: {**learned, "at": now.isoformat()}}


def _ramped_up(allowance: Allowance, days: int) -> Allowance:
    if allowance.day is None:
        return allowance
    grown = max(int(allowance.day * min(RAMP_UP_SHARE * RAMP_UP_GROWTH**days, 1)), 1)
    return Allowance(grown, allowance.week, Source.RAMP_UP) if grown < allowance.day else allowance


def _stated(allowance: Allowance, learned: Mapping[str, Any]) -> Allowance:
    """Put the provider's limit in the place of LAD's careful one. What the account's people or a ramp-up say holds."""
    if allowance.source == Source.USUAL:
        return Allowance(learned.get("day"), learned.get("week"), Source.LEARNED)
    return _learned(allowance, learned)


def _learned(allowance: Allowance, learned: Mapping[str, Any]) -> Allowance:
    day, week = _smaller(allowance.day, learned.get("day")), _smaller(allowance.week, learned.get("week"))
    changed = (day, week) != (allowance.day, allowance.week)
    return Allowance(day, week, Source.LEARNED if changed else allowance.source)


def _smaller(one: int | None, other: int | None) -> int | None:
    given = [each for each in (one, other) if each is not None]
    return min(given) if given else None
