"""Take the numbers of steps, channels and accounts out of a campaign's figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Final

from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import ActivityStatus
from campaigns.figures.models import Face
from campaigns.figures.reading import Figure, Figures
from campaigns.messages.models import WORDED, Action
from leads.channels import Channel

# The statuses of an activity that was carried out.
CARRIED_OUT: Final = (
    ActivityStatus.SENT,
    ActivityStatus.DELIVERED,
    ActivityStatus.OPENED,
    ActivityStatus.CLICKED,
    ActivityStatus.CONNECTED,
    ActivityStatus.REPLIED,
)
ARRIVED: Final = tuple(status for status in CARRIED_OUT if status != ActivityStatus.SENT)
# Calls that nobody answered in person.
NOBODY_SPOKE: Final = ("voicemail", "ivr", "no_conversation")


@dataclass(slots=True)
class Numbers:
    """What was sent to leads and what became of it. ``actions`` are visits, likes and the like: they have no words."""

    sent: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    connected: int = 0
    replied: int = 0
    bounced: int = 0
    failed: int = 0
    skipped: int = 0
    actions: int = 0
    invited: int = 0
    calls: int = 0
    calls_answered: int = 0

    def add(self, other: "Numbers") -> None:
        """Add another's numbers."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def measured(counts: Iterable[Figure]) -> Numbers:
    """Return the numbers that counts of actions say. Waits, decisions and searches are none."""
    numbers = Numbers()
    for each in counts:
        if each.metric.startswith("message_"):
            _add_message(numbers, each)
        elif each.metric.startswith("alone_"):
            _add_alone(numbers, each)
        elif each.metric.startswith("activity_"):
            _add_activity(numbers, each)
    return numbers


def by(counts: Iterable[Figure], key: Callable[[Figure], str]) -> dict[str, list[Figure]]:
    """Return the counts in groups."""
    groups: dict[str, list[Figure]] = {}
    for each in counts:
        groups.setdefault(key(each), []).append(each)
    return groups


def by_channel(figures: Figures) -> dict[str, Numbers]:
    """Return the numbers of each channel that has some."""
    groups = by(figures.of(Face.STEP), lambda each: each.channel)
    found = {channel: measured(counts) for channel, counts in groups.items() if channel in Channel.values}
    return {channel: numbers for channel, numbers in sorted(found.items()) if numbers != Numbers()}


def reaches(step_type: str) -> bool:
    """Return whether steps of the type act towards the lead. Of what is no longer known, the channel tells."""
    return step_type not in step_types or step_types.get(step_type).reaches_lead


def delivers(step_type: str) -> bool:
    """Return whether steps of the type deliver something to the lead."""
    return step_type not in step_types or step_types.get(step_type).delivers


def _add_message(numbers: Numbers, each: Figure) -> None:
    what = each.metric.removeprefix("message_")
    if each.detail not in WORDED:
        numbers.actions += each.number if what == "sent" else 0
        return
    setattr(numbers, what, getattr(numbers, what) + each.number)
    if what == "sent" and each.detail == Action.INVITATION:
        numbers.invited += each.number


def _add_alone(numbers: Numbers, each: Figure) -> None:
    """Add what was carried out without a message: other systems' records, and calls."""
    status = each.metric.removeprefix("alone_")
    if not reaches(each.step_type):
        return
    if not delivers(each.step_type):
        numbers.actions += each.number
        return
    numbers.sent += each.number
    numbers.delivered += each.number if status in ARRIVED else 0
    numbers.opened += each.number if status in (ActivityStatus.OPENED, ActivityStatus.CLICKED) else 0
    numbers.clicked += each.number if status == ActivityStatus.CLICKED else 0
    numbers.replied += each.number if status == ActivityStatus.REPLIED else 0
    if each.step_type == "linkedin_connect":
        numbers.invited += each.number
    if each.channel == Channel.VOICE:
        numbers.calls += each.number
        answered = status in ARRIVED and each.detail not in NOBODY_SPOKE
        numbers.calls_answered += each.number if answered else 0


def _add_activity(numbers: Numbers, each: Figure) -> None:
    """Add what only activities tell: what was not done, and who connected."""
    if not reaches(each.step_type):
        return
    status = each.metric.removeprefix("activity_")
    if status == ActivityStatus.FAILED:
        numbers.failed += each.number
        numbers.calls += each.number if each.channel == Channel.VOICE else 0
    elif status in (ActivityStatus.SKIPPED, ActivityStatus.CANCELLED):
        numbers.skipped += each.number
    elif status == ActivityStatus.CONNECTED:
        numbers.connected += each.number
