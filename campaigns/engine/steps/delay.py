"""Wait: so long after the step was entered, then until a weekday or a time of day if the step says so."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from campaigns.design.schedule import LEAD_ZONE, WEEKDAYS
from campaigns.engine.facts import Calendar, calendars
from campaigns.engine.graph import Step
from campaigns.engine.handlers import Context, handles
from campaigns.engine.outcomes import Advance, Outcome, Place, Wait
from campaigns.enrolment.reasons import EnrolmentReason
from leads.contactability.calendar import add_working_days, shows

DAY: Final = timedelta(days=1)


@handles("delay")
def wait(step: Step, places: Sequence[Place], context: Context) -> list[Outcome]:
    """Let those go on whose delay is over. Delays count from the step before: from the sending of a message."""
    zone = step.config.get("zone", LEAD_ZONE)
    found = calendars(places, context, zone=zone)
    outcomes: list[Outcome] = []
    for place in places:
        until = end_of_delay(step.config, place.entered_at, found[place.lead_id])
        if until <= context.now:
            outcomes.append(Advance(step.outcomes[0], at=until, metadata={"since": place.entered_at.isoformat()}))
        else:
            outcomes.append(Wait(until, EnrolmentReason.DELAY))
    return outcomes


def end_of_delay(config: Mapping[str, Any], start: datetime, calendar: Calendar) -> datetime:
    """Return when a delay ends that begins at ``start``.

    Days keep the time of day in the zone, whatever the clocks do; hours and minutes are elapsed time.
    """
    end = start
    if days := config.get("days", 0):
        if config.get("working_days"):
            end = add_working_days(end, days, calendar.zone, working=calendar.working_days, holidays=calendar.holidays)
        else:
            local = end.astimezone(calendar.zone)
            moments = shows(local.date() + DAY * days, local.time(), calendar.zone)
            end = moments[-1] if local.fold else moments[0]
    end += timedelta(hours=config.get("hours", 0), minutes=config.get("minutes", 0))
    if "until_weekday" in config or "until_time" in config:
        end = _until(config, end, calendar.zone)
    return end


def _until(config: Mapping[str, Any], start: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment from ``start`` on that is on the weekday, if one is given, and not before the time."""
    weekday = WEEKDAYS.index(config["until_weekday"]) if "until_weekday" in config else None
    clock = time.fromisoformat(config["until_time"]) if "until_time" in config else None
    first = start.astimezone(zone).date()
    for offset in range(15):
        day = first + DAY * offset
        if weekday is not None and day.weekday() != weekday:
            continue
        if clock is None:
            return max(start, _begins(day, zone))
        moment = next((each for each in shows(day, clock, zone) if each >= start), None)
        if moment is not None:
            return moment
    raise AssertionError("two weeks have every weekday twice")


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return shows(day, time(0), zone)[0]
