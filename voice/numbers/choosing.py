"""Choose the number that calls: permitted, for this destination, near the person, and not called out for today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from voice.numbers.models import VoiceNumber


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that needs a number. ``number_id`` is the one that was chosen for it, if any was."""

    key: UUID
    to_phone: str
    user_id: UUID | None
    number_id: UUID | None = None
    voice_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NoNumber:
    """Why no number can make a call. ``until`` is when one can again; None means that somebody must change something.

    ``reason`` is a short key, such as ``daily_cap``, and ``detail`` a sentence.
    """

    reason: str
    detail: str
    until: datetime | None = None


def choose(wanted: Sequence[Wanted], *, now: datetime) -> dict[UUID, VoiceNumber | NoNumber]:
    """Return the number for each call, by its key, in the current tenant's scope, and count it on the number's day.

    Call it in the transaction that claims the calls: numbers are locked until it ends.
    """
    raise NotImplementedError
