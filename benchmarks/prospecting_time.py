"""Let time pass in chaos_prospecting.py, for LAD, its limiter and the sandbox alike, whenever nobody has work.

Limits last for a day, numbers come after hours, and a failed call is tried again after minutes. Instead of waiting,
whatever was written down with a moment is moved into the past, and the sandbox's clock forward.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

import psycopg
import redis

from benchmarks.chaos_processes import Chaos
from benchmarks.chaos_world import PLAIN_HOST, SandboxControl
from benchmarks.prospecting_world import TINY_TEAM

# A worker that is alive renews its lease more often: no call of it takes so long.
DEAD_AFTER: Final = 10.0
LEASE: Final = 180.0
SHORTEST: Final = 1.0
# How far to go at once when nothing is left but numbers that may come.
STEPS: Final = (180.0, 700.0, 3_600.0, 6 * 3_600.0, 24 * 3_600.0)
# Seconds that a refusal may ask to wait at most, by the window.
LENGTHS: Final = {"minute": 61, "hour": 3_601, "day": 86_401}
WINDOWS: Final = tuple(LENGTHS)
BULK: Final = "/apollo/api/v1/people/bulk_match"
DUE: Final = """
SELECT count(*) FILTER (WHERE state = 'queued' AND next_attempt_at <= now()),
    count(*) FILTER (WHERE state = 'asking' AND lease_until > now() + %(alive)s),
    count(*) FILTER (WHERE state IN ('queued', 'asking')),
    count(*) FILTER (WHERE state = 'waiting'),
    extract(epoch FROM least(
        min(next_attempt_at) FILTER (WHERE state = 'queued'), min(lease_until) FILTER (WHERE state = 'asking')
    ) - now())::float
FROM reveals
"""
PASS: Final = """
WITH open_rows AS (
    SELECT id FROM reveals WHERE state IN ('queued', 'waiting', 'asking') ORDER BY id FOR NO KEY UPDATE
)
UPDATE reveals SET
    next_attempt_at = next_attempt_at - %(time)s::interval,
    expires_at = expires_at - %(time)s::interval,
    lease_until = CASE WHEN lease_until < now() + %(alive)s::interval THEN lease_until - %(time)s::interval
        ELSE lease_until END
FROM open_rows WHERE reveals.id = open_rows.id AND state IN ('queued', 'waiting', 'asking')
"""


@contextmanager
def database_of(chaos: Chaos) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection of the superuser."""
    address = chaos.servers.postgres.superuser_url.replace("/postgres?", "/lad?")
    with psycopg.connect(address, autocommit=True, options="-c search_path=lad_dev") as database:
        yield database


@dataclass
class Time:
    """The time that passes."""

    chaos: Chaos
    control: SandboxControl
    port: int
    passed: float = 0.0
    _steps: int = 0
    # Windows of the tiny team that somebody else filled, and how many calls of theirs were refused.
    filled: list[str] = field(default_factory=list)
    _own: Counter[str] = field(default_factory=Counter)

    def pass_if_idle(self) -> bool:
        """Let time pass until something is due, if nothing is. Return False if nothing is left to come."""
        alive = f"{LEASE - DEAD_AFTER} seconds"
        with database_of(self.chaos) as database:
            row = database.execute(DUE, {"alive": alive}).fetchone()
        assert row is not None
        due, living, open_rows, waiting, seconds = row
        if due or living:
            return True
        if open_rows:
            self._pass(max(seconds, 0.0) + SHORTEST)
            return True
        if not waiting:
            return False
        self._pass(STEPS[min(self._steps, len(STEPS) - 1)])
        self._steps += 1
        return True

    def fill_next_window(self) -> None:
        """Use up the tiny team's calls of the next window, as another program with its key would.

        It is done once LAD was refused in the window before, and that has ended.
        """
        refused = self.refused()
        if len(self.filled) == len(WINDOWS) or any(not refused[each] for each in self.filled):
            return
        window = ""
        while not window:
            window = self._call()
        self._own[window] += 1
        if window == WINDOWS[len(self.filled)]:
            self.filled.append(window)

    def refused(self) -> dict[str, int]:
        """Return how many of LAD's calls for the tiny team each window refused."""
        entries = self.control.ask("GET", f"/log?kind=apollo_call&team={TINY_TEAM}&status=429&limit=100000")["entries"]
        names = [each["window"] for each in entries if each.get("window") and each["endpoint"] == "people/bulk_match"]
        return {name: names.count(name) - self._own[name] for name in WINDOWS}

    def _pass(self, seconds: float) -> None:
        """Let so many seconds pass for everybody. What the sandbox plans to do meanwhile is done first."""
        self.control.ask("POST", "/clock", {"advance": seconds})
        self.fill_next_window()
        self._move_limits(seconds)
        with database_of(self.chaos) as database:
            alive = f"{LEASE - DEAD_AFTER} seconds"
            database.execute(PASS, {"time": f"{seconds} seconds", "alive": alive})
        self.passed += seconds

    def _move_limits(self, seconds: float) -> None:
        """Move what the limiter knows about windows into the past."""
        with redis.Redis.from_url(self.chaos.servers.valkey.url) as client:
            for key in client.scan_iter("lad:directory:*:state"):
                for name, value in client.hgetall(key).items():
                    if name == b"blocked" or name.startswith((b"ends:", b"learned:")):
                        client.hset(key, name, repr(float(value) - seconds))

    def _call(self) -> str:
        """Ask for nobody, with the tiny team's key. Return the window that refused the call, if one did."""
        connection = HTTPConnection(PLAIN_HOST, self.port, timeout=10)
        headers = {"x-api-key": TINY_TEAM, "content-type": "application/json"}
        try:
            connection.request("POST", BULK, body=b'{"details": [{"id": "nobody"}]}', headers=headers)
            response = connection.getresponse()
            wait = float(response.headers.get("retry-after", 0))
            return next((name for name, seconds in LENGTHS.items() if wait <= seconds), "") if wait else ""
        except (HTTPException, OSError):
            return ""
        finally:
            connection.close()
