"""What an agent may ask for while it talks: book an appointment, and agree on another call.

The analysis of the call meets the same booking: it moves it if the person said another time, and cancels it only after
a refusal.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from lad.errors import Invalid
from leads.contacts.models import Lead
from voice.analysis.reading import calendar, clock
from voice.analysis.reading.follow_ups import month_first
from voice.analysis.reading.words import Turn
from voice.callbacks.tools import Asked, tool
from voice.calls.models import CallLog
from voice.follow_ups import agreed
from voice.follow_ups.places import zone_of

LATEST: Final = timedelta(days=366)
ISO_DAY: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
CLOCK: Final = re.compile(r"^(\d{1,2}):(\d{2})$")
NOT_UNDERSTOOD: Final = "This time was not understood. Ask the person for the day and the time."
HAS_PASSED: Final = "This time has passed. Ask the person for a later one."
NOBODY: Final = "It is not known who this is, so nothing was booked. Somebody will follow up."
BOOKED: Final = "Booked for {when}."
BEHIND: Final = "That time is taken. Booked for {when} instead. Tell the person, and ask whether it suits them."


@tool("book_slot", "Book a time")
def book_slot(asked: Asked) -> str:
    """Book an appointment of whoever looks after the lead."""
    return _book(asked, is_meeting=True)


@tool("call_back", "Agree on another call")
def call_back(asked: Asked) -> str:
    """Book another call by the same agent."""
    return _book(asked, is_meeting=False)


def _book(asked: Asked, *, is_meeting: bool) -> str:
    call = asked.call
    lead = Lead.objects.filter(pk=call.lead_id).first() if call.lead_id else None
    if lead is None:
        return NOBODY
    zone = zone_of(call, lead)
    wanted = moment_of(asked.text("day", "date"), asked.text("time"), asked.now.astimezone(zone), _language(call))
    row = agreed.book_now(call, lead, wanted, zone=zone.key, is_meeting=is_meeting)
    booked = row.scheduled_at.astimezone(zone)
    sentence = BOOKED if booked == wanted else BEHIND
    return sentence.format(when=f"{booked:%A %d %B, %H:%M}")


def moment_of(day: str, clock_time: str, start: datetime, language: str) -> datetime:
    """Return the moment that an agent names: a day as it was said, or as YYYY-MM-DD, and a time of day.

    Raises Invalid, with a sentence for the agent.
    """
    found = _plain(day, clock_time, start) or _said(f"{day} {clock_time}".strip(), start, language)
    if found is None:
        raise Invalid(NOT_UNDERSTOOD)
    if not start < found <= start + LATEST:
        raise Invalid(HAS_PASSED if found <= start else NOT_UNDERSTOOD)
    return found


def _plain(day: str, clock_time: str, start: datetime) -> datetime | None:
    if not ISO_DAY.match(day) or not (at := CLOCK.match(clock_time)):
        return None
    try:
        moment = time(int(at[1]), int(at[2]))
        return datetime.combine(date.fromisoformat(day), moment, start.tzinfo)
    except ValueError:
        return None


def _said(words: str, start: datetime, language: str) -> datetime | None:
    """Return the moment as the analysis of calls reads it."""
    turn = Turn.of(0, "person", words)
    statements = clock.find(turn, language, month_first=month_first(str(start.tzinfo)))
    return next((at for each in statements if (at := calendar.resolve(each, start)) is not None), None)


def _language(call: CallLog) -> str:
    return (call.agent.language if call.agent is not None else "en").partition("-")[0] or "en"
