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
    """Count calls in fixed windows of the rate's period, per ``throttle_scope`` of the view.

    In the default scope a signed-in caller is counted by user. Everybody else is counted by address,
    and so is every caller of a view with its own scope, because those are attacked before sign-in.
    """

    retry_after = 1

    def allow_request(self, request: Request, view: "APIView") -> bool:
        scope = getattr(view, "throttle_scope", None) or DEFAULT_SCOPE
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(scope)
        if not rate:
            return True
        limit, period = parse_rate(str(rate))
        now = time.time()
        window = int(now // period)
        self.retry_after = max(1, math.ceil((window + 1) * period - now))
        return self._count(f"throttle:{scope}:{self._caller(request, scope)}:{window}", period) <= limit

    def wait(self) -> float:
        return self.retry_after

    def _caller(self, request: Request, scope: str) -> str:
        user = request.user if scope == DEFAULT_SCOPE else None
        if user is not None and user.is_authenticated:
            return f"user:{user.pk}"
        return f"address:{client_address(request)}"

    def _count(self, key: str, period: int) -> int:
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
