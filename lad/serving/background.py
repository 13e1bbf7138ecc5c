"""Run blocking functions beside an event loop, in a few threads that keep no database connection."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.db import connection

T = TypeVar("T")


class Runner(Protocol):
    """Runs a blocking function and returns what it returns."""

    def __call__(self, function: Callable[[], T], /) -> Awaitable[T]: ...


class Background:
    """A pool of threads for what streamed responses do with the database, which takes milliseconds."""

    def __init__(self, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="background")
        self._cache = caches[DEFAULT_CACHE_ALIAS]

    async def __call__(self, function: Callable[[], T], /) -> T:
        context = copy_context()
        work: Any = self._released(function)
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)

    def _released(self, function: Callable[[], T]) -> Callable[[], T]:
        def run() -> T:
            # Django makes a cache for each context, and each of them would connect anew. Its clients share well.
            caches[DEFAULT_CACHE_ALIAS] = self._cache
            try:
                return function()
            finally:
                # Without a pool a new connection would cost more than the one that stays open.
                if connection.settings_dict["OPTIONS"].get("pool"):
                    connection.close()

        return run
