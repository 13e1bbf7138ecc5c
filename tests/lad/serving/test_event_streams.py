"""Responses whose body comes from the event loop: in time, without a thread, and ended when the client leaves."""

import asyncio
import threading
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any

from django.core.cache import caches

from lad import settings as lad_settings
from lad.serving.background import Background, Runner
from lad.serving.event_streams import EventStream, event
from lad.serving.threads import ThreadedApplication
from tests.support.loops import run as run_coroutine
from tests.support.loops import without_loop

SCOPE: dict[str, Any] = {
    "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [],
    "http_version": "1.1", "scheme": "http", "client": ("203.0.113.9", 1), "server": ("127.0.0.1", 80),
}  # fmt: skip


class Stage:
    """An application that streams what the test says, and what became of it."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.finished: list[str] = []
        self.sent: list[MutableMapping[str, Any]] = []
        self.leave = asyncio.Event()

    def application(self, environment: dict[str, Any], start_response: Any) -> EventStream:
        response = EventStream(self.make, unread=lambda: self.finished.append("unread"))
        start_response("200 OK", list(response.items()))
        return response

    async def make(self, run: Runner) -> AsyncGenerator[bytes, None]:
        try:
            yield event("first", {"thread": await run(lambda: threading.current_thread().name)})
            await self.go.wait()
            yield event("second", {})
        finally:
            self.finished.append(await run(lambda: "stored"))

    async def receive(self) -> dict[str, Any]:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    async def sent_many(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.sent) < count:
                await asyncio.sleep(0.005)


def test_pieces_are_sent_as_they_come_while_no_thread_waits() -> None:
    async def play() -> list[MutableMapping[str, Any]]:
        stages = [Stage() for _ in range(20)]
        served = []
        # One thread answers for all of them, though all are open at once.
        for stage in stages:
            application = _threaded(stage)
            served.append(asyncio.create_task(application(SCOPE, stage.receive, stage.send)))
        for stage in stages:
            await stage.sent_many(2)
            stage.go.set()
        await asyncio.gather(*served)
        assert all(stage.finished == ["stored"] for stage in stages)
        return stages[0].sent

    start, first, second, end = run_coroutine(play())
    assert dict(start["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert b"content-length" not in dict(start["headers"])
    assert first["body"].startswith(b'event: first\ndata: {"thread":"background')
    assert (second["body"], second["more_body"]) == (b"event: second\ndata: {}\n\n", True)
    assert end == {"type": "http.response.body", "body": b""}


def test_a_client_that_leaves_ends_the_stream_and_its_work_is_finished() -> None:
    async def play() -> Stage:
        stage = Stage()
        served = asyncio.create_task(_threaded(stage)(SCOPE, stage.receive, stage.send))
        await stage.sent_many(2)
        stage.leave.set()
        async with asyncio.timeout(5):
            await served
        return stage

    stage = run_coroutine(play())
    assert stage.finished == ["stored"]
    assert len(stage.sent) == 2


def test_a_client_that_left_before_the_stream_began_leaves_no_work_undone() -> None:
    async def play() -> Stage:
        stage = Stage()
        stage.leave.set()

        async def gone(message: MutableMapping[str, Any]) -> None:
            await asyncio.sleep(60)

        async with asyncio.timeout(5):
            await _threaded(stage)(SCOPE, stage.receive, gone)
        return stage

    # Nothing was made, and what is to be done instead was done.
    assert run_coroutine(play()).finished == ["unread"]


def test_a_server_without_a_loop_gets_all_pieces_at_the_end() -> None:
    async def make(run: Runner) -> AsyncGenerator[bytes, None]:
        yield event("first", {"thread": await run(lambda: threading.current_thread() is main)})

    main = threading.current_thread()
    with without_loop():
        pieces = list(EventStream(make))
    assert pieces == [b'event: first\ndata: {"thread":true}\n\n']


def _threaded(stage: Stage) -> ThreadedApplication:
    return ThreadedApplication(
        stage.application, threads=1, max_body=1_000, max_upload=1_000, unfinished_bodies=5, background_threads=1
    )


def test_work_beside_the_loop_shares_one_connection_to_the_cache() -> None:
    async def play() -> list[Any]:
        background = Background(threads=2)
        return [await background(lambda: caches["default"]) for _ in range(4)]

    first, *others = run_coroutine(play())
    assert [each is first for each in others] == [True] * 3


def test_no_thread_of_a_web_worker_waits_for_a_connection_of_another(monkeypatch: Any) -> None:
    monkeypatch.setenv("DB_POOL", "true")
    pool = lad_settings._database()["OPTIONS"]["pool"]
    assert pool["max_size"] >= lad_settings.WEB_THREADS + lad_settings.WEB_BACKGROUND_THREADS > lad_settings.WEB_THREADS
