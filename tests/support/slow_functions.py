"""Find functions that take too long for one of their texts.

They run in a process with a limit on processor time, because a pattern that backtracks cannot be interrupted.
"""

import json
import os
import re
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from tests.support.hostile_texts import LENGTH, Text

# A linear pattern needs some milliseconds for a text of this length, a quadratic one ten seconds or more.
MAX_SECONDS_FOR_A_TEXT: Final = 1.0
# A text is tried with parts of the length first. With a tenth a quadratic pattern needs a hundredth of the time. One
# that needs less than half of that is not tried any longer.
FIRST_LENGTHS: Final = (LENGTH // 32, LENGTH // 10)
MAX_SECONDS_FOR_A_PATTERN: Final = 30

Pattern = re.Pattern[Any]


def too_slow(runs: Mapping[str, tuple[Callable[[str], object], Iterable[Text]]]) -> dict[str, str]:
    """Return which of the functions take too long for one of their texts, each with the beginning of that text."""
    slow: dict[str, str] = {}
    waiting = list(runs)
    while waiting:
        finished = _run_in_child({name: runs[name] for name in waiting})
        slow |= {name: text for name, text in finished if text}
        waiting = waiting[len(finished) :]
        if waiting:
            slow[waiting.pop(0)] = "(stopped by the limit on processor time)"
    return slow


def search_all(pattern: Pattern) -> Callable[[str], object]:
    """Return a function that finds every match of the pattern in a text."""
    if isinstance(pattern.pattern, bytes):
        return lambda text: sum(1 for _match in pattern.finditer(text.encode("latin-1", "replace")))
    return lambda text: sum(1 for _match in pattern.finditer(text))


def _run_in_child(runs: Mapping[str, tuple[Callable[[str], object], Iterable[Text]]]) -> list[tuple[str, str]]:
    """Return the functions that were tried until one was stopped, in order, each with what was too slow for it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            for name, (run, texts) in runs.items():
                # In whole seconds of all that the process has used.
                limit = int(time.process_time()) + 1 + MAX_SECONDS_FOR_A_PATTERN
                resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
                slow = next(_slow_texts(run, texts), "")
                os.write(writer, f"{json.dumps([name, slow])}\n".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        lines = answers.read().splitlines()
    os.waitpid(child, 0)
    return [(name, text) for name, text in map(json.loads, lines)]


def _slow_texts(run: Callable[[str], object], texts: Iterable[Text]) -> Iterator[str]:
    for text in texts:
        if not _may_be_slow(run, text):
            continue
        long = text.of(LENGTH)
        if _seconds(run, long) > MAX_SECONDS_FOR_A_TEXT:
            yield repr(long[:40])


def _may_be_slow(run: Callable[[str], object], text: Text) -> bool:
    """Return whether parts of the text take as long as they do where the whole one takes too long."""
    taken = []
    for length in FIRST_LENGTHS:
        taken.append(_seconds(run, text.of(length)))
        if taken[-1] < _least_of_a_slow_one(length):
            return False
    # From the second part to the whole, time grows as from the first to the second, twice over. A large pattern takes
    # long for both parts, but grows slowly.
    first, second = taken
    return second * (second / first) ** 2 > MAX_SECONDS_FOR_A_TEXT / 2


def _least_of_a_slow_one(length: int) -> float:
    """Return half of the seconds for a text of this length, with which the whole one would just be too slow."""
    return MAX_SECONDS_FOR_A_TEXT * (length / LENGTH) ** 2 / 2


def _seconds(run: Callable[[str], object], text: str) -> float:
    """Return the processor time that the function takes for the text."""
    started = time.process_time()
    # Refusing the text is a right answer.
    with suppress(Exception):
        run(text)
    return time.process_time() - started
