"""Start parts in order, restart those that die, and stop all in reverse order."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from .errors import StartupError
from .process import Child, kill_at_once, spawn

POLL_SECONDS = 0.2
MAX_RESTART_DELAY = 30.0
# make and the terminal both forward one Ctrl-C, so a signal this soon is the same one.
DUPLICATE_SIGNAL_WINDOW = 0.7
# A part that ran this long restarts without a delay.
HEALTHY_SECONDS = 60.0
COMMAND_ERROR = "CommandError: "


class Stopped(Exception):
    """The user asked LAD to stop."""


class Part(Protocol):
    """A process that is part of LAD."""

    name: str
    child: Child | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Program:
    """A part that runs one command."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], stop_timeout: float
    ) -> None:
        self.name = name
        self.child: Child | None = None
        self._command = command
        self._log = log
        self._environment = environment
        self._stop_timeout = stop_timeout

    def start(self) -> None:
        self.child = spawn(self.name, self._command, log=self._log, environment=self._environment)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(seconds=self._stop_timeout)
            self.child = None

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.running


class Supervisor:
    """Run the parts. The first signal stops them in order, the second kills them."""

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
        """Start a part. It is stopped when LAD stops."""
        self.pause(0)
        self._parts.append(part)
        self._start(part)

    def run(self, *tasks: Program) -> None:
        """Run commands in parallel until they end. Raise StartupError with the end of the log if one fails."""
        self.pause(0)
        try:
            for task in tasks:
                task.start()
            while True:
                running = any(task.running for task in tasks)
                for task in tasks:
                    if task.child is not None and task.child.process.returncode:
                        raise StartupError(_failure(task.name, task.child))
                if not running:
                    return
                self.pause(0.05)
        finally:
            for task in tasks:
                task.stop()

    def wait_for(self, ready: Callable[[], str], *, seconds: float) -> str:
        """Wait until ``ready`` returns an empty text. Return its last complaint after ``seconds``."""
        deadline = time.monotonic() + seconds
        while (complaint := ready()) and time.monotonic() < deadline:
            for part in self._parts:
                if part.child is None or not part.child.running:
                    raise StartupError(f"{part.name} stopped while LAD was starting. {end_of_log(part.child)}")
            self.pause(POLL_SECONDS)
        return complaint

    def watch(self) -> None:
        """Restart parts that die until the user asks LAD to stop."""
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
        """Sleep. Raise Stopped if a signal has arrived."""
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
        self._pauses[part.name] = min(pause * 2 or 1.0, MAX_RESTART_DELAY)
        again = f"in {pause:.0f} s" if pause else "now"
        self._say(f"{part.name} stopped unexpectedly. Restarting it {again}. {end_of_log(part.child)}")
        if part.child is not None:
            part.child.kill()
        self.pause(pause)
        self._start(part)

    def _on_signal(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if not self._asked_to_stop:
            self._asked_to_stop = now
            self._say("\nStopping LAD. Press Ctrl-C again to kill it.")
        elif now - self._asked_to_stop > DUPLICATE_SIGNAL_WINDOW:
            kill_at_once()


def _failure(name: str, child: Child) -> str:
    """Return the error that a command of Django's reports, or the end of its log."""
    lines = child.last_lines()
    said = next((place for place, line in enumerate(lines) if line.startswith(COMMAND_ERROR)), None)
    if said is None:
        return f"{name} failed. {end_of_log(child)}"
    return "\n".join(lines[said:]).removeprefix(COMMAND_ERROR)


def end_of_log(child: Child | None) -> str:
    if child is None:
        return ""
    lines = "\n  ".join(child.last_lines()) or "(the log is empty)"
    return f"The end of its log, {child.log}:\n  {lines}"
