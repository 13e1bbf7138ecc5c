"""Limit how often a caller may call. Counts are kept in the cache that all processes share."""

import logging
import math
import time
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from lad.broker import broker
from lad.tenancy.clients import client_address

if TYPE_CHECKING:
    from rest_framework.views import APIView

PERIODS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DEFAULT_SCOPE: Final = "api"
# A process takes this part of a rate at a time: a hundredth. Rates below 200 are counted call by call.
SHARES: Final = 100
# The number of callers whose unused numbers a process keeps.
MAX_CALLERS: Final = 10_000

log = logging.getLogger(__name__)


class ScopeThrottle(BaseThrottle):
    """Count calls in fixed windows of the rate's period, by the rate that the view's ``throttle_scope`` names.

    In the default scope a signed-in caller is counted by user, over all views. Everybody else is counted by
    address, and so is every caller of a view with its own scope, because those are attacked before sign-in.
    Each of these views counts for itself, so that guessing at one does not close another.
    """

    retry_after = 1

    def allow_request(self, request: Request, view: "APIView") -> bool:
        scope = getattr(view, "throttle_scope", None)
        if scope is None:
            wait = seconds_to_wait(DEFAULT_SCOPE, self._caller(request))
        else:
            wait = seconds_to_wait(scope, f"{type(view).__name__}:address:{client_address(request)}")
        self.retry_after = wait or 1
        return not wait

    def wait(self) -> float:
        return self.retry_after

    def _caller(self, request: Request) -> str:
        user = request.user
        if user is not None and user.is_authenticated:
            return f"user:{user.pk}"
        return f"address:{client_address(request)}"


def seconds_to_wait(scope: str, caller: str) -> int:
    """Count a call of the caller. Return 0, or the seconds to wait if the rate of the scope is used up."""
    rate = api_settings.DEFAULT_THROTTLE_RATES.get(scope)
    if not rate:
        return 0
    limit, period = parse_rate(str(rate))
    now = time.time()
    window = int(now // period)
    if _shares.number(f"throttle:{scope}:{caller}:{window}", max(1, limit // SHARES), period) <= limit:
        return 0
    return max(1, math.ceil((window + 1) * period - now))


class Shares:
    """Numbers the calls of each caller in a window. Takes numbers from the shared count in shares, for this process.

    A call then seldom needs a round trip. Numbers that another process or thread took and did not use are lost to
    the caller: at most a share for each of them. No rate is ever exceeded.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: dict[str, tuple[int, int]] = {}

    def number(self, key: str, size: int, period: int) -> int:
        """Return the number of this call. ``size`` numbers are taken at a time, for ``period`` seconds.

        Returns 0 if the cache does not answer: serving without throttling is better than failing together with it.
        """
        with self._lock:
            following, last = self._taken.get(key, (1, 0))
            if following <= last:
                self._taken[key] = (following + 1, last)
                return following
        try:
            # One round trip, except for the first share of a window.
            last = int(broker().incrby(key, size))
            if last == size:
                broker().expire(key, period + 1)
        except RedisError:
            log.warning("throttling is off because the cache does not answer", exc_info=True)
            return 0
        following = last - size + 1
        if size > 1:
            with self._lock:
                if len(self._taken) >= MAX_CALLERS:
                    self._taken.clear()
                self._taken[key] = (following + 1, last)
        return following


_shares: Final = Shares()


@lru_cache(maxsize=32)
def parse_rate(rate: str) -> tuple[int, int]:
    """Parse ``"30/min"`` into the number of calls and the seconds of a window: (30, 60)."""
    count, _, period = rate.partition("/")
    return int(count), PERIODS[period[0]]
