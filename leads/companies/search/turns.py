"""Let one of several who search for the same thing at once ask the directory, and the others wait for its answer."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis
import structlog

from lad.broker import broker

# Longer than a search takes. A turn whose process died is over after it.
LONGEST_SECONDS: Final = 60.0
LOOK_AGAIN_SECONDS: Final = 0.05
# Nobody ends a turn that another one has taken over.
END: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

log = structlog.get_logger("leads.search")


@contextmanager
def turn(name: str) -> Iterator[None]:
    """Hold the only turn of this name, once nobody else does.

    Call it outside any transaction: it waits as long as the other one's search takes. Without Valkey nobody waits; then
    the directory is not called either.
    """
    key, mine = f"lad:directory-search:{name}", secrets.token_hex(8)
    ends = time.monotonic() + LONGEST_SECONDS
    while not _take(key, mine) and time.monotonic() < ends:
        time.sleep(LOOK_AGAIN_SECONDS)
    try:
        yield
    finally:
        _end(key, mine)


def _take(key: str, mine: str) -> bool:
    try:
        return bool(broker().set(key, mine, nx=True, px=round(LONGEST_SECONDS * 1_000)))
    except redis.RedisError as error:
        log.warning("no turn for a search", reason=type(error).__name__)
        return True


def _end(key: str, mine: str) -> None:
    try:
        broker().eval(END, 1, key, mine)
    except redis.RedisError as error:
        log.warning("a turn of a search ends by itself", reason=type(error).__name__)
