"""Attack LAD as strangers and members can, and watch /healthz: python benchmarks/hostile.py [--connections 800]

Starts ``make up``'s servers, two web workers and worker in a temporary directory, with the demo data. Another process
asks for /healthz and, signed in, for a list of leads all the time. Meanwhile come, one after the other: bodies and
headers that do not end, bodies that drip, idle connections, paths of 65 KB, huge and deep JSON, and 100,000 hostile
characters in every text that the API's document or the admin's forms let a caller send.
"""

import argparse
import multiprocessing
import re
import resource
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

import yaml
from hostile_requests import (
    API,
    hostile_fields,
    hostile_templates,
    hostile_texts,
    large_fields,
    large_json,
    long_paths,
)
from http_load import ask, request
from streams import ROOT, Product, Report, running_product, slow_clients, slow_headers

MAX_HEALTH_SECONDS: Final = 1.0
MAX_ANSWER_SECONDS: Final = 2.0
MAX_ANSWER_BYTES: Final = 100_000
MAX_GROWTH_MEGABYTES: Final = 150
HOLD_SECONDS: Final = 5
DRIP_SECONDS: Final = 25
DRIPPING: Final = 100
ATTACKERS: Final = 4


@dataclass
class Tally:
    """What the server answered to one attack."""

    statuses: Counter[int] = field(default_factory=Counter)
    longest_seconds: float = 0.0
    most_bytes: int = 0
    slowest: str = ""

    def add(self, status: int, size: int, seconds: float, what: str) -> None:
        self.statuses[status] += 1
        self.most_bytes = max(self.most_bytes, size)
        if seconds > self.longest_seconds:
            self.longest_seconds, self.slowest = seconds, what

    @property
    def failures(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def __str__(self) -> str:
        return ", ".join(f"{count} × {status or 'closed'}" for status, count in sorted(self.statuses.items()))


def watch(port: int, requests: dict[str, bytes], pipe: Pipe) -> None:
    """Ask in turn until told to stop. Each message names a phase; the answer is the longest waits of the last one."""
    longest = dict.fromkeys(requests, 0.0)
    while True:
        for name, content in requests.items():
            started = time.perf_counter()
            with suppress(Exception):
                ask(port, content, status=200)
            longest[name] = max(longest[name], time.perf_counter() - started)
        if pipe.poll(0.02):
            if not pipe.recv():
                return
            pipe.send(longest)
            longest = dict.fromkeys(requests, 0.0)


def send(port: int, content: bytes) -> tuple[int, int]:
    """Send a request on a connection of its own. Return the status, 0 if it was closed, and the bytes of the answer."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        # The server may answer and close before it has read everything.
        with suppress(ConnectionError):
            client.sendall(content)
        with suppress(ConnectionError, TimeoutError):
            while piece := client.recv(1 << 16):
                received += piece
                head, separator, body = received.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if separator and length and len(body) >= int(length[1]):
                    break
    return (int(received[9:12]) if received[9:12].isdigit() else 0), len(received)


def send_all(port: int, requests: Iterator[tuple[str, bytes]]) -> Tally:
    """Send the requests, several at once. Each is made only when it is sent: together they fill the memory."""
    tally, making = Tally(), threading.Lock()

    def attacker() -> None:
        while True:
            with making:
                name, content = next(requests, ("", b""))
            if not name:
                return
            started = time.perf_counter()
            status, size = send(port, content)
            tally.add(status, size, time.perf_counter() - started, name)

    with ThreadPoolExecutor(ATTACKERS) as threads:
        for done in [threads.submit(attacker) for _ in range(ATTACKERS)]:
            done.result()
    return tally


def held(open_them: Callable[[ExitStack], object]) -> None:
    with ExitStack() as stack:
        open_them(stack)
        time.sleep(HOLD_SECONDS)


def drip(port: int, host: dict[str, str]) -> int:
    """Send a byte of each body every half second. Return how many clients were still connected at the end."""
    with ExitStack() as stack:
        clients = slow_clients(port, host, DRIPPING, stack)
        deadline = time.monotonic() + DRIP_SECONDS
        while clients and time.monotonic() < deadline:
            time.sleep(0.5)
            clients = [client for client in clients if _sent(client)]
        return len(clients)


def _sent(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        client.send(b" ")
        client.recv(1 << 12)
    except BlockingIOError:
        return True
    except OSError:
        return False
    # An answer, or the end.
    return False


class AdminBrowser:
    """Signed in to the admin as the demo's superuser."""

    def __init__(self, product: Product) -> None:
        self.address = f"http://127.0.0.1:{product.port}"
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.read("/admin/login/")
        password = product.keys["LAD_DEMO_PASSWORD"]
        self.post("/admin/login/?next=/admin/", {"username": "admin@lad.localhost", "password": password})
        if "sign" in self.read("/admin/")[1][:3000].lower() and "logout" not in self.read("/admin/")[1].lower():
            raise SystemExit("The admin did not let the demo's superuser in.")

    def read(self, path: str) -> tuple[int, str]:
        with self.opener.open(self.address + path, timeout=60) as answer:
            return answer.status, answer.read().decode()

    def post(self, path: str, values: dict[str, str]) -> int:
        token = next(each.value or "" for each in self.cookies if each.name == "csrftoken")
        body = urllib.parse.urlencode({**values, "csrfmiddlewaretoken": token}).encode()
        try:
            with self.opener.open(self.address + path, body, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)
        except (urllib.error.URLError, ConnectionError) as error:
            # A form over the limit is refused before it has been read, so sending the rest may fail.
            if isinstance(getattr(error, "reason", error), ConnectionError):
                return 0
            raise

    def attack(self) -> Tally:
        """Send hostile texts to the search and to the form with the availability of a counsellor."""
        tally = Tally()
        for text in hostile_texts():
            values = {f"availability_rules_{number}": text for number in range(8)}
            values["availability_rules_7"] = f"2026-12-24 {text}"
            for path in ("/admin/leads/educationcounsellor/add/", "/admin/leads/lead/add/"):
                started = time.perf_counter()
                status = self.post(path, {**values, "first_name": text, "phone": text, "email": text})
                tally.add(status, 0, time.perf_counter() - started, path)
            started = time.perf_counter()
            status, page = self.read(f"/admin/search/?s={urllib.parse.quote(text[:10_000])}")
            tally.add(status, len(page), time.perf_counter() - started, "/admin/search/")
        return tally


class Watcher:
    """The good client, in a process of its own."""

    def __init__(self, port: int, requests: dict[str, bytes]) -> None:
        self.pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=watch, args=(port, requests, other), daemon=True)
        self._process.start()

    def longest(self) -> dict[str, float]:
        """Return the longest waits since the last call."""
        self.pipe.send(True)
        waits: dict[str, float] = self.pipe.recv()
        return waits

    def stop(self) -> None:
        self.pipe.send(False)
        self._process.join(60)


def attack(product: Product, connections: int, report: Report) -> None:
    member = product.callers()[0]
    port, host = product.port, product.host
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    health = request("GET", "/healthz", headers=host)
    watcher = Watcher(port, {"health": health, "leads": request("GET", f"{API}/leads/", headers=member.headers)})
    time.sleep(1)
    before = product.usage()
    browser = AdminBrowser(product)
    quiet = watcher.longest()

    def idle(stack: ExitStack) -> None:
        for _ in range(connections):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))

    def bodies(count: int) -> Callable[[], None]:
        return lambda: held(lambda stack: slow_clients(port, host, count, stack))

    phases: dict[str, Callable[[], Any]] = {
        "8 bodies that do not end": bodies(8),
        f"{connections} bodies that do not end": bodies(connections),
        f"{connections} headers that do not end": lambda: held(lambda stack: slow_headers(port, connections, stack)),
        f"{connections} idle connections": lambda: held(idle),
        f"{DRIPPING} bodies that drip": lambda: drip(port, host),
        "paths and queries of 65 KB": lambda: send_all(port, long_paths(host)),
        "huge and deep JSON": lambda: send_all(port, large_json(host, member)),
        "fields over their limit": lambda: send_all(port, large_fields(member)),
        "hostile texts in the API": lambda: send_all(port, hostile_fields(document, member)),
        "hostile templates": lambda: send_all(port, hostile_templates(port, member)),
        "hostile texts in the admin": browser.attack,
    }
    print(f"before: /healthz {quiet['health'] * 1000:.0f} ms, a list of leads {quiet['leads'] * 1000:.0f} ms\n")
    print("| attack | seconds | /healthz, longest | a list of leads, longest | answers | slowest answer |")
    print("|---|---:|---:|---:|---|---:|")
    results: dict[str, Any] = {}
    waits: dict[str, dict[str, float]] = {}
    for name, run in phases.items():
        started = time.perf_counter()
        results[name] = result = run()
        waits[name] = worst = watcher.longest()
        answers = str(result) if isinstance(result, Tally) else ""
        slowest = f"{result.longest_seconds * 1000:.0f} ms {result.slowest}" if isinstance(result, Tally) else ""
        took = time.perf_counter() - started
        shown = [f"{worst[each] * 1000:.0f} ms" for each in ("health", "leads")]
        cells = [name, f"{took:.0f}", *shown, answers, slowest]
        print(f"| {' | '.join(cells)} |", flush=True)
    watcher.stop()
    after = product.usage()

    print("\n| aim | reached |\n|---|---|")
    for name, worst in waits.items():
        report.aim(f"{name}: /healthz within a second", worst["health"] < MAX_HEALTH_SECONDS)
    report.aim("bodies that drip are ended", results[f"{DRIPPING} bodies that drip"] == 0)
    tallies = {name: each for name, each in results.items() if isinstance(each, Tally)}
    for name, tally in tallies.items():
        report.aim(f"{name}: no answer is a 500", tally.failures == 0)
        report.aim(f"{name}: every answer within two seconds", tally.longest_seconds < MAX_ANSWER_SECONDS)
    largest = max(tally.most_bytes for name, tally in tallies.items() if "admin" not in name)
    report.aim(f"no answer repeats a huge input: at most {largest / 1000:.0f} KB", largest < MAX_ANSWER_BYTES)
    refused = tallies["huge and deep JSON"].statuses
    report.aim("huge and deep JSON is refused with 413, or the connection is closed", set(refused) <= {0, 413, 429})
    growth = after.megabytes - before.megabytes
    report.aim(
        f"the web servers grew by {growth:.0f} MB, at most {MAX_GROWTH_MEGABYTES}", growth < MAX_GROWTH_MEGABYTES
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=800)
    options = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    with running_product() as product:
        attack(product, options.connections, report)
    return 0 if report.close() else 1


if __name__ == "__main__":
    sys.exit(main())
