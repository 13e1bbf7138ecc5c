"""Limit how often a caller may call. Counts are kept in the cache that all processes share."""

import logging
import math
import time
from functools import lru_cache
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
    if _count(f"throttle:{scope}:{caller}:{window}", period) <= limit:
        return 0
    return max(1, math.ceil((window + 1) * period - now))


def _count(key: str, period: int) -> int:
    try:
        # One round trip, except for the first call in a window.
        count = int(broker().incr(key))
        if count == 1:
            broker().expire(key, period + 1)
        return count
    except RedisError:
        # Serving without throttling is better than failing together with the cache.
        log.warning("throttling is off because the cache does not answer", exc_info=True)
        return 0


@lru_cache(maxsize=32)
def parse_rate(rate: str) -> tuple[int, int]:
    """Parse ``"30/min"`` into the number of calls and the seconds of a window: (30, 60)."""
    count, _, period = rate.partition("/")
    return int(count), PERIODS[period[0]]
