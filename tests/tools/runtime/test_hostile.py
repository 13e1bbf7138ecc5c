"""`make up` while hostile clients hold connections."""

import resource
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from .conftest import UNFINISHED_BODY, UNFINISHED_HEADER, Run, Unfinished, address, port_of


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def longest_wait(run: Run, *, times: int = 10) -> float:
    waits = []
    for _ in range(times):
        started = time.perf_counter()
        with urllib.request.urlopen(f"{address(run)}/healthz", timeout=10) as answer:  # noqa: S310
            assert answer.status == 200
        waits.append(time.perf_counter() - started)
    return max(waits)


@pytest.mark.parametrize("part", [UNFINISHED_BODY, UNFINISHED_HEADER, b""], ids=["bodies", "headers", "idle"])
@pytest.mark.parametrize("count", [8, 800])
def test_unfinished_requests_do_not_take_the_site_down(
    running: Run, unfinished: list[Unfinished], part: bytes, count: int
) -> None:
    with ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port_of(running)), timeout=30))
            client.sendall(part)
        time.sleep(0.5)
        assert longest_wait(running) < 1


def test_headers_that_are_too_long_are_refused(running: Run) -> None:
    def answer_to(line: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port_of(running)), timeout=30) as client:
            with suppress(ConnectionError):
                client.sendall(line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return client.recv(4096)

    assert b" 404 " in answer_to(b"GET /" + b"a" * 65_000 + b" HTTP/1.1")
    assert b" 414 " in answer_to(b"GET /" + b"a" * 70_000 + b" HTTP/1.1")
    assert b" 431 " in answer_to(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 1_000_000)
