"""Start servers for a benchmark, with LAD's tables and its settings in the environment."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from cryptography.fernet import Fernet

from tools.runtime.servers import embedded_servers

ROOT: Final = Path(__file__).resolve().parents[1]


@contextmanager
def migrated_servers(directory: Path, *, durable: bool = True, **environment: str) -> Iterator[psycopg.Connection[Any]]:
    """Start and migrate servers in the directory. Yield the superuser's connection; Django is not set up yet.

    ``durable=False`` is for data that need not survive a power failure. Then nothing vacuums by itself, too.
    """
    with embedded_servers(directory, durable=durable) as servers:
        os.environ.update(
            servers.environment(),
            LAD_HOME=str(directory),
            SECRET_KEY=secrets.token_urlsafe(48),
            FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
            JWT_SIGNING_KEYS=secrets.token_urlsafe(48),
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="lad.settings",
            **environment,
        )
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
        address = servers.superuser_url.replace("/postgres?", "/lad?")
        with psycopg.connect(address, autocommit=True, options="-c search_path=lad_dev") as database:
            yield database
