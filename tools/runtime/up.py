"""Run all of LAD on one machine until Ctrl-C: servers, migrations, web and worker."""

import errno
import hashlib
import json
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from . import web
from .errors import StartupError
from .keys import KeyFile
from .lock import exclusive
from .postgres import Postgres
from .run_with_environment import RUNNING_FILE
from .sandbox import Sandbox, is_wanted
from .servers import home, lock_file, prepare_directory
from .supervisor import Program, Stopped, Supervisor
from .valkey import Valkey

REPOSITORY = Path(__file__).parents[2]
READY_TIMEOUT = 120
SANDBOX_TIMEOUT = 30
MAX_LOG_BYTES = 20_000_000
DEMO_LOGIN = "admin@lad.localhost"
WILDCARD_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@dataclass(frozen=True)
class Address:
    """The address that the web server listens on."""

    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        return WILDCARD_HOSTS.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = self.reachable_host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Address":
        host, port = environment.get("LAD_HOST") or "127.0.0.1", environment.get("LAD_PORT") or "8000"
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise StartupError(f"LAD_PORT is {port!r}; set it to a number between 1 and 65535.")
        return cls(host, int(port))

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of a response. Raises OSError if the server does not answer.

        An HTTP client would take four megabytes for as long as LAD runs.
        """
        with socket.create_connection((self.reachable_host, self.port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {self.url.removeprefix('http://')}\r\n\r\n".encode())
            head, _separator, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
        status = head.split()[1:2]
        if not status:
            raise ConnectionError("the connection was closed without an answer")
        return int(status[0]), body

    def check_free(self) -> None:
        """Raise StartupError unless a server can listen here."""
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            reasons = {
                errno.EADDRINUSE: f"Port {self.port} on {self.host} is used by another program",
                errno.EACCES: f"Port {self.port} can only be used by root",
            }
            reason = reasons.get(error.errno or 0, f"LAD cannot listen on {self.host}:{self.port} ({error.strerror})")
            raise StartupError(f"{reason}. Choose another port, for example: LAD_PORT=8001 make up") from None


class Up:
    """One run of ``make up``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.home = home(environment)
        self.address = Address.from_environment(environment)
        self.supervisor = Supervisor(say)
        self._given = environment
        self._environment: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._sandbox: Sandbox | None = None

    def run(self) -> None:
        self.supervisor.listen()
        prepare_directory(self.home)
        with ExitStack() as stack:
            lock = stack.enter_context(exclusive(lock_file(self.home), what="LAD"))
            self.address.check_free()
            lock.describe(self.address.url)
            stack.callback(self.supervisor.stop)
            stack.callback((self.home / RUNNING_FILE).unlink, missing_ok=True)
            self._prepare_environment()
            self._start_servers()
            self._start_sandbox()
            self._prepare_data()
            self._start_programs()
            self._say_where()
            self.supervisor.watch()

    def _prepare_environment(self) -> None:
        self.keys = KeyFile(self.home / "secrets.env")
        kept = self.keys.ensure()
        defaults = {
            **kept,
            "PUBLIC_URL": self.address.url,
            "GRANIAN_WORKERS": "2",
            "PYTHONUNBUFFERED": "1",
            # glibc keeps a heap for each of up to sixteen threads, most of it unused.
            "MALLOC_ARENA_MAX": "2",
            "COMPRESS_STATIC": "false",
            "DJANGO_SETTINGS_MODULE": "lad.settings",
        }
        given = {name: value for name, value in self._given.items() if value or name not in defaults}
        self._environment = defaults | given | {"LAD_HOME": str(self.home)}
        (self.home / "mail").mkdir(exist_ok=True, mode=0o700)
        # Commands run from the clone, wherever make was called.
        os.chdir(REPOSITORY)

    def _start_servers(self) -> None:
        if redis_url := self._given.get("REDIS_URL"):
            # Imported here, as below: the supervisor lives long and usually needs no drivers.
            from . import external

            say("Checking your Redis or Valkey")
            external.check_broker(redis_url)
        owner_url, web_url = self._given.get("DATABASE_OWNER_URL"), self._given.get("DATABASE_URL")
        if owner_url or web_url:
            from . import external

            say("Checking your database")
            owner_url, web_url = (owner_url, web_url) if owner_url else (web_url, None)
            assert owner_url is not None
            web_url = external.prepare_database(owner_url=owner_url, web_url=web_url, keys=self.keys)
        else:
            owner_url, web_url = self._start_postgres()
        if not redis_url:
            say("Starting Valkey")
            valkey = Valkey(self.home / "valkey", log=self._log("valkey"))
            self.supervisor.start(valkey)
            redis_url = valkey.url
        addresses = {"DATABASE_URL": web_url, "DATABASE_OWNER_URL": owner_url, "REDIS_URL": redis_url}
        self._lead_to(addresses)

    def _start_postgres(self) -> tuple[str, str]:
        postgres = Postgres(self.home / "postgres", log=self._log("postgres"))
        say("Creating the database" if postgres.first_time else "Starting PostgreSQL")
        self.supervisor.start(postgres)
        for note in postgres.notes:
            say(f"  {note}")
        self.supervisor.run(
            Program(
                "provision",
                [sys.executable, "-m", "tools.runtime.provision", "--without-passwords"],
                log=self._log("provision"),
                environment={**self._environment, "LAD_SUPERUSER_URL": postgres.superuser_url},
                stop_timeout=5,
            )
        )
        return postgres.owner_url, postgres.web_url

    def _start_sandbox(self) -> None:
        """Start the stand-in for outside providers, unless LAD_SANDBOX says no."""
        if not is_wanted(self._given, REPOSITORY):
            return
        say("Starting the sandbox")
        self._sandbox = Sandbox(
            self.home / "sandbox",
            log=self._log("sandbox"),
            environment=self._environment,
            web=f"{self.address.reachable_host}:{self.address.port}",
        )
        self.supervisor.start(self._sandbox)
        if complaint := self.supervisor.wait_for(self._sandbox.complaint, seconds=SANDBOX_TIMEOUT):
            raise StartupError(f"{complaint}. See {self._log('sandbox')}, or start without it: LAD_SANDBOX=0 make up")
        self._lead_to(self._sandbox.variables(self._given))

    def _lead_to(self, variables: Mapping[str, str]) -> None:
        """Pass variables to LAD's programs, and to commands that run beside them."""
        self._environment |= variables
        self._addresses |= variables
        KeyFile(self.home / RUNNING_FILE).replace(self._addresses)

    def _prepare_data(self) -> None:
        tasks = [self._manage("migrate", "--no-input")]
        static, fingerprint = self.home / "static.fingerprint", _static_fingerprint()
        if not static.exists() or static.read_text() != fingerprint:
            static.unlink(missing_ok=True)
            tasks.append(self._manage("collectstatic", "--no-input", "--clear"))
        say("Migrating" if len(tasks) == 1 else "Migrating and collecting static files")
        self.supervisor.run(*tasks)
        static.write_text(fingerprint)
        marker = self.home / "demo.loaded"
        if self._wants_demo and not marker.exists():
            say("Loading demo data")
            self.supervisor.run(self._manage("demo"))
            marker.touch()

    @property
    def _wants_demo(self) -> bool:
        """Return whether to load demo data: by default only into the embedded database, because it creates logins."""
        embedded = not (self._given.get("DATABASE_URL") or self._given.get("DATABASE_OWNER_URL"))
        return self._given.get("LAD_DEMO", "1" if embedded else "0").lower() in ("1", "true", "yes", "on")

    def _start_programs(self) -> None:
        say("Starting web and worker")
        serve = web.command(host=self.address.host, port=self.address.port)
        worker = ["-m", "lad.worker", "--autoscale", "2,1", "--loglevel", "INFO"]
        worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        for name, arguments in {"web": serve, "worker": worker}.items():
            self.supervisor.start(self._program(name, arguments, stop_timeout=15))
        if complaint := self.supervisor.wait_for(self._complaint, seconds=READY_TIMEOUT):
            raise StartupError(
                f"LAD did not become ready within {READY_TIMEOUT} s: {complaint}. Its logs: {self.home / 'log'}"
            )

    def _complaint(self) -> str:
        """Return what /readyz reports as missing, or an empty text if LAD is ready."""
        try:
            status, body = self.address.get("/readyz")
        except OSError as error:
            return f"{self.address.url} does not answer ({error})"
        if status == HTTPStatus.OK:
            return ""
        with suppress(ValueError):
            parts = json.loads(body).items()
            return "; ".join(f"{part} {state}" for part, state in parts if part != "status" and state != "ok")
        return f"/readyz answers {status}"

    def _say_where(self) -> None:
        lines = ["", f"LAD runs at {self.address.url}", f"  admin  {self.address.url}/admin/"]
        if self._wants_demo:
            lines.append(f"  login  {DEMO_LOGIN}  password {self._environment['LAD_DEMO_PASSWORD']}")
        if not self._given.get("EMAIL_URL"):
            lines.append(f"  mail   {self.home / 'mail'}")
        if self._sandbox:
            lines.append(f"  sandbox  {self._environment['SANDBOX_URL']}, reaches no real person")
        lines += [f"  logs   {self.home / 'log'}", "Ctrl-C stops it.", ""]
        say("\n".join(lines))

    def _manage(self, *arguments: str) -> Program:
        return self._program(f"manage.py {arguments[0]}", [str(REPOSITORY / "manage.py"), *arguments], stop_timeout=5)

    def _program(self, name: str, arguments: list[str], *, stop_timeout: float) -> Program:
        log = self._log(name.removeprefix("manage.py "))
        return Program(
            name, [sys.executable, *arguments], log=log, environment=self._environment, stop_timeout=stop_timeout
        )

    def _log(self, name: str) -> Path:
        """Return the path of a part's log. Move a long log of earlier runs aside."""
        log = self.home / "log" / f"{name}.log"
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.old"))
        return log


def say(text: str) -> None:
    """Print at once. A closed terminal must not prevent an orderly stop."""
    with suppress(OSError, ValueError):
        print(text, flush=True)


def main() -> int:
    try:
        Up(os.environ).run()
    except Stopped:
        pass
    except StartupError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{_explain(error)}", file=sys.stderr)
        return 1
    say("LAD has stopped. Its data is kept.")
    return 0


def _explain(error: OSError) -> str:
    place = f" {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: LAD could not write{place}. Free some space, or set LAD_HOME to another disk."
    return f"LAD cannot use{place}: {error.strerror or error}. Change its owner, or set LAD_HOME to another directory."


def _static_fingerprint() -> str:
    """Return a digest that changes with the packages and LAD's static files."""
    digest = hashlib.sha256((REPOSITORY / "requirements.txt").read_bytes())
    for pattern in ("[a-z]*/static/**/*", "[a-z]*/[a-z]*/static/**/*"):
        for path in sorted(REPOSITORY.glob(pattern)):
            status = path.stat()
            digest.update(f"{path.relative_to(REPOSITORY)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
