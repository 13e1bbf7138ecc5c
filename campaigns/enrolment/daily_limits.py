"""Count the places of a campaign's daily limits: of messages, and of leads that start.

A campaign with a thousand waiting leads and a hundred messages a day books each waiting lead a day that still has a
place. Nobody is looked at again before that day, so that the work of a day does not grow with the backlog. A message
that is postponed to another day is counted in that one, when it is claimed.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from campaigns.enrolment.models import DailyCount
from lad.db.identifiers import TIME_ORDERED_UUID
from lad.db.queries import execute, rows
from leads.contactability.calendar import start_of_day

DAY: Final = timedelta(days=1)
# Who finds no place within this many days asks again then.
HORIZON_DAYS: Final = 90

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
TAKEN: Final = """
SELECT day, taken FROM campaign_daily_counts
WHERE tenant_id = %s AND campaign_id = %s AND kind = %s AND day BETWEEN %s AND %s
"""
TAKE: Final = f"""
INSERT INTO campaign_daily_counts AS counts (id, tenant_id, campaign_id, kind, day, taken, created_at, updated_at)
SELECT {TIME_ORDERED_UUID}, %s, %s, %s, day, number, clock_timestamp(), clock_timestamp()
FROM unnest(%s::date[], %s::int[]) AS wanted(day, number)
ON CONFLICT (tenant_id, campaign_id, kind, day) DO UPDATE SET taken = counts.taken + excluded.taken
WHERE counts.taken + excluded.taken <= %s
"""


class LimitExceeded(RuntimeError):
    """Places were taken that do not exist."""


def book(
    tenant_id: UUID, campaign_id: UUID, kind: DailyCount.Kind, *, number: int, limit: int, days: Iterator[date]
) -> list[date]:
    """Take places on the first days that have some, and return the day of each place, the earliest first.

    ``days`` are the days to try, in order. Returns fewer places if they hold no more. The campaign's counts stay
    locked until the transaction ends.
    """
    if number <= 0:
        return []
    candidates = list(days)
    execute(LOCK, [f"{campaign_id} {kind}"])
    found = rows(TAKEN, [tenant_id, campaign_id, kind, candidates[0], candidates[-1]]) if candidates else []
    taken: dict[date, int] = dict(found)
    places: list[date] = []
    for day in candidates:
        places += [day] * min(number - len(places), max(limit - taken.get(day, 0), 0))
        if len(places) == number:
            break
    if places:
        booked = sorted(set(places))
        numbers = [places.count(day) for day in booked]
        if execute(TAKE, [tenant_id, campaign_id, kind, booked, numbers, limit]) != len(booked):
            raise LimitExceeded(f"{numbers} places on {booked} are more than {limit}.")
    return places


def open_days(first: date, weekdays: frozenset[int]) -> Iterator[date]:
    """Yield the days within the horizon that are on one of the weekdays."""
    for offset in range(HORIZON_DAYS):
        day = first + DAY * offset
        if day.weekday() in weekdays:
            yield day


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the day of a moment in the zone."""
    return at.astimezone(zone).date()


def next_day(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day after that of the moment begins in the zone."""
    return start_of_day(local_day(at, zone) + DAY, zone)
