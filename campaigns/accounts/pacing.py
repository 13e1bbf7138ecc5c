"""How much an account may send on a day, and how long it waits between two messages."""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.accounts.models import EmailAccount, NetworkAccount

RAMP_UP_START: Final = 10
# The limit of a new mailbox grows by this share a day, and by a message at least.
RAMP_UP_GROWTH: Final = 1.25
# A gap is longer than the shortest one by up to this share, so that no receiver sees a machine's rhythm.
GAP_SPREAD: Final = 0.5
LONGEST_RAMP_UP_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an account may send on its current day, and when it may send next; None means now."""

    allowed: int
    used: int
    next_at: datetime | None = None
    ramping_up: bool = False

    @property
    def left(self) -> int:
        return max(self.allowed - self.used, 0)


def day_of(now: datetime, zone: str) -> date:
    """Return the day that it is in the time zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def next_day(now: datetime, zone: str) -> datetime:
    """Return when the next day begins in the time zone."""
    return datetime.combine(day_of(now, zone) + timedelta(days=1), time(), ZoneInfo(zone))


def ramp_up_limit(days: int) -> int:
    """Return how much a mailbox may send on a day that is so many days after the first of its ramp-up."""
    limit = RAMP_UP_START
    for _ in range(min(max(days, 0), LONGEST_RAMP_UP_DAYS)):
        limit = max(int(limit * RAMP_UP_GROWTH), limit + 1)
    return limit


def allowed_on(account: EmailAccount, day: date) -> int:
    """Return how much the account may send on a day: its limit, and less while it ramps up."""
    if account.ramp_up_from is None:
        return account.daily_send_limit
    return min(account.daily_send_limit, ramp_up_limit((day - account.ramp_up_from).days))


def limits_of(account: EmailAccount, *, zone: str, now: datetime) -> Limits:
    """Return the limits of the account's current day."""
    day = day_of(now, zone)
    allowed = allowed_on(account, day)
    used = account.sent_today if account.last_reset_date == day else 0
    later = account.next_send_at if account.next_send_at and account.next_send_at > now else None
    if used >= allowed:
        later = max(later, next_day(now, zone)) if later else next_day(now, zone)
    return Limits(allowed, used, later, ramping_up=allowed < account.daily_send_limit)


def gap(account: EmailAccount | NetworkAccount) -> timedelta:
    """Return the time until the account's next message: its shortest gap and a random part."""
    spread = 1 + random.uniform(0, GAP_SPREAD)  # noqa: S311  (spreads load, no secret)
    return timedelta(seconds=account.min_gap_seconds * spread)
