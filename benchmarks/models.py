"""Measure what LAD adds to a model's own time: python -m benchmarks.models [--calls 300] [--streams 60]

Starts embedded servers and a sandbox, whose model answers at once and streams a piece every ten milliseconds. Compares
``complete`` with a loop that only sends the same request with httpx2, in turns; and the first piece of ``stream`` with
the first event of a bare stream. Then lets threads of one process hold conversations at once, each with words of its
own. Prints medians, and this process's own time a call. The last line counts the aims that are reached.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import orjson

from benchmarks.aims import close
from benchmarks.servers import migrated_servers
from tests.support.conversations import hold, mixed_up
from tests.support.sandbox import HOST, Sandbox, start, wait_for_ports

TENANT: Final = uuid4()
TEXT: Final = "Clinics, dentists and laboratories in Dubai with 40 employees"
KEY: Final = "sandbox-benchmark"
# Of processor time of this process, which load on the computer does not lengthen much.
AIM_OVERHEAD_MS: Final = 8.0
AIM_FIRST_PIECE_MS: Final = 25.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--streams", type=int, default=60)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--sandbox", type=int, default=1_000, help="conversations with the sandbox without LAD")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="lad-models-"))
    try:
        with (
            _sandbox(directory / "sandbox") as sandbox,
            migrated_servers(directory / "lad", LLM_SANDBOX_HOSTS=HOST) as database,
        ):
            import django

            django.setup()
            database.execute(
                "INSERT INTO tenants (id, name, slug, timezone, country)"
                " VALUES (%s, 'Bench', 'bench', 'Europe/Berlin', 'DE')",
                [TENANT],
            )
            _connect(sandbox)
            reached = [
                _overhead(sandbox, options.calls),
                _first_piece(sandbox, options.streams),
                _at_once(sandbox, options.conversations),
                _sandbox_alone(sandbox, options.sandbox),
            ]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    close(reached)


@contextmanager
def _sandbox(home: Path) -> Iterator[Sandbox]:
    home.mkdir(parents=True)
    process = start(home, "--people", "silent")
    try:
        yield Sandbox(home, wait_for_ports(home, process))
    finally:
        process.terminate()
        process.wait(10)


def _connect(sandbox: Sandbox) -> UUID:
    from lad.llm.models import ModelChoice, ModelConnection
    from lad.tenancy.context import tenant_context

    with tenant_context(TENANT):
        connection = ModelConnection.objects.create(
            tenant_id=TENANT, name="Bench", base_url=f"{sandbox.url}/v1", model="sandbox-good", api_key=KEY
        )
        ModelChoice.objects.create(tenant_id=TENANT, connection=connection)
    key: UUID = connection.pk
    return key


def _question(text: str = TEXT) -> Any:
    from lad.llm.messages import Message
    from lad.llm.purposes import EVALUATION
    from lad.llm.questions import Question

    return Question(TENANT, EVALUATION, [Message("user", text)])


def _overhead(sandbox: Sandbox, calls: int) -> bool:
    from lad.llm.services import complete

    question = _question()
    with httpx2.Client(trust_env=False) as client:
        ways: dict[str, Callable[[], object]] = {
            "bare httpx2": lambda: _bare(client, sandbox).json(),
            "complete": lambda: complete(question, embedded=str),
        }
        spent = _alternating(ways, calls)
    for name, (wall, own) in spent.items():
        print(f"{name:12} {median(wall) * 1e3:7.2f} ms a call, {median(own) * 1e3:6.2f} ms of it of this process")
    added = (median(spent["complete"][1]) - median(spent["bare httpx2"][1])) * 1e3
    print(f"LAD adds {added:.2f} ms of its own time to a call, aim at most {AIM_OVERHEAD_MS:.0f}")
    return added <= AIM_OVERHEAD_MS


def _first_piece(sandbox: Sandbox, streams: int) -> bool:
    from lad.llm.streaming import stream

    question = _question()

    def of_lad() -> float:
        began = time.perf_counter()
        pieces = stream(question, embedded=str)
        next(pieces)
        seconds = time.perf_counter() - began
        list(pieces)
        return seconds

    with httpx2.Client(trust_env=False) as client:
        found: dict[str, list[float]] = {"bare httpx2": [], "stream": []}
        for _ in range(streams):
            found["bare httpx2"].append(_bare_first(client, sandbox))
            found["stream"].append(of_lad())
    for name, seconds in found.items():
        print(f"{name:12} first piece after {median(seconds) * 1e3:6.1f} ms, 95 % {_late(seconds) * 1e3:6.1f} ms")
    added = (median(found["stream"]) - median(found["bare httpx2"])) * 1e3
    print(f"LAD adds {added:.1f} ms to the first piece, aim at most {AIM_FIRST_PIECE_MS:.0f}")
    return added <= AIM_FIRST_PIECE_MS


def _at_once(sandbox: Sandbox, conversations: int) -> bool:
    """Hold conversations in threads at once. Each must get its own words back, and each be counted once."""
    from django.db import connection

    from lad.llm.models import ModelUsage
    from lad.llm.streaming import stream
    from lad.tenancy.context import tenant_context

    with tenant_context(TENANT):
        before = ModelUsage.objects.count()

    def talk(number: int) -> bool:
        try:
            *_pieces, last = stream(_question(f"customer{number}"), embedded=str)
            return f"“customer{number}”" in last.text
        finally:
            connection.close()

    began, own = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(conversations) as threads:
        right = sum(threads.map(talk, range(conversations)))
    seconds, own = time.perf_counter() - began, time.process_time() - own
    with tenant_context(TENANT):
        counted = ModelUsage.objects.count() - before
    most = sandbox.stats()["models"]["most_open"]
    print(
        f"{conversations} conversations at once: {right} right, {counted} counted, {most} open at the model together,"
        f" {seconds:.1f} s, {own / conversations * 1e3:.1f} ms of this process each"
    )
    return right == counted == conversations


def _sandbox_alone(sandbox: Sandbox, conversations: int) -> bool:
    """Hold conversations without LAD, to see what the sandbox itself stands."""
    began = time.perf_counter()
    wrong = mixed_up(asyncio.run(hold(sandbox.ports["http"], conversations)))
    seconds, most = time.perf_counter() - began, sandbox.stats()["models"]["most_open"]
    print(f"the sandbox alone: {conversations} at once, {most} open together, {len(wrong)} mixed up, {seconds:.1f} s")
    return not wrong


def _alternating(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Run the ways in turns. Return wall and own seconds of each call."""
    spent: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            wall, own = time.perf_counter(), time.process_time()
            way()
            spent[name][0].append(time.perf_counter() - wall)
            spent[name][1].append(time.process_time() - own)
    return spent


def _bare(client: httpx2.Client, sandbox: Sandbox) -> httpx2.Response:
    return client.post(f"{sandbox.url}/v1/chat/completions", content=_body(), headers=_headers())


def _bare_first(client: httpx2.Client, sandbox: Sandbox) -> float:
    """Return the seconds until the first event with text."""
    began, first = time.perf_counter(), 0.0
    address = f"{sandbox.url}/v1/chat/completions"
    with client.stream("POST", address, content=_body(stream=True), headers=_headers()) as response:
        for line in response.iter_lines():
            if not first and line.startswith("data: {") and '"content":"' in line and '"content":""' not in line:
                first = time.perf_counter() - began
    return first


def _body(**values: Any) -> bytes:
    message = {"role": "user", "content": TEXT}
    return orjson.dumps({"model": "sandbox-good", "messages": [message], "max_tokens": 1_024, **values})


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def _late(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    main()
