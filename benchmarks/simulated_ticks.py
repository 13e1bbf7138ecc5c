"""The moments of a simulated year at which something is done: many of them just before and after hours begin or end."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.simulated_year_checker import Hours, Record

PERIOD: Final = timedelta(hours=6)
SHORTEST: Final = timedelta(seconds=20)
# So many of the moments lie this close to a beginning or an end of hours.
SHARE_AT_EDGES: Final = 0.6
CLOSE: Final = timedelta(minutes=8)


class Ticks:
    """Chooses moments from the hours of campaigns and of tenants, in every zone in which they are kept."""

    def __init__(self, record: Record, chance: random.Random) -> None:
        zones = {lead.zone for lead in record.leads.values()}
        hours = [campaign.hours for campaign in record.campaigns.values()]
        hours += [tenant.quiet for tenant in record.tenants.values()]
        self._edges = sorted(_edges(hours, zones))
        self._chance = chance

    def after(self, now: datetime, *, due: datetime | None) -> datetime:
        """Return the next moment. It is not before ``due``, the moment at which LAD has something to do again."""
        usual = now + PERIOD * self._chance.uniform(0.5, 1.5)
        at = max(usual, due) if due else usual
        if self._chance.random() < SHARE_AT_EDGES:
            at = self._edge_after(at) + CLOSE * self._chance.uniform(-1, 1)
        return max(at, now + SHORTEST)

    def _edge_after(self, at: datetime) -> datetime:
        return min(moment for zone, minute in self._edges for moment in _moments(at, zone, minute) if moment >= at)


def _edges(hours: Iterable[Hours], zones: Iterable[str]) -> set[tuple[str, int]]:
    """Return zones with the minutes of the day at which hours begin or end there."""
    return {
        (zone, minute)
        for each in hours
        for zone in ([each.zone] if each.zone else zones)
        for minute in (each.start, each.end)
    }


def _moments(at: datetime, zone: str, minute: int) -> Iterator[datetime]:
    """Yield the moments at which clocks in the zone show that minute, today and tomorrow."""
    here = ZoneInfo(zone)
    clock = time(minute // 60, minute % 60)
    for days in (0, 1, 2):
        day = at.astimezone(here).date() + timedelta(days=days)
        yield datetime.combine(day, clock, here).astimezone(UTC)
