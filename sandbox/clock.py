"""Simulated time: runs at any speed, stands still, or jumps."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """A clock in seconds since the epoch. At speed 1 and without jumps it is the computer's own."""

    def __init__(self, speed: float = 1.0, *, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._from_real = self._from_simulated = real()
        self._speed = speed

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> float:
        return self._from_simulated + (self._real() - self._from_real) * self._speed

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def run_at(self, speed: float) -> None:
        """Change the speed. Zero stops the clock; advance() still moves it."""
        if not 0 <= speed <= 1_000_000:
            raise ValueError("The speed must be between 0 and 1,000,000.")
        self.jump(self.now())
        self._speed = speed

    def jump(self, to: float) -> None:
        self._from_real, self._from_simulated = self._real(), to

    def real_seconds_until(self, moment: float) -> float | None:
        """Return the real seconds until a simulated moment, or None while the clock is stopped."""
        left = moment - self.now()
        if left <= 0:
            return 0.0
        return left / self._speed if self._speed else None

    def state(self) -> dict[str, float]:
        return {"real": self._from_real, "simulated": self._from_simulated, "speed": self._speed}

    def restore(self, state: dict[str, float]) -> None:
        self._from_real, self._from_simulated = state["real"], state["simulated"]
        self._speed = state["speed"]
