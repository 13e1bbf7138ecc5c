"""Hold many conversations with the assistant at once: python benchmarks/conversations.py [--conversations 1000]

Starts ``make up``'s servers with two web workers, a worker and the sandbox in a temporary directory, with the demo
data. First measures the first event and the first words of a streamed answer, one conversation at a time. Then says
something in every conversation at once, each with a word of its own, and reads the streamed answers. Each must speak of
its own word only, be stored once in its own conversation, and leave nothing held. Prints waits, threads and database
connections of the web server, and how many calls the model had open together.

``--home DIR`` takes a running ``make up`` instead. Its THROTTLE_API must allow as many requests in a minute.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
READ_SECONDS: Final = 300
BUSY_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Heard:
    """One streamed answer: seconds until its first event, its first words and its end, and the whole answer."""

    first_event: float
    first_words: float
    end: float
    answer: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=1_000)
    parser.add_argument("--alone", type=int, default=15, help="conversations that are held one at a time first")
    parser.add_argument("--home", type=Path, help="the LAD_HOME of a running make up")
    parser.add_argument("--port", type=int, default=8_000, help="its port")
    options = parser.parse_args()
    report = Report()
    with _running(options.home, options.port) as product, _database(product) as database:
        tenant, user, email = _prepare(database)
        caller = product._sign_in(email)
        alone = _conversations(database, tenant, user, options.alone)
        _measure_alone(product, caller, alone, report)
        many = _conversations(database, tenant, user, options.conversations)
        _measure_together(product, caller, database, many, report)
    print(f"aims: {sum(report.reached)} of {len(report.reached)} reached")


def _measure_alone(product: Product, caller: Caller, keys: Sequence[UUID], report: Report) -> None:
    heard = [asyncio.run(_talk(product, caller, key, number)) for number, key in enumerate(keys)]
    event = statistics.median(each.first_event for each in heard) * 1e3
    words = statistics.median(each.first_words for each in heard) * 1e3
    end = statistics.median(each.end for each in heard) * 1e3
    print(
        f"one at a time: first event after {event:.0f} ms, first words after {words:.0f} ms, the end after {end:.0f} ms"
    )
    report.aim(f"first event after {event:.0f} ms, at most {AIM_FIRST_EVENT_MS}", event <= AIM_FIRST_EVENT_MS)


def _measure_together(
    product: Product, caller: Caller, database: psycopg.Connection[Any], keys: Sequence[UUID], report: Report
) -> None:
    before = product.usage()
    began, spent = time.perf_counter(), _cpu_seconds(product)
    heard, most_threads = asyncio.run(_all(product, caller, keys))
    seconds, spent = time.perf_counter() - began, _cpu_seconds(product) - spent
    first = sorted(each.first_event for each in heard)
    words = sorted(each.first_words for each in heard)
    print(
        f"{len(keys)} at once: first event after {first[len(first) // 2]:.1f} s (last {first[-1]:.1f} s), first words"
        f" after {words[len(words) // 2]:.1f} s (last {words[-1]:.1f} s), all over after {seconds:.1f} s,"
        f" {spent / len(keys) * 1e3:.0f} ms of the web server each"
    )
    most_open = _sandbox_stats(product)
    print(f"web server: {before.threads} threads before, {most_threads} at most; {most_open} calls open at the model")
    mixed = [number for number, each in enumerate(heard) if not _is_own(each, number, len(keys))]
    report.aim(f"{len(mixed)} of {len(keys)} answers mixed up", not mixed)
    report.aim("no thread is held by a conversation", most_threads <= before.threads + 2 * 8)
    rows = database.execute(
        "SELECT conversation_id, string_agg(content, ' ' ORDER BY created_at), count(*) FROM ai_messages"
        " WHERE conversation_id = ANY(%s) GROUP BY conversation_id",
        [list(keys)],
    ).fetchall()
    stored = {row[0]: row for row in rows}
    right = sum(stored[key][2] == 2 and f"customer{number} " in stored[key][1] for number, key in enumerate(keys))
    report.aim(f"{right} of {len(keys)} conversations hold their two messages", right == len(keys))
    [held] = database.execute(
        "SELECT count(*) FROM billing_usage_events WHERE status = 'pending' AND idempotency_key LIKE 'held:assistant:%'"
    ).fetchall()
    report.aim(f"{held[0]} uses are still held", held[0] == 0)
    models = sum(each.answer["usage"]["model"] != "embedded" for each in heard)
    report.aim(f"{models} of {len(keys)} were answered by the model", models == len(keys))


def _is_own(heard: Heard, number: int, count: int) -> bool:
    said = set(heard.answer["content"].replace(".", " ").replace(",", " ").split())
    return {f"customer{each}" for each in range(count)} & said == {f"customer{number}"}


async def _all(product: Product, caller: Caller, keys: Sequence[UUID]) -> tuple[list[Heard], int]:
    """Talk in all conversations at once. Return what was heard, and the most threads the web server had."""
    most = 0
    talking = asyncio.gather(*[_talk(product, caller, key, number) for number, key in enumerate(keys)])
    while not talking.done():
        most = max(most, sum(each.num_threads() for each in product.web_processes()))
        await asyncio.wait([talking], timeout=0.5)
    return await talking, most


async def _talk(product: Product, caller: Caller, key: UUID, number: int) -> Heard:
    """Say something in a conversation and read the answer. All come from one address, which must not rush in."""
    while (heard := await _try_to_talk(product, caller, key, number)) is None:
        await asyncio.sleep(BUSY_SECONDS)
    return heard


async def _try_to_talk(product: Product, caller: Caller, key: UUID, number: int) -> Heard | None:
    body = {"content": f"customer{number} clinics Dubai want reach"}
    headers = {**caller.headers, "Accept": "text/event-stream", "Connection": "close"}
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", product.port)
    writer.write(request("POST", f"/api/v1/ai-conversations/{key}/answers/", headers=headers, body=body))
    first_event = first_words = 0.0
    name = ""
    async with asyncio.timeout(READ_SECONDS):
        while not reader.at_eof():
            text = (await reader.readline()).decode().strip("\r\n")
            if text.startswith("HTTP/1.1 429"):
                writer.close()
                return None
            if text.startswith("HTTP/1.1") and " 200 " not in text:
                raise SystemExit(f"Conversation {number}: {text} {(await reader.read(2_000))!r}")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
                first_event = first_event or time.perf_counter() - began
            elif text.startswith("data: ") and name == "piece":
                first_words = first_words or time.perf_counter() - began
            elif text.startswith("data: ") and name == "answer":
                writer.close()
                answer = orjson.loads(text.removeprefix("data: "))
                return Heard(first_event, first_words, time.perf_counter() - began, answer)
    raise SystemExit(f"Conversation {number} ended without an answer.")


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


def _prepare(database: psycopg.Connection[Any]) -> tuple[UUID, UUID, str]:
    """Lift the limit of the sandbox's model. Return a tenant that uses it, and its owner."""
    database.execute("UPDATE model_connections SET tokens_per_day = NULL WHERE tenant_id IS NULL")
    found = database.execute(
        "SELECT t.id, u.id, u.email FROM tenants t JOIN memberships m ON m.tenant_id = t.id AND m.role = 'owner'"
        " JOIN users u ON u.id = m.user_id WHERE t.slug = %s",
        [SLUG],
    ).fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def _conversations(database: psycopg.Connection[Any], tenant: UUID, user: UUID, count: int) -> list[UUID]:
    rows = database.execute(
        "INSERT INTO ai_conversations (organization_id, user_id, title) SELECT %s, %s, 'Bench'"
        " FROM generate_series(1, %s) RETURNING id",
        [tenant, user, count],
    ).fetchall()
    return [row[0] for row in rows]


def _cpu_seconds(product: Product) -> float:
    times = [each.cpu_times() for each in product.web_processes()]
    return sum(each.user + each.system for each in times)


def _sandbox_stats(product: Product) -> int:
    found = httpx2.get(f"{product.addresses['SANDBOX_URL']}/stats", trust_env=False)
    return int(found.json()["models"]["most_open"])


if __name__ == "__main__":
    main()
