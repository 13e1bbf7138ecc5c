"""Runs a command with the addresses and secrets of the LAD that runs here: ``make shell``, ``make psql``."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from .keys import KeyFile
from .lock import is_held
from .postgres import programs
from .servers import home, lock_file

RUNNING_FILE = "running.env"


def main(arguments: Sequence[str]) -> NoReturn:
    running = KeyFile(home() / RUNNING_FILE).values()
    if not running or not is_held(lock_file(home())):
        sys.exit(f"LAD does not run in {home()}. Start it in another shell with: make up")
    environment = {**os.environ, **KeyFile(home() / "secrets.env").values(), **running}
    psql = [str(programs() / "psql"), running["DATABASE_OWNER_URL"]]
    command = psql if arguments[0] == "--psql" else list(arguments)
    os.execvpe(command[0], command, environment)  # noqa: S606 - the person at the terminal names the command


if __name__ == "__main__":
    main(sys.argv[1:])
