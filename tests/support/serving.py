"""An HTTP server of the test's own, on a thread beside it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer

# How often the server looks whether it shall end; left at half a second, every test with a server would wait for it.
LOOK_SECONDS = 0.01


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """The server's address while it answers."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": LOOK_SECONDS}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
