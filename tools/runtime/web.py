"""The command of the web server."""

from typing import Final

BLOCKING_THREADS: Final = 8


def command(*, host: str, port: int, workers: int, application: str = "lad.wsgi:application") -> list[str]:
    """Return the Python interpreter's arguments that serve the application."""
    options = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", str(workers)]
    options += ["--no-ws", "--blocking-threads", str(BLOCKING_THREADS), "--respawn-failed-workers"]
    return ["-m", "granian", *options, application]
