"""The shipped configuration of nginx, with a real nginx in front of a server that records what reaches it."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.serving import serving
from tools.runtime.ports import free_port

REPOSITORY = Path(__file__).parents[3]
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
TIMEOUT = 1

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


class Upstream:
    """What reached the server behind the proxy."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    def handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                received.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815  (the names that the base class looks for)

            def log_message(self, *_arguments: Any) -> None: ...

        return Handler


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(scope="module")
def proxy(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    directory = tmp_path_factory.mktemp("nginx")
    port = free_port()
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), upstream.handler())) as address:
        text = (REPOSITORY / "deploy" / "nginx.conf").read_text()
        text = text.replace("web:8000", address.removeprefix("http://")).replace("/tmp/", f"{directory}/")  # noqa: S108
        text = text.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/dev/stdout", f"{directory}/log")
        text = re.sub(r"(client_(?:header|body)_timeout) \d+s", rf"\1 {TIMEOUT}s", text)
        text = text.replace("worker_processes auto", "worker_processes 1")
        text = f"user root;\n{text}" if os.geteuid() == 0 else text
        configuration = directory / "nginx.conf"
        configuration.write_text(text)
        command = [str(NGINX), "-c", str(configuration), "-e", "stderr"]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        try:
            _wait_until_open(port)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def connect(port: int, stack: ExitStack, source: str = "127.0.0.1") -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0)))


def test_only_a_whole_request_reaches_the_web_server(proxy: int, upstream: Upstream) -> None:
    head = b"POST /slow HTTP/1.1\r\nHost: lad.test\r\nContent-Length: 10\r\n\r\n"
    with ExitStack() as stack:
        unfinished = [connect(proxy, stack) for _ in range(50)]
        for client in unfinished:
            client.sendall(head + b"{")
        whole = connect(proxy, stack)
        whole.sendall(head + b"0123")
        time.sleep(0.3)
        assert [path for path, *_ in upstream.requests] == []
        whole.sendall(b"456789")
        assert b" 200 " in whole.recv(4096)
        started = time.monotonic()
        for client in unfinished:
            with suppress(ConnectionResetError):
                assert b" 200 " not in client.recv(4096)
        assert time.monotonic() - started < TIMEOUT * 5
    assert [(path, body) for path, _headers, body in upstream.requests] == [("/slow", b"0123456789")]


def test_a_body_that_is_too_long_is_answered_by_lad(proxy: int, upstream: Upstream) -> None:
    with ExitStack() as stack:
        client = connect(proxy, stack)
        head = "POST /form HTTP/1.1\r\nHost: lad.test\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        client.sendall(f"{head}X-Refused-Body: no\r\nContent-Length: 30000000\r\n\r\n".encode())
        assert b" 200 " in client.recv(4096)
    path, headers, body = upstream.requests[-1]
    assert (path, body, headers["X-Refused-Body"]) == ("/form", b"", "yes")
    assert headers["Content-Type"].startswith("multipart/")
    with ExitStack() as stack:
        client = connect(proxy, stack)
        client.sendall(b"GET /form HTTP/1.1\r\nHost: lad.test\r\nX-Refused-Body: yes\r\n\r\n")
        assert b" 200 " in client.recv(4096)
    assert "X-Refused-Body" not in upstream.requests[-1][1], "a client cannot say it"


def test_the_web_server_hears_who_asked_and_by_which_protocol(proxy: int, upstream: Upstream) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{proxy}/who",
        headers={"X-Forwarded-For": "203.0.113.1, 198.51.100.7", "X-Forwarded-Proto": "https"},
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    headers = upstream.requests[-1][1]
    # The last proxy for TLS named the client; what the client itself claimed before that is gone.
    assert headers["X-Forwarded-For"] == "198.51.100.7"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["Host"] == f"127.0.0.1:{proxy}"


def test_one_address_cannot_ask_as_often_as_it_likes(proxy: int) -> None:
    with ExitStack() as stack:
        # An address of its own, as the other tests have used some of theirs.
        client = connect(proxy, stack, source="127.0.0.2")
        client.sendall(b"GET / HTTP/1.1\r\nHost: lad.test\r\n\r\n" * 300)
        answers = b""
        while answers.count(b"HTTP/1.1 ") < 300:
            answers += client.recv(65536)
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", answers)
    assert statuses.count(b"200") >= 200
    assert b"429" in statuses
