"""Run an HTTP server in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer

# The default of half a second would delay the end of every test with a server.
POLL_SECONDS = 0.01


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """Yield the server's address while it runs."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
