"""How often a lead may be contacted."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from leads.contactability.calendar import start_of_day
from leads.contactability.decisions import Reason, ReasonCode
from leads.contactability.facts import Caps, Rules, TouchFact

WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


class _Limit(NamedTuple):
    times: Sequence[datetime]
    caps: Caps
    daily: ReasonCode
    weekly: ReasonCode


def free_from(
    at: datetime, touches: Sequence[TouchFact], channel: str, rules: Rules, zones: Sequence[ZoneInfo]
) -> tuple[datetime, list[Reason]]:
    """Return the first moment from ``at`` on at which no limit stands in the way, with the limits that did.

    A day is one of the lead's zone; a lead who may be in several has one in each.
    """
    reasons: list[Reason] = []
    moment = at
    while True:
        later, reason = _next_try(moment, touches, channel, rules, zones)
        if reason is None:
            return moment, reasons
        reasons.append(reason)
        moment = later


def _next_try(
    at: datetime, touches: Sequence[TouchFact], channel: str, rules: Rules, zones: Sequence[ZoneInfo]
) -> tuple[datetime, Reason | None]:
    """Return when the first limit that is reached ends, which is later than ``at``, and that limit."""
    for limit in _limits(touches, channel, rules):
        per_day, per_week = limit.caps
        if per_day is not None and len(limit.times) >= per_day:
            for zone in zones:
                day = at.astimezone(zone).date()
                if sum(each.astimezone(zone).date() == day for each in limit.times) >= per_day:
                    return start_of_day(day + _DAY, zone), Reason(limit.daily, str(per_day))
        if per_week is not None:
            recent = [each for each in limit.times if each > at - WEEK]
            if len(recent) >= per_week:
                return recent[len(recent) - per_week] + WEEK, Reason(limit.weekly, str(per_week))
    return at, None


def _limits(touches: Sequence[TouchFact], channel: str, rules: Rules) -> Iterator[_Limit]:
    caps = rules.caps.get(channel)
    if caps is not None:
        times = [each.at for each in touches if each.channel == channel]
        yield _Limit(times, caps, ReasonCode.CHANNEL_DAILY_LIMIT, ReasonCode.CHANNEL_WEEKLY_LIMIT)
    yield _Limit([each.at for each in touches], rules.total, ReasonCode.DAILY_LIMIT, ReasonCode.WEEKLY_LIMIT)
