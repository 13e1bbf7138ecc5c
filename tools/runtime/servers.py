"""Both embedded servers as one context manager, for ``up`` and for the tests."""

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

from . import provision
from .lock import exclusive
from .postgres import Postgres
from .problems import RuntimeProblem
from .valkey import Valkey

# A fresh database with its log takes about 150 MB; below this PostgreSQL soon stops in the middle of work.
LEAST_FREE_MEGABYTES = 300

_ENVIRONMENT = {
    "superuser_url": "LAD_EMBEDDED_SUPERUSER_URL",
    "owner_url": "DATABASE_OWNER_URL",
    "web_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
}


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The state directory: LAD_HOME, or .lad beside the code."""
    return Path(environment.get("LAD_HOME") or Path(__file__).parents[2] / ".lad").absolute()


@dataclass(frozen=True)
class Servers:
    """Where the running servers are reached."""

    superuser_url: str
    owner_url: str
    web_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """The variables LAD reads, and the superuser's address for child processes such as test workers."""
        return {variable: getattr(self, name) for name, variable in _ENVIRONMENT.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Servers | None":
        """What ``environment()`` of a parent process said, or None without such a parent."""
        if _ENVIRONMENT["superuser_url"] not in environment:
            return None
        return cls(**{name: environment[variable] for name, variable in _ENVIRONMENT.items()})


@contextmanager
def embedded_servers(directory: Path, *, durable: bool = True) -> Iterator[Servers]:
    """Run PostgreSQL (roles and database ready) and Valkey with their files under ``directory``.

    ``durable=False`` is for tests: faster, and lost in a power cut. The directory and its data stay.
    Raises AlreadyRunning if another process runs servers there, RuntimeProblem if one does not start.
    """
    prepare_directory(directory)
    with exclusive(lock_file(directory), what="LAD"):
        postgres = Postgres(directory / "postgres", log=directory / "log" / "postgres.log", durable=durable)
        valkey = Valkey(directory / "valkey", log=directory / "log" / "valkey.log", durable=durable)
        try:
            valkey.start()
            postgres.start()
            provision.provision_cluster(postgres.superuser_url)
            yield Servers(postgres.superuser_url, postgres.owner_url, postgres.web_url, valkey.url)
        finally:
            valkey.stop()
            postgres.stop()


def lock_file(directory: Path) -> Path:
    return directory / "lad.lock"


def prepare_directory(directory: Path) -> None:
    """Make the state directory, for its owner's eyes only, and see that it is ours and has room."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (owner := directory.stat().st_uid) != os.geteuid():
        raise RuntimeProblem(
            f"{directory} belongs to {_name(owner)} and you are {_name(os.geteuid())}. "
            f"Run as {_name(owner)}, or set LAD_HOME to a directory of your own."
        )
    (directory / "log").mkdir(exist_ok=True, mode=0o700)
    free = shutil.disk_usage(directory).free // 1_000_000
    if free < LEAST_FREE_MEGABYTES:
        raise RuntimeProblem(
            f"The disk that holds {directory} is full: {free} MB are free and LAD needs {LEAST_FREE_MEGABYTES} MB. "
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
    except RuntimeProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
