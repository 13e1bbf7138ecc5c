"""The log: one JSON object a line, written before the outside learns of it. It is the truth of what happened."""

import os
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from sandbox.clock import Clock

INDEX_EVERY: Final = 1000


class Log:
    """An append-only file. Each line has a number, its kind, the real and the simulated time, and its facts."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self.counts: Counter[str] = Counter()
        self.number = 0
        # Byte offsets of lines 1, 1001, 2001 and so on.
        self._offsets: list[int] = []
        self._size = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._recover()

    def write(self, kind: str, **facts: object) -> int:
        """Append a line and return its number. Facts that are None are left out."""
        if self.number % INDEX_EVERY == 0:
            self._offsets.append(self._size)
        self.number += 1
        entry: dict[str, object] = {
            "n": self.number,
            "kind": kind,
            "at": _iso(time.time()),
            "simulated": _iso(self._clock.now()),
        }
        entry.update((name, value) for name, value in facts.items() if value is not None)
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        # A process that is killed loses nothing that was written; only a computer that loses power does.
        self._size += os.write(self._file, line)
        self.counts[kind] += 1
        return self.number

    def read(
        self, *, since: int = 0, kinds: Collection[str] = (), matching: Mapping[str, str] | None = None, limit: int
    ) -> Iterator[dict[str, Any]]:
        """Yield at most ``limit`` entries after the number ``since`` whose facts equal ``matching``."""
        wanted = (matching or {}).items()
        for entry in self._entries(since):
            if limit <= 0:
                return
            if kinds and entry["kind"] not in kinds:
                continue
            if all(str(entry.get(name)) == value for name, value in wanted):
                limit -= 1
                yield entry

    def clear(self) -> None:
        os.ftruncate(self._file, 0)
        self.number = self._size = 0
        self._offsets.clear()
        self.counts.clear()

    def close(self) -> None:
        os.close(self._file)

    def _entries(self, since: int) -> Iterator[dict[str, Any]]:
        place = min(since, self.number) // INDEX_EVERY
        if place >= len(self._offsets):
            return
        end = self.number
        with self.path.open("rb") as file:
            file.seek(self._offsets[place])
            for line in file:
                entry = orjson.loads(line)
                if entry["n"] > end:
                    return
                if entry["n"] > since:
                    yield entry

    def _recover(self) -> None:
        """Go on after the last whole line of an earlier run. Cut off a line that was not finished."""
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                if self.number % INDEX_EVERY == 0:
                    self._offsets.append(self._size)
                entry = orjson.loads(line)
                self.number = entry["n"]
                self.counts[entry["kind"]] += 1
                self._size += len(line)
        os.ftruncate(self._file, self._size)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
