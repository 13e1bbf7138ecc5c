"""Hold many conversations with the assistant at once: python benchmarks/conversations.py [--conversations 1000]

Starts ``make up``'s servers with two web workers, a worker and the sandbox in a temporary directory, with the demo
data. First measures the first event and the first piece of a streamed answer, one conversation at a time. Then as many
streams as there are conversations are read at once from the sandbox's model itself, without LAD. Then something is said
in every conversation at once, each from an address of its own where the system has several, and with a secret word of
its own. The word must come back in that conversation and in no other, in what is streamed and in what is stored; no
message may be lost, and nothing may stay held.

Prints waits, also as a multiple of the sandbox's own, processor time, threads, memory and database connections of the
web server while it streams, and how many calls the model had open together. All waits count from the moment at which
the person asks. ``--model sandbox-slow`` has every answer take four seconds, so that all are open together.

``--home DIR`` takes a running ``make up`` instead. Its THROTTLE_API must allow as many requests in a minute.
"""

import argparse
import asyncio
import re
import resource
import secrets
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import httpx2
import orjson
import psutil
import psycopg
from http_load import request

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from streams import Caller, Product, Report, running_product  # noqa: E402  (beside this file)

SLUG: Final = "kestrel-analytics"
AIM_FIRST_EVENT_MS: Final = 400
READ_SECONDS: Final = 600
BUSY_SECONDS: Final = 0.2
SAMPLE_SECONDS: Final = 0.5
WEB_THREADS: Final = 8
SECRET: Final = re.compile(r"word[0-9]{4}[a-z]{12}")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
# Linux answers at every address of this network.
ADDRESSES_A_NETWORK: Final = 250
# Whoever is in a transaction has a lock of this kind. What a session is doing, only a superuser sees.
USED: Final = """
SELECT count(*), count(*) FILTER (
    WHERE EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid')
)
FROM pg_stat_activity a WHERE usename = 'lad_web'
"""


@dataclass(frozen=True)
class Talk:
    """A conversation of the benchmark, with the word that nobody else says."""

    number: int
    key: UUID
    secret: str


@dataclass(frozen=True)
class Heard:
    """One streamed answer: seconds until its first event, its first piece and its end, and all that was sent."""

    first_event: float
    first_piece: float
    end: float
    answer: dict[str, Any]
    everything: str


@dataclass
class Peak:
    """The most that the web server used while it streamed, and of each sample the connections in a transaction."""

    threads: int = 0
    megabytes: float = 0.0
    in_transaction: list[int] = field(default_factory=list)
    open: int = 0
    model_calls: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=1_000)
    parser.add_argument("--alone", type=int, default=15, help="conversations that are held one at a time first")
    parser.add_argument("--model", default="sandbox-good", help="the sandbox's model that answers")
    parser.add_argument("--home", type=Path, help="the LAD_HOME of a running make up")
    parser.add_argument("--port", type=int, default=8_000, help="its port")
    options = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    with _running(options.home, options.port) as product, _database(product) as database:
        tenant, user, email = _prepare(database, options.model)
        caller = product._sign_in(email)
        _measure_alone(product, caller, _talks(database, tenant, user, options.alone), report)
        bare = asyncio.run(_bare(product, options.model, options.conversations))
        print(f"the sandbox alone, {len(bare)} at once: first piece {_spread(bare)}")
        _measure_together(
            product, caller, database, _talks(database, tenant, user, options.conversations), bare, report
        )
    sys.exit(0 if report.close() else 1)


def _measure_alone(product: Product, caller: Caller, talks: Sequence[Talk], report: Report) -> None:
    heard = [asyncio.run(_talk(product, caller, each)) for each in talks]
    event, piece, end = (
        statistics.median(getattr(each, name) for each in heard) * 1e3 for name in ("first_event", "first_piece", "end")
    )
    print(f"one at a time: first event {event:.0f} ms, first piece {piece:.0f} ms, end {end:.0f} ms")
    report.aim(f"first event after {event:.0f} ms, at most {AIM_FIRST_EVENT_MS}", event <= AIM_FIRST_EVENT_MS)


def _measure_together(
    product: Product,
    caller: Caller,
    database: psycopg.Connection[Any],
    talks: Sequence[Talk],
    bare: Sequence[float],
    report: Report,
) -> None:
    before = product.usage()
    began, spent = time.perf_counter(), _cpu_seconds(product)
    heard, peak = asyncio.run(_all(product, caller, talks))
    seconds, spent = time.perf_counter() - began, _cpu_seconds(product) - spent
    event, piece = [each.first_event for each in heard], [each.first_piece for each in heard]
    print(f"{len(talks)} at once: first event {_spread(event)}")
    print(f"first piece {_spread(piece)}: {_ratio(piece, bare, 0.5):.1f} and {_ratio(piece, bare, 0.95):.1f} times the")
    print(f"sandbox's own; all over after {seconds:.1f} s; {spent / len(talks) * 1e3:.0f} ms of the web server each")
    print(
        f"web server: {before.threads} threads before, {peak.threads} at most; {before.megabytes:.0f} MB before,"
        f" {peak.megabytes:.0f} MB at most; {peak.model_calls} calls open at the model at most"
    )
    print(
        f"database connections of the web server: {peak.open} open at most; in a transaction"
        f" {statistics.mean(peak.in_transaction):.1f} on average, {max(peak.in_transaction)} at most"
    )
    report.aim("no thread is held by a conversation", peak.threads <= before.threads + 2 * WEB_THREADS)
    _check(database, talks, heard, report)


def _check(database: psycopg.Connection[Any], talks: Sequence[Talk], heard: Sequence[Heard], report: Report) -> None:
    """Look for words in conversations of others, for lost messages, and for what is still held."""
    rows = database.execute(
        "SELECT c.id, string_agg(concat(m.content, m.message_data), ' ') || c.icp_data::text || c.metadata::text,"
        " count(*) FILTER (WHERE m.role = 'user'), count(*) FILTER (WHERE m.role = 'assistant')"
        " FROM ai_conversations c JOIN ai_messages m ON m.conversation_id = c.id WHERE c.id = ANY(%s) GROUP BY c.id",
        [[each.key for each in talks]],
    ).fetchall()
    stored = {row[0]: row for row in rows}
    said = [(talk.secret, set(SECRET.findall(each.everything))) for talk, each in zip(talks, heard, strict=True)]
    mixed = sum(bool(words - {own}) for own, words in said)
    report.aim(f"{mixed} of {len(talks)} streamed answers mixed up", mixed == 0)
    own = sum(own in words for own, words in said)
    report.aim(f"{own} of {len(talks)} streamed answers have their own word", own == len(talks))
    mixed = sum(set(SECRET.findall(stored[each.key][1])) != {each.secret} for each in talks if each.key in stored)
    report.aim(f"{mixed} of {len(stored)} stored conversations mixed up", mixed == 0)
    lost = sum(2 - sum(min(count, 1) for count in stored.get(each.key, (0, 0, 0, 0))[2:]) for each in talks)
    report.aim(f"{lost} of {2 * len(talks)} messages lost", lost == 0)
    again = sum(max(count - 1, 0) for row in rows for count in row[2:])
    report.aim(f"{again} messages stored twice", again == 0)
    [held] = database.execute(
        "SELECT count(*) FROM billing_usage_events e WHERE status = 'pending' AND EXISTS ("
        "SELECT FROM ai_messages m WHERE m.conversation_id = ANY(%s)"
        " AND e.external_reference_id = 'assistant:' || m.id)",
        [[each.key for each in talks]],
    ).fetchall()
    report.aim(f"{held[0]} uses are still held", held[0] == 0)
    models = sum(each.answer["usage"]["model"] != "embedded" for each in heard)
    report.aim(f"{models} of {len(talks)} were answered by the model", models == len(talks))


async def _all(product: Product, caller: Caller, talks: Sequence[Talk]) -> tuple[list[Heard], Peak]:
    """Talk in all conversations at once. Return what was heard, and the most that the web server used."""
    peak = Peak()
    processes = product.web_processes()
    with psycopg.connect(product.addresses["DATABASE_OWNER_URL"], autocommit=True) as sampling:
        talking = asyncio.gather(*[_talk(product, caller, each) for each in talks])
        while not talking.done():
            await asyncio.to_thread(_sample, peak, product, processes, sampling)
            await asyncio.wait([talking], timeout=SAMPLE_SECONDS)
        return await talking, peak


def _sample(
    peak: Peak, product: Product, processes: Sequence[psutil.Process], sampling: psycopg.Connection[Any]
) -> None:
    peak.threads = max(peak.threads, sum(each.num_threads() for each in processes))
    peak.megabytes = max(peak.megabytes, sum(each.memory_full_info().pss for each in processes) / 1e6)
    row = sampling.execute(USED).fetchone()
    assert row is not None
    peak.open = max(peak.open, row[0])
    peak.in_transaction.append(row[1])
    stats = httpx2.get(f"{product.addresses['SANDBOX_URL']}/stats", trust_env=False).json()
    peak.model_calls = max(peak.model_calls, stats["models"]["open"])


async def _talk(product: Product, caller: Caller, talk: Talk) -> Heard:
    """Say something in a conversation and read the answer. Who is told to come back later does, and keeps waiting."""
    began = time.perf_counter()
    while (heard := await _try_to_talk(product, caller, talk, began)) is None:
        await asyncio.sleep(BUSY_SECONDS)
    return heard


async def _try_to_talk(product: Product, caller: Caller, talk: Talk, began: float) -> Heard | None:
    body = {"content": f"{talk.secret} clinics Dubai want reach"}
    headers = {**caller.headers, "Accept": "text/event-stream", "Connection": "close"}
    reader, writer = await asyncio.open_connection("127.0.0.1", product.port, local_addr=_address(talk.number))
    try:
        path = f"/api/v1/ai-conversations/{talk.key}/answers/"
        writer.write(request("POST", path, headers=headers, body=body))
        async with asyncio.timeout(READ_SECONDS):
            return await _read(reader, talk, began)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, talk: Talk, began: float) -> Heard | None:
    first_event = first_piece = 0.0
    name, lines = "", []
    while not reader.at_eof():
        text = (await reader.readline()).decode().strip("\r\n")
        if text.startswith("HTTP/1.1 429"):
            return None
        if text.startswith("HTTP/1.1") and " 200 " not in text:
            raise SystemExit(f"Conversation {talk.number}: {text} {(await reader.read(2_000))!r}")
        if text.startswith("event: "):
            name = text.removeprefix("event: ")
            first_event = first_event or time.perf_counter() - began
        elif text.startswith("data: "):
            lines.append(text)
            if name == "piece":
                first_piece = first_piece or time.perf_counter() - began
            elif name == "answer":
                answer = orjson.loads(text.removeprefix("data: "))
                return Heard(first_event, first_piece, time.perf_counter() - began, answer, "\n".join(lines))
    raise SystemExit(f"Conversation {talk.number} ended without an answer.")


async def _bare(product: Product, model: str, count: int) -> list[float]:
    """Return the seconds until the first piece of each of so many streams of the sandbox's model, read at once."""
    port = httpx2.URL(product.addresses["SANDBOX_URL"]).port
    assert port is not None
    return await asyncio.gather(*[_bare_piece(port, model, number) for number in range(count)])


async def _bare_piece(port: int, model: str, number: int) -> float:
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": f"customer{number} clinics"}]}
    headers = {"Host": "sandbox", "Authorization": "Bearer sandbox-key", "Connection": "close"}
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=_address(number))
    writer.write(request("POST", "/v1/chat/completions", headers=headers, body=body))
    first = 0.0
    while line := await reader.readline():
        if not first and b'"content":"' in line and b'"content":""' not in line:
            first = time.perf_counter() - began
    writer.close()
    assert first
    return first


def _address(number: int) -> tuple[str, int] | None:
    """Return an address of one person of many, or None where the system has one address only."""
    if sys.platform != "linux":
        return None
    return f"127.1.{number // ADDRESSES_A_NETWORK}.{number % ADDRESSES_A_NETWORK + 1}", 0


@contextmanager
def _running(home: Path | None, port: int) -> Iterator[Product]:
    if home is None:
        with running_product() as product:
            yield product
        return
    parents = [each for each in psutil.process_iter(["cmdline"]) if "tools.runtime.up" in (each.info["cmdline"] or [])]
    known = next(each for each in parents if each.environ().get("LAD_HOME") == str(home))
    yield Product(home, port, SimpleNamespace(pid=known.pid))


@contextmanager
def _database(product: Product) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(product.addresses["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("SET search_path = lad_dev")
        connection.execute("SET ROLE lad_platform")
        yield connection


def _prepare(database: psycopg.Connection[Any], model: str) -> tuple[UUID, UUID, str]:
    """Lift the limits of the sandbox's model. Return a tenant that uses it, and its owner."""
    database.execute(
        "UPDATE model_connections SET tokens_per_day = NULL, model = %s WHERE tenant_id IS NULL AND model LIKE %s",
        [model, "sandbox-%"],
    )
    found = database.execute(
        "SELECT t.id, u.id, u.email FROM tenants t JOIN memberships m ON m.tenant_id = t.id AND m.role = 'owner'"
        " JOIN users u ON u.id = m.user_id WHERE t.slug = %s",
        [SLUG],
    ).fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def _talks(database: psycopg.Connection[Any], tenant: UUID, user: UUID, count: int) -> list[Talk]:
    rows = database.execute(
        "INSERT INTO ai_conversations (organization_id, user_id, title) SELECT %s, %s, 'Bench'"
        " FROM generate_series(1, %s) RETURNING id",
        [tenant, user, count],
    ).fetchall()
    return [Talk(number, row[0], _secret(number)) for number, row in enumerate(rows)]


def _secret(number: int) -> str:
    return f"word{number:04}{''.join(secrets.choice(LETTERS) for _ in range(12))}"


def _cpu_seconds(product: Product) -> float:
    times = [each.cpu_times() for each in product.web_processes()]
    return sum(each.user + each.system for each in times)


def _spread(seconds: Sequence[float]) -> str:
    return f"{_at(seconds, 0.5):.2f} s (p50), {_at(seconds, 0.95):.2f} s (p95)"


def _ratio(ours: Sequence[float], bare: Sequence[float], part: float) -> float:
    return _at(ours, part) / _at(bare, part)


def _at(seconds: Sequence[float], part: float) -> float:
    return sorted(seconds)[min(int(len(seconds) * part), len(seconds) - 1)]


if __name__ == "__main__":
    main()
