"""The parts that all providers share: seed, clock, log, storage, plans, faults, ports and the HTTP server."""

import random
from collections.abc import Callable
from pathlib import Path

from sandbox.certificates import Certificate
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.http import HttpServer
from sandbox.log import Log
from sandbox.ports import Ports
from sandbox.schedule import Action, Schedule
from sandbox.storage import Storage


class Core:
    """One running sandbox."""

    def __init__(self, home: Path, *, seed: int, speed: float, haste: float) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.home = home
        self.seed = seed
        self._speed = speed
        self.clock = Clock(speed)
        self.storage = Storage(home / "state.db")
        if (state := self.storage.setting("clock")) is not None:
            self.clock.restore(state)
        self.log = Log(home / "log.jsonl", self.clock)
        self.schedule = Schedule(self.storage, self.clock, haste=haste, on_failure=self._log_failure)
        self.faults = Faults()
        self.http = HttpServer()
        self.ports = Ports(home)
        self.certificate = Certificate(home)
        # Providers that know these things put them here, for other providers.
        self.address_of_token: Callable[[str, str], str | None] = lambda token, protocol: None
        self.addresses: Callable[[], list[str]] = list
        # Host names in links that stand for a server of this computer, as "host:port".
        self.web_hosts: dict[str, str] = {}
        # Whether a sign-in at an unknown address creates its mailbox.
        self.open_mailboxes = False
        # Whether people whose address does not say what they do are a mixture, or silent.
        self.mixed_people = True

    def chance(self, *parts: object) -> random.Random:
        """Return random numbers that depend on nothing but the seed and the parts."""
        return random.Random("\x1f".join(map(str, (self.seed, *parts))))  # noqa: S311  (repeatable is the point)

    def _log_failure(self, action: Action, error: Exception) -> None:
        self.log.write("error", action=action.kind, data=action.data, problem=f"{type(error).__name__}: {error}")

    def keep_clock(self) -> None:
        """Store the clock after it was set, so that a restart goes on from it."""
        self.storage.set("clock", self.clock.state())

    def reset(self) -> None:
        """Forget everything but the ports."""
        self.storage.clear()
        self.log.clear()
        self.faults.clear()
        self.clock.restore(Clock(self._speed).state())
        self.schedule.wake()
