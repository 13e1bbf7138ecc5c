"""The process's client of Valkey, for counters, wake-ups and messages to streams."""

from functools import lru_cache
from typing import Final

import redis
from django.conf import settings

# A broker that hangs must not hold up requests.
TIMEOUT_SECONDS: Final = 1.0


@lru_cache(maxsize=1)
def broker() -> redis.Redis:
    """Return the client. Threads share its connections, and a forked process opens its own."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
