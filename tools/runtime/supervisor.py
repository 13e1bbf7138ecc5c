"""Starts parts in order, brings back those that die, and stops all of them in the opposite order."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from .problems import RuntimeProblem
from .process import Child, kill_at_once, spawn

POLL_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
# make and the terminal both pass one Ctrl-C on; only a later one is a second.
SECONDS_OF_ECHO = 0.7
# A part that lived this long starts again without a pause.
HEALTHY_SECONDS = 60.0
COMMAND_ERROR = "CommandError: "


class Stopped(Exception):
    """Somebody asked LAD to stop."""


class Part(Protocol):
    """A process LAD is made of."""

    name: str
    child: Child | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Program:
    """A part that is one command."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], patience: float
    ) -> None:
        self.name = name
        self.child: Child | None = None
        self._command = command
        self._log = log
        self._environment = environment
        self._patience = patience

    def start(self) -> None:
        self.child = spawn(self.name, self._command, log=self._log, environment=self._environment)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(seconds=self._patience)
            self.child = None

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.running


class Supervisor:
    """Owns the running parts. The first signal stops them in order, the second kills them."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._parts: list[Part] = []
        self._started: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._asked_to_stop = 0.0

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(self, part: Part) -> None:
        """Start a part and stop it when LAD stops."""
        self.pause(0)
        self._parts.append(part)
        self._start(part)

    def run(self, *tasks: Program) -> None:
        """Run commands beside each other to their end; RuntimeProblem with the end of its log if one fails."""
        self.pause(0)
        try:
            for task in tasks:
                task.start()
            while True:
                running = any(task.running for task in tasks)
                for task in tasks:
                    if task.child is not None and task.child.process.returncode:
                        raise RuntimeProblem(_failure(task.name, task.child))
                if not running:
                    return
                self.pause(0.05)
        finally:
            for task in tasks:
                task.stop()

    def wait_for(self, ready: Callable[[], str], *, seconds: float) -> str:
        """Wait until ``ready`` has nothing left to say; return its last complaint after ``seconds``."""
        deadline = time.monotonic() + seconds
        while (complaint := ready()) and time.monotonic() < deadline:
            for part in self._parts:
                if part.child is None or not part.child.running:
                    raise RuntimeProblem(f"{part.name} stopped while LAD was starting. {end_of_log(part.child)}")
            self.pause(POLL_SECONDS)
        return complaint

    def watch(self) -> None:
        """Keep every part alive until somebody asks LAD to stop."""
        with suppress(Stopped):
            while True:
                for part in self._parts:
                    if part.child is None or not part.child.running:
                        self._revive(part)
                self.pause(POLL_SECONDS)

    def stop(self) -> None:
        while self._parts:
            part = self._parts.pop()
            if part.child is not None:
                self._say(f"Stopping {part.name}")
            part.stop()

    def pause(self, seconds: float) -> None:
        """Sleep, unless a signal came: then raise Stopped."""
        until = time.monotonic() + seconds
        while True:
            if self._asked_to_stop:
                raise Stopped
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, POLL_SECONDS))

    def _start(self, part: Part) -> None:
        part.start()
        self._started[part.name] = time.monotonic()

    def _revive(self, part: Part) -> None:
        now = time.monotonic()
        if now - self._started[part.name] > HEALTHY_SECONDS:
            self._pauses[part.name] = 0.0
        pause = self._pauses.get(part.name, 0.0)
        self._pauses[part.name] = min(pause * 2 or 1.0, LONGEST_PAUSE_SECONDS)
        again = f"in {pause:.0f} s" if pause else "now"
        self._say(f"{part.name} stopped by itself; starting it again {again}. {end_of_log(part.child)}")
        if part.child is not None:
            part.child.kill()
        self.pause(pause)
        self._start(part)

    def _on_signal(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if not self._asked_to_stop:
            self._asked_to_stop = now
            self._say("\nStopping LAD; once more kills it")
        elif now - self._asked_to_stop > SECONDS_OF_ECHO:
            kill_at_once()


def _failure(name: str, child: Child) -> str:
    """What a command of Django's says went wrong, or the end of its log."""
    lines = child.last_lines()
    said = next((place for place, line in enumerate(lines) if line.startswith(COMMAND_ERROR)), None)
    if said is None:
        return f"{name} failed. {end_of_log(child)}"
    return "\n".join(lines[said:]).removeprefix(COMMAND_ERROR)


def end_of_log(child: Child | None) -> str:
    if child is None:
        return ""
    lines = "\n  ".join(child.last_lines()) or "(nothing)"
    return f"The end of its log, {child.log}:\n  {lines}"
