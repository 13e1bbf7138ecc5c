"""Run both embedded servers in one context manager, for ``servers`` and for the tests."""

import os
import pwd
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import StartupError
from .lock import exclusive
from .postgres import Postgres
from .valkey import Valkey

# A fresh database with its log takes about 150 MB. With less free space PostgreSQL soon stops.
MIN_FREE_MEGABYTES = 300

_ENVIRONMENT = {
    "superuser_url": "LAD_EMBEDDED_SUPERUSER_URL",
    "owner_url": "DATABASE_OWNER_URL",
    "web_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
}


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the state directory: LAD_HOME, or .lad beside the code."""
    return Path(environment.get("LAD_HOME") or Path(__file__).parents[2] / ".lad").absolute()


@dataclass(frozen=True)
class Servers:
    """The addresses of the running servers."""

    superuser_url: str
    owner_url: str
    web_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return LAD's variables, and the superuser's URL for child processes such as test workers."""
        return {variable: getattr(self, name) for name, variable in _ENVIRONMENT.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Servers | None":
        """Return the servers that a parent process passed on in ``environment()``, or None."""
        if _ENVIRONMENT["superuser_url"] not in environment:
            return None
        return cls(**{name: environment[variable] for name, variable in _ENVIRONMENT.items()})


@contextmanager
def embedded_servers(directory: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Run PostgreSQL, with roles and database, and Valkey with their files in ``directory``.

    ``durable=False`` is for tests: faster, but lost in a power failure. The directory and its data stay.
    Raise AlreadyRunning if another process runs servers there, StartupError if one does not start.
    """
    prepare_directory(directory)
    with exclusive(lock_file(directory), what="LAD"):
        postgres = Postgres(directory / "postgres", log=directory / "log" / "postgres.log", durable=durable)
        valkey = Valkey(directory / "valkey", log=directory / "log" / "valkey.log", durable=durable)
        try:
            valkey.start()
            postgres.start()
            # Imported here, because the supervisor of `make up` lives long and needs no database driver.
            from .provision import provision_cluster

            provision_cluster(postgres.superuser_url)
            yield Servers(postgres.superuser_url, postgres.owner_url, postgres.web_url, valkey.url)
        finally:
            valkey.stop()
            postgres.stop()


def lock_file(directory: Path) -> Path:
    return directory / "lad.lock"


def prepare_directory(directory: Path) -> None:
    """Create the state directory for its owner only. Raise StartupError if it is not ours or the disk is full."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (owner := directory.stat().st_uid) != os.geteuid():
        raise StartupError(
            f"{directory} belongs to {_name(owner)} and you are {_name(os.geteuid())}. "
            f"Run as {_name(owner)}, or set LAD_HOME to a directory of your own."
        )
    (directory / "log").mkdir(exist_ok=True, mode=0o700)
    free = shutil.disk_usage(directory).free // 1_000_000
    if free < MIN_FREE_MEGABYTES:
        raise StartupError(
            f"The disk that holds {directory} is full: {free} MB are free and LAD needs {MIN_FREE_MEGABYTES} MB. "
            "Free some space, or set LAD_HOME to a directory on another disk."
        )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def main() -> int:
    """Run the servers alone until Ctrl-C and print their addresses as shell variables."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with embedded_servers(home()) as servers:
            for variable, url in servers.environment().items():
                print(f"export {variable}={shlex.quote(url)}", flush=True)
            signal.pause()
    except StartupError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
