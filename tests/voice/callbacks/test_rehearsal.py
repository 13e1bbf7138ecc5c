"""A small run of benchmarks/chaos_dialer.py in one process: its world and its judge, with the sandbox's clock moved on.

Workers are lost between claim, carrier and record; callbacks are lost, doubled, late and swapped; carriers refuse, fail
and lose answers.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stamina
from django.db import connection
from rest_framework.test import APIClient

from benchmarks.calling_judge import Judge
from benchmarks.calling_money import Money
from benchmarks.calling_world import World
from benchmarks.chaos_dialer import FAULTS, SHARES
from lad.tenancy.context import platform_context
from tests.support.sandbox import Sandbox
from tests.support.serving import serving
from voice.analysis import queue
from voice.batches.models import CallBatchEntry
from voice.carriers.livekit import client as livekit_client
from voice.carriers.vapi import client as vapi_client
from voice.charging import sweep
from voice.dialer import finishing, looking, placing, worker
from voice.dialer.models import CallPlacement, PlacementState

pytestmark = pytest.mark.django_db(transaction=True)

ENTRIES = 32
STEP_SECONDS = 10.0
LOST_EVERY = 4
MOST_STEPS = 500
LONG_AGO = timedelta(days=1)


class Database:
    """The judge's connection: reads in a platform scope."""

    @contextmanager
    def cursor(self, **_options: Any) -> Iterator["Database"]:
        yield Database(as_mappings=True)

    def __init__(self, *, as_mappings: bool = False) -> None:
        self._as_mappings = as_mappings
        self._rows: list[Any] = []

    def execute(self, query: str, parameters: Any = None) -> "Database":
        with platform_context(), connection.cursor() as cursor:
            cursor.execute(query, parameters)
            names = [column.name for column in cursor.description or ()]
            # Django leaves JSON as it is.
            self._rows = [tuple(map(_read, row)) for row in cursor.fetchall()]
        if self._as_mappings:
            self._rows = [dict(zip(names, row, strict=True)) for row in self._rows]
        return self

    def fetchall(self) -> list[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


class Control:
    """The sandbox's control port as the judge asks it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def ask(self, method: str, path: str, body: object = None) -> Any:
        return self._sandbox.call(method, path, json=body).json()


@pytest.fixture
def posted(settings: Any) -> Iterator[list[tuple[str, dict[str, str], bytes]]]:
    """Callbacks that the sandbox delivered, at LAD's public address."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        settings.PUBLIC_URL = address
        yield got


class Rehearsal:
    """Moves time on and does what workers would."""

    def __init__(self, sandbox: Sandbox, posted: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self._sandbox, self._posted = sandbox, posted
        self.recorded = self.lost = 0
        real = worker.record

        def record(answer: placing.Answer) -> None:
            self.recorded += 1
            if self.recorded % LOST_EVERY == 1:
                self.lost += 1
            else:
                real(answer)

        monkeypatch.setattr(worker, "record", record)
        self._now = datetime.now(UTC)

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return self._now

        monkeypatch.setattr("django.utils.timezone.now", lambda: self._now)
        for module in (livekit_client, vapi_client):
            monkeypatch.setattr(module, "datetime", Clock)

    def run(self) -> int:
        """Go on until nothing is left to come. Return how many steps that took."""
        self._sandbox.clock(now=self._now.timestamp())
        for number in range(MOST_STEPS):
            if not self._step():
                return number
        return MOST_STEPS

    def _step(self) -> bool:
        self._sandbox.advance(seconds=STEP_SECONDS)
        self._now += timedelta(seconds=STEP_SECONDS)
        for path, headers, body in self._posted[:]:
            given: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
            kept = {name: text for name, text in given.items() if "CONTENT" not in name and name != "HTTP_HOST"}
            content: Any = body
            assert APIClient().generic("POST", path, content, "application/json", **kept).status_code == 200
        self._posted.clear()
        self._shift()
        worker.dial_due(seconds=5)
        placing.take_over_expired()
        looking.look_due(seconds=5)
        queue.run_due()
        finishing.finish_batches()
        return self._left()

    def _shift(self) -> None:
        """Let what is due by the moved clock be due by the database's."""
        past = datetime.now(UTC) - LONG_AGO
        with platform_context():
            CallPlacement.objects.filter(look_at__lte=self._now).update(look_at=past)
            CallPlacement.objects.filter(due_at__lte=self._now).update(due_at=past)
            CallBatchEntry.objects.filter(next_attempt_at__lte=self._now).update(next_attempt_at=past)

    def _left(self) -> bool:
        soon = self._now + timedelta(minutes=4)
        with platform_context():
            on_their_way = CallPlacement.objects.exclude(state=PlacementState.SETTLED).exists()
            details = CallPlacement.objects.filter(look_at__lt=soon).exists()
            entries = CallBatchEntry.objects.filter(status__in=("queued", "running", "dispatched"))
            now = entries.exclude(next_attempt_at__gt=self._now + timedelta(hours=1)).exists()
        return on_their_way or details or now

    def settle(self) -> None:
        """Charge what nobody told of in time."""
        self._now += timedelta(minutes=30)
        sweep.settle_missed(now=self._now)


def test_nobody_is_called_twice_whatever_is_lost(
    sandbox: Sandbox, posted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    control: Any = Control(sandbox)
    sandbox.people(mixed=True)
    control.ask("POST", "/voice/pace", {"pace": 4})
    world = World.build(control, sandbox.ports["http"], ENTRIES)
    control.ask("POST", "/voice/callbacks", SHARES)
    for stage, protocol, fault, skip, every in FAULTS:
        values = {**fault, "protocol": protocol, "stage": stage, "times": None, "skip": skip % 7, "every": every // 3}
        control.ask("POST", "/faults", values)
    rehearsal = Rehearsal(sandbox, posted, monkeypatch)
    with stamina.set_testing(True, attempts=2):
        steps = rehearsal.run()
    rehearsal.settle()
    database: Any = Database()
    judge = Judge(world, control, database)
    money = Money(judge, control, database)
    assert steps < MOST_STEPS, judge.left_open()
    assert rehearsal.lost > 1
    assert len(judge.log.calls) > ENTRIES // 2
    found = {
        "twice": judge.placed_twice(),
        "at once": judge.at_once(),
        "caps": judge.over_caps(),
        "forbidden": judge.forbidden(),
        "refused": judge.after_refusal(),
        "not reached": judge.not_reached(),
        "ends": judge.wrong_ends(),
        "invented": judge.invented(),
        "left open": judge.left_open(),
        "sums": money.wrong(),
    }
    assert {name: sentences for name, sentences in found.items() if sentences} == {}
