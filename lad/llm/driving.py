"""Run coroutines that never suspend, so that one code serves threads and the event loop."""

from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what the coroutine returns. It must not wait for an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    coroutine.close()
    raise RuntimeError("The coroutine waits for an event loop.")


def iterating(items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Yield what the asynchronous generator yields. Closing this one closes it."""
    try:
        while True:
            try:
                item = blocking(anext(items))
            except StopAsyncIteration:
                return
            yield item
    finally:
        blocking(items.aclose())
