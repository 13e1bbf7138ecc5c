"""Keep the counts of large campaigns for a while: counting a million enrolments takes a second or two."""

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from django.core.cache import cache

from campaigns.design.models import Campaign

# A count that takes longer than this many seconds is kept, and then this many times as long.
QUICK: Final = 0.15
KEPT_TIMES: Final = 60
MAX_KEPT: Final = 600.0

Counted = TypeVar("Counted")


class Kept(Generic[Counted]):
    """What ``count`` returns for a campaign, kept if counting was slow. It should say when it was counted."""

    def __init__(self, name: str, count: Callable[[Campaign], Counted]) -> None:
        self._name, self._count = name, count

    def get(self, campaign: Campaign) -> Counted:
        """Return what is kept, or count."""
        kept: Counted | None = cache.get(self._key(campaign))
        return self._counted(campaign, shortest=0) if kept is None else kept

    def count_again(self, campaign: Campaign) -> None:
        """Count in advance, so that nobody waits for it within ten minutes."""
        self._counted(campaign, shortest=MAX_KEPT)

    def _counted(self, campaign: Campaign, *, shortest: float) -> Counted:
        begun = time.monotonic()
        counted = self._count(campaign)
        took = time.monotonic() - begun
        if took > QUICK:
            cache.set(self._key(campaign), counted, timeout=max(min(MAX_KEPT, took * KEPT_TIMES), shortest))
        return counted

    def _key(self, campaign: Campaign) -> str:
        return f"campaigns.{self._name}:{campaign.tenant_id}:{campaign.pk}"
