"""Hold streams and slow clients beside normal requests: python benchmarks/streams.py [--streams 500] [--slow 100]

Starts ``make up``'s servers, web and worker in a temporary directory, with the demo data. Opens the streams, half of
them in each of two tenants, then as many requests whose bodies, headers and readers are slow. Meanwhile it asks for
/healthz and for a list of leads, changes a lead, and waits until every stream of its tenant has heard of it. Prints
threads, database connections and memory of the web server before and with them.

``--wsgi`` adds the same slow bodies against LAD served as plain WSGI, which is how it was served before, and compares
what a request costs there, in one run.
"""

import argparse
import os
import resource
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
from aims import Aims
from http_load import Connection, UnexpectedAnswer, ask, mean_seconds, request

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.runtime.keys import KeyFile  # noqa: E402  (importable only after sys.path is set)
from tools.runtime.ports import free_port  # noqa: E402
from tools.runtime.process import command_line  # noqa: E402

TENANTS: Final = 2
ROUNDS: Final = 5
MAX_HEALTH_SECONDS: Final = 1.0
MAX_STREAM_KILOBYTES: Final = 100
START_SECONDS: Final = 240
HEAR_SECONDS: Final = 10
NO_ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Usage:
    """What the web server uses."""

    threads: int
    connections: int
    megabytes: float


@dataclass(frozen=True)
class Caller:
    """A signed-in member of a tenant."""

    email: str
    headers: dict[str, str]


class Product:
    """A running ``make up``."""

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.home, self.port, self.process = home, port, process
        self.host = {"Host": f"127.0.0.1:{port}"}
        self.keys = KeyFile(home / "secrets.env").values()
        self.addresses = KeyFile(home / "running.env").values()

    def web_processes(self) -> list[psutil.Process]:
        started = psutil.Process(self.process.pid).children(recursive=True)
        return [each for each in started if "granian" in command_line(each.pid)]

    def usage(self) -> Usage:
        processes = self.web_processes()
        with psycopg.connect(self.addresses["DATABASE_OWNER_URL"]) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'lad_web' AND state <> 'idle'"
            ).fetchone()
        assert row is not None
        memory = sum(each.memory_full_info().pss for each in processes)
        return Usage(sum(each.num_threads() for each in processes), row[0], memory / 1e6)

    def callers(self) -> list[Caller]:
        """Sign in the owner of each of the demo's tenants."""
        with psycopg.connect(self.addresses["DATABASE_OWNER_URL"]) as connection:
            connection.execute("SET search_path = lad_dev")
            connection.execute("SET ROLE lad_platform")
            rows = connection.execute(
                "SELECT DISTINCT ON (m.tenant_id) u.email FROM users u JOIN memberships m ON m.user_id = u.id"
                " JOIN tenants t ON t.id = m.tenant_id AND t.status = 'active' WHERE m.role = 'owner'"
                " ORDER BY m.tenant_id LIMIT %s",
                [TENANTS],
            ).fetchall()
        return [self._sign_in(email) for (email,) in rows]

    def _sign_in(self, email: str) -> Caller:
        login = {"email": email, "password": self.keys["LAD_DEMO_PASSWORD"]}
        signed_in = ask(self.port, request("POST", "/api/v1/auth/sign-in/", headers=self.host, body=login), status=200)
        return Caller(email, {**self.host, "Authorization": f"Bearer {signed_in.json()['access_token']}"})

    def stream_path(self, caller: Caller) -> str:
        asked = request("POST", "/api/v1/stream-tickets/", headers=caller.headers, body={"channel": "activity"})
        url: str = ask(self.port, asked, status=201).json()["url"]
        return url.partition(str(self.port))[2]


@contextmanager
def running_product() -> Iterator[Product]:
    home = Path(tempfile.mkdtemp(prefix="lad-"))
    port = free_port()
    output = home / "up.out"
    with output.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.runtime.up"],
            cwd=ROOT,
            env={**os.environ, "LAD_HOME": str(home), "LAD_PORT": str(port), "THROTTLE_API": "1000000/min"},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops it." not in output.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"LAD did not start:\n{output.read_text()}")
            time.sleep(0.2)
        yield Product(home, port, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def open_streams(product: Product, path: str, count: int, stack: ExitStack) -> list[socket.socket]:
    """Open streams of one tenant and read the beginning of each."""
    opened = []
    for _ in range(count):
        stream = stack.enter_context(socket.create_connection(("127.0.0.1", product.port), timeout=HEAR_SECONDS))
        stream.sendall(request("GET", path, headers=product.host))
        opened.append(stream)
    for stream in opened:
        received = b""
        while b"event: open" not in received:
            piece = stream.recv(4096)
            if not piece:
                raise UnexpectedAnswer(f"A stream was refused: {received!r}")
            received += piece
    return opened


def slow_clients(port: int, host: dict[str, str], count: int, stack: ExitStack) -> list[socket.socket]:
    """Start requests whose bodies do not arrive."""
    head = request("POST", "/api/v1/auth/sign-in/", headers={**host, "Content-Type": "application/json"})
    head = head.replace(b"\r\n\r\n", b"\r\nContent-Length: 1000\r\n\r\n{")
    return _send_parts(port, head, count, stack)


def slow_headers(port: int, count: int, stack: ExitStack) -> list[socket.socket]:
    """Start requests whose headers do not end."""
    return _send_parts(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", count, stack)


def _send_parts(port: int, part: bytes, count: int, stack: ExitStack) -> list[socket.socket]:
    clients = []
    for _ in range(count):
        client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=HEAR_SECONDS))
        client.sendall(part)
        clients.append(client)
    return clients


def worst_seconds(port: int, content: bytes, *, times: int = 20) -> float:
    """Return the longest wait for one of several requests; each has a connection of its own."""
    waits = []
    for _ in range(times):
        started = time.perf_counter()
        ask(port, content, status=200)
        waits.append(time.perf_counter() - started)
    return max(waits)


def seconds_until_all_hear(streams: list[socket.socket], started: float) -> float:
    """Return how long after ``started`` the last stream received a message."""
    waiting = set(streams)
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        while waiting and time.perf_counter() - started < HEAR_SECONDS:
            for key, _events in selector.select(0.5):
                heard: Any = key.fileobj
                if b'data: {"changed"' in heard.recv(4096):
                    waiting.discard(heard)
                    selector.unregister(heard)
    if waiting:
        raise SystemExit(f"{len(waiting)} streams heard nothing within {HEAR_SECONDS} s.")
    return time.perf_counter() - started


class Report(Aims):
    """The aims, told as a table."""

    def aim(self, text: str, reached: bool) -> None:
        self.reached.append(reached)
        print(f"| {text} | {'yes' if reached else 'no'} |", flush=True)


def measure(product: Product, streams: int, slow: int, report: Report) -> None:
    callers = product.callers()
    assert len(callers) == TENANTS
    health = request("GET", "/healthz", headers=product.host)
    leads = request("GET", "/api/v1/leads/", headers=callers[0].headers)
    quiet = {"/healthz": worst_seconds(product.port, health), "a list of leads": worst_seconds(product.port, leads)}
    before = product.usage()
    with ExitStack() as stack:
        opened = [open_streams(product, product.stream_path(each), streams // TENANTS, stack) for each in callers]
        with_streams = product.usage()
        slow_clients(product.port, product.host, slow, stack)
        slow_headers(product.port, slow, stack)
        time.sleep(1)
        after = product.usage()
        busy = {"/healthz": worst_seconds(product.port, health), "a list of leads": worst_seconds(product.port, leads)}
        started = time.perf_counter()
        lead = request("POST", "/api/v1/leads/", headers=callers[0].headers, body={"first_name": "Ada"})
        ask(product.port, lead, status=201)
        heard = seconds_until_all_hear(opened[0], started)
        other = sum(1 for each in opened[1] if _has_message(each))
    growth = (with_streams.megabytes - before.megabytes) * 1000 / streams
    print(f"\n{streams} streams, {slow} slow bodies and {slow} slow headers beside normal requests\n")
    print("| web server | threads | busy database connections | MB (PSS) |")
    print("|---|---:|---:|---:|")
    for name, usage in {"before": before, "with streams": with_streams, "and slow clients": after}.items():
        print(f"| {name} | {usage.threads} | {usage.connections} | {usage.megabytes:.0f} |")
    print("\n| aim | reached |\n|---|---|")
    for name, wait in busy.items():
        text = f"{name}: longest wait {wait * 1000:.0f} ms, before {quiet[name] * 1000:.0f} ms; at most one second"
        report.aim(text, wait < MAX_HEALTH_SECONDS)
    report.aim(
        f"streams and slow clients hold no thread ({before.threads} → {after.threads})", after.threads <= before.threads
    )
    report.aim(
        f"they hold no database connection ({before.connections} → {after.connections})",
        after.connections <= before.connections,
    )
    report.aim(f"a stream costs {growth:.0f} KB, at most {MAX_STREAM_KILOBYTES}", growth <= MAX_STREAM_KILOBYTES)
    report.aim(f"{len(opened[0])} streams heard of a new lead after at most {heard * 1000:.0f} ms", heard < 2)
    report.aim(f"streams of the other tenant that heard of it: {other}", other == 0)


def _has_message(stream: socket.socket) -> bool:
    stream.settimeout(0.001)
    try:
        return b"changed" in stream.recv(4096)
    except TimeoutError:
        return False


def compare_with_wsgi(product: Product, slow: int) -> None:
    """Print what a request costs in threads behind ASGI and as plain WSGI, and what slow bodies do to each."""
    environment = {**os.environ, **product.keys, **product.addresses, "LAD_HOME": str(product.home)}
    environment |= {"GRANIAN_WORKERS": "1", "DJANGO_SETTINGS_MODULE": "lad.settings", "LOG_LEVEL": "ERROR"}
    environment |= {"THROTTLE_API": "100000000/min", "PUBLIC_URL": f"http://127.0.0.1:{product.port}"}
    kinds = {"threads behind ASGI": ("asgi", "lad.asgi:application"), "WSGI": ("wsgi", "lad.wsgi:application")}
    ports = {}
    with ExitStack() as stack:
        for name, (interface, application) in kinds.items():
            ports[name] = free_port()
            options = ["--interface", interface, "--port", str(ports[name]), "--no-ws"]
            options += ["--blocking-threads", "8"] if interface == "wsgi" else []
            process = subprocess.Popen(
                [sys.executable, "-m", "granian", *options, application],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 30)
            stack.callback(_kill, process.pid)
        for port in ports.values():
            _wait_until_answers(port)
        caller = product.callers()[0]
        requests = {
            "/healthz": request("GET", "/healthz", headers=product.host),
            "a list of leads": request("GET", "/api/v1/leads/", headers=caller.headers),
        }
        print(
            "\n| served as | "
            + " | ".join(f"{each}, {n}" for each in requests for n in ("1 client", "8 clients"))
            + f" | /healthz beside {slow} slow bodies | beside {slow} slow headers |"
        )
        print("|---|" + "---:|" * (len(requests) * 2 + 2))
        took: dict[tuple[str, str, int], list[float]] = {}
        for _round in range(ROUNDS):
            for what, content in requests.items():
                for clients in (1, 8):
                    for name, port in ports.items():
                        seconds = mean_seconds(
                            port,
                            lambda content=content: content,
                            status=200,
                            concurrency=clients,
                            seconds=0.5,
                        )
                        took.setdefault((name, what, clients), []).append(seconds / clients)
        for name, port in ports.items():
            cells = [
                f"{statistics.median(took[name, what, clients]) * 1000:.2f} ms"
                for what in requests
                for clients in (1, 8)
            ]
            for kind in (slow_clients, slow_headers):
                with ExitStack() as clients_stack:
                    _start_slow(kind, port, product.host, slow, clients_stack)
                    cells.append(_health_wait(port, requests["/healthz"]))
            print(f"| {name} | {' | '.join(cells)} |")


def _kill(pid: int) -> None:
    """Kill a server and its workers; as WSGI it would wait for the slow bodies."""
    server = psutil.Process(pid)
    for each in [*server.children(recursive=True), server]:
        each.kill()


def _start_slow(kind: Any, port: int, host: dict[str, str], slow: int, stack: ExitStack) -> None:
    if kind is slow_clients:
        slow_clients(port, host, slow, stack)
    else:
        slow_headers(port, slow, stack)
    time.sleep(0.5)


def _health_wait(port: int, content: bytes) -> str:
    connection = Connection(port)
    connection.socket.settimeout(NO_ANSWER_SECONDS)
    started = time.perf_counter()
    with connection.socket:
        try:
            connection.ask(content)
        except TimeoutError:
            return f"no answer in {NO_ANSWER_SECONDS:.0f} s"
    return f"{(time.perf_counter() - started) * 1000:.0f} ms"


def _wait_until_answers(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ask(port, request("GET", "/healthz", headers={"Host": f"127.0.0.1:{port}"}), status=200)
            return
        except (OSError, UnexpectedAnswer):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--slow", type=int, default=100)
    parser.add_argument("--wsgi", action="store_true", help="compare with LAD served as plain WSGI")
    options = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    with running_product() as product:
        measure(product, options.streams, options.slow, report)
        if options.wsgi:
            compare_with_wsgi(product, options.slow)
    return 0 if report.close() else 1


if __name__ == "__main__":
    sys.exit(main())
