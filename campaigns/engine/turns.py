"""Whose turn it is, and how much of a turn's time a batch may take, while a worker runs."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from campaigns.engine.claims import DueCampaign

# A batch is to take so long while other tenants are due, and so long while none is: small batches cost more.
SECONDS_PER_BATCH: Final = 0.2
SECONDS_ALONE: Final = 1.0
FIRST_BATCH: Final = 100
SMALLEST_BATCH: Final = 50
# Looking for due campaigns takes at most one part in so many of a worker's time.
LOOKS_COST: Final = 20


class Turns:
    """The order in which one worker serves tenants: whoever it served longest ago comes first.

    It looks again while it works, so that a tenant that becomes due waits for the batch that is running and not for
    everybody else's. ``look`` returns one due campaign of each tenant, the longest due first.
    """

    def __init__(self, look: Callable[[datetime], list[DueCampaign]]) -> None:
        self._look = look
        self._due: list[DueCampaign] = []
        self._served: dict[UUID, float] = {}
        # Tenants that had a turn since anybody's enrolments last moved on.
        self._in_vain: set[UUID] = set()
        self._look_again_at = 0.0
        self._tenants_due = 0

    @property
    def seconds(self) -> float:
        """Return how long a batch is to take now."""
        return SECONDS_PER_BATCH if self._tenants_due > 1 else SECONDS_ALONE

    def next(self, now: datetime) -> DueCampaign | None:
        """Return the campaign to work on, or None if none of those that are due can be worked on."""
        is_fresh = False
        if not self._due or time.monotonic() >= self._look_again_at:
            self._refresh(now)
            is_fresh = True
        chosen = self._longest_unserved()
        if chosen is None and not is_fresh:
            self._refresh(now)
            chosen = self._longest_unserved()
        return chosen

    def had_turn(self, due: DueCampaign, *, progress: bool) -> None:
        """Note that the tenant had its turn, and whether anything was done."""
        self._due.remove(due)
        self._served[due.tenant_id] = time.monotonic()
        if progress:
            self._in_vain.clear()
        else:
            self._in_vain.add(due.tenant_id)

    def _refresh(self, now: datetime) -> None:
        begun = time.monotonic()
        self._due = self._look(now)
        self._tenants_due = len(self._due)
        ended = time.monotonic()
        self._look_again_at = ended + (ended - begun) * LOOKS_COST

    def _longest_unserved(self) -> DueCampaign | None:
        able = [each for each in self._due if each.tenant_id not in self._in_vain]
        return min(able, key=lambda each: self._served.get(each.tenant_id, 0.0), default=None)


class Pace:
    """How many enrolments of each campaign fit into the time of a batch, by the batch before. ``most`` is the limit.

    A campaign without a batch before is taken to be like the slowest of the others, if that makes its first one larger.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._per_second: dict[UUID, float] = {}

    def size(self, campaign_id: UUID, seconds: float) -> int:
        """Return how many enrolments the campaign's next batch takes."""
        rate = self._per_second.get(campaign_id)
        if rate is None:
            fitting = max(FIRST_BATCH, int(min(self._per_second.values(), default=0.0) * seconds))
        else:
            fitting = int(rate * seconds)
        return min(max(fitting, SMALLEST_BATCH), self._most)

    def took(self, campaign_id: UUID, number: int, seconds: float) -> None:
        """Note how long a batch of so many enrolments took."""
        if number:
            self._per_second[campaign_id] = number / max(seconds, 0.001)
