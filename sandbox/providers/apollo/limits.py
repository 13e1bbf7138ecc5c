"""Plans by key, and their limits of calls in three fixed windows for each endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

KEY_BEGINS: Final = "sandbox"
WINDOWS: Final = (("minute", 60, "minute"), ("hour", 3_600, "hourly"), ("day", 86_400, "24-hour"))
# Calls a minute, an hour and a day; None is without a limit.
Limits = tuple[int | None, int | None, int | None]
SEARCHES: Final = frozenset({"mixed_people/api_search", "mixed_companies/search"})
ENRICHMENTS: Final = frozenset({"people/match", "organizations/enrich"})
BULK_ENRICHMENTS: Final = frozenset({"people/bulk_match", "organizations/bulk_enrich"})
FREE: Final[Limits] = (50, 200, 600)
FREE_BULK: Final[Limits] = (20, 100, 600)
PAID_SEARCH: Final[Limits] = (200, 6_000, 50_000)
PAID_ENRICHMENT: Final[Limits] = (1_000, None, None)
TINY: Final[Limits] = (5, 8, 12)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a team may do. ``others`` are the limits of endpoints that neither search nor enrich."""

    name: str
    credits: int
    others: Limits
    paid: bool = True
    # Keys of it may enrich only.
    scoped: bool = False
    tiny: bool = False

    def limits(self, endpoint: str) -> Limits:
        if self.tiny and endpoint not in ("usage_stats/api_usage_stats", "usage_stats/credit_usage_stats"):
            return TINY
        if endpoint in BULK_ENRICHMENTS and not self.paid:
            return FREE_BULK
        if endpoint in SEARCHES and self.paid:
            return PAID_SEARCH
        if endpoint in ENRICHMENTS | BULK_ENRICHMENTS and self.paid:
            return PAID_ENRICHMENT
        return self.others


# By the second word of a key: ``sandbox-basic-7`` has the plan basic, and is a team of its own.
PLANS: Final = {
    "free": Plan("free", 100, FREE, paid=False),
    "basic": Plan("basic", 30_000, (200, 400, 2_000)),
    "professional": Plan("professional", 48_000, (200, 400, 2_000)),
    "organization": Plan("organization", 1_000_000, (200, 600, 6_000)),
    "scoped": Plan("scoped", 30_000, (200, 400, 2_000), scoped=True),
    "tiny": Plan("tiny", 1_000, (200, 400, 2_000), tiny=True),
    "poor": Plan("poor", 3, (200, 400, 2_000)),
}


def plan_of(key: str) -> Plan | None:
    """Return the plan of a key, or None for a key that is none."""
    words = key.split("-")
    return PLANS.get(words[1] if len(words) > 1 else "organization") if words[0] == KEY_BEGINS else None


@dataclass
class _Window:
    began: float = 0.0
    used: int = 0


@dataclass
class Count:
    """The calls of one team to one endpoint."""

    limits: Limits
    windows: list[_Window] = field(default_factory=lambda: [_Window() for _ in WINDOWS])
    # The window that refused the last call.
    full: str = ""

    def take(self, now: float) -> float | None:
        """Count a call. Return None, or the seconds until the exhausted window ends, without counting it."""
        self._turn(now)
        waits = [
            (window.began + seconds - now, name)
            for window, limit, (name, seconds, _header) in zip(self.windows, self.limits, WINDOWS, strict=True)
            if limit is not None and window.used >= limit
        ]
        if waits:
            wait, self.full = max(waits)
            return wait
        for window in self.windows:
            window.began = window.began if window.used else now
            window.used += 1
        return None

    def headers(self) -> Mapping[str, str]:
        """Return what Apollo tells with an answer: an empty limit for a window without one."""
        told: dict[str, str] = {}
        for window, limit, (_name, _seconds, header) in zip(self.windows, self.limits, WINDOWS, strict=True):
            told[f"x-rate-limit-{header}"] = "" if limit is None else str(limit)
            if limit is not None:
                told[f"x-{header}-usage"] = str(window.used)
                told[f"x-{header}-requests-left"] = str(max(limit - window.used, 0))
        return told

    def stats(self, now: float) -> dict[str, dict[str, int | None]]:
        self._turn(now)
        return {
            name: {"limit": limit, "consumed": window.used, "left_over": max(limit - window.used, 0)}
            for window, limit, (name, _seconds, _header) in zip(self.windows, self.limits, WINDOWS, strict=True)
            if limit is not None
        }

    def _turn(self, now: float) -> None:
        """Close windows that are over. The next call opens new ones."""
        for window, (_name, seconds, _header) in zip(self.windows, WINDOWS, strict=True):
            if window.used and now >= window.began + seconds:
                window.used = 0
