"""The command of the web server."""

from typing import Final

APPLICATION: Final = "lad.asgi:application"
# Connections at once in one worker. Streams and slow clients count, so it is far above the number of threads.
CONNECTIONS: Final = 4096
# Requests that are running may end before a worker is killed.
STOP_SECONDS: Final = 10
# Time for the headers of a request, and between two requests of a connection.
HEADER_MILLISECONDS: Final = 10_000
# Longer headers are answered with 431.
MAX_HEADER_BYTES: Final = 131_072


def command(*, host: str, port: int, application: str = APPLICATION) -> list[str]:
    """Return the Python interpreter's arguments that serve the application. GRANIAN_WORKERS sets the workers."""
    options = ["--interface", "asgi", "--host", host, "--port", str(port), "--no-ws", "--http", "1"]
    options += ["--backlog", str(CONNECTIONS), "--backpressure", str(CONNECTIONS)]
    options += ["--http1-header-read-timeout", str(HEADER_MILLISECONDS)]
    options += ["--http1-buffer-size", str(MAX_HEADER_BYTES)]
    options += ["--workers-kill-timeout", str(STOP_SECONDS)]
    return ["-m", "granian", *options, "--respawn-failed-workers", application]
