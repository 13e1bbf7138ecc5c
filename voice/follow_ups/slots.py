"""Find a free time near the wanted one in the calendar of whoever looks after a lead."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db import transaction

from lad.errors import Refused
from leads.bookings.services import SlotTaken

# A calendar that is full for so long has no room for another call.
LATEST: Final = timedelta(hours=8)
TRIES: Final = 40

T = TypeVar("T")


class NoFreeTime(SlotTaken):
    """There is no free time near the one that was agreed on. Move a booking, or book by hand."""

    code = "no_free_time"


def at_first_free(wanted: datetime, book: Callable[[datetime], T]) -> T:
    """Call ``book`` with the wanted time, and with the end of whatever is in the way, until it succeeds.

    Raises NoFreeTime, and whatever else ``book`` raises.
    """
    moment = wanted
    for _number in range(TRIES):
        try:
            with transaction.atomic():
                return book(moment)
        except SlotTaken as error:
            taken_until = error.extra.get("taken_until")
            moment = datetime.fromisoformat(taken_until) if taken_until else moment + timedelta(minutes=5)
        except Refused:
            # The lead has another follow-up at that time.
            moment += timedelta(minutes=15)
        if moment - wanted > LATEST:
            break
    raise NoFreeTime
