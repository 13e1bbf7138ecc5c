"""Create databases with the rows of ``manage.py demo --scale`` on an embedded server."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.runtime.servers import Servers, embedded_servers  # noqa: E402  (importable only after sys.path is set)

PASSWORD = "only-for-this-benchmark"
# Their non-unique indexes are dropped while they are filled; recreating them at the end is much cheaper.
BIG_TABLES = (
    "activity_entries",
    "ai_messages",
    "billing_ledger_transactions",
    "billing_usage_events",
    "campaign_lead_activities",
    "campaign_leads",
    "company_search_cache",
    "credit_transactions",
    "domain_events",
    "education_students",
    "employees_cache",
    "lead_attachments",
    "lead_bookings",
    "lead_notes",
    "lead_search_texts",
    "lead_social",
    "leads",
    "voice_call_analysis",
    "voice_call_batch_entries",
    "voice_call_logs",
)
# Writes the same rows as the trigger, which is off while the database is filled.
SEARCH_TEXTS = """
INSERT INTO lead_search_texts (id, tenant_id, created_at, text, lead_is_deleted)
SELECT id, tenant_id, created_at, search_text, deleted_at IS NOT NULL FROM leads ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Database:
    """A database with demo data of this many leads."""

    name: str
    leads: int


@contextmanager
def servers_in(directory: Path) -> Iterator[Servers]:
    """Start the servers and put Django's settings into the environment. Django is not set up yet."""
    with embedded_servers(directory, durable=False) as servers:
        os.environ.update(servers.environment())
        os.environ.update(
            LAD_HOME=str(directory),
            LAD_DEMO_PASSWORD=PASSWORD,
            SECRET_KEY=secrets.token_hex(32),
            FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
            JWT_SIGNING_KEYS=secrets.token_hex(32),
            DJANGO_SETTINGS_MODULE="lad.settings",
            DB_POOL="false",
            THROTTLE_API="1000000/min",
            LOG_LEVEL="ERROR",
        )
        yield servers


def fill(servers: Servers, database: Database, *, slowly: bool = False, root: Path = ROOT) -> None:
    """Create the database, its tables and its rows with the checkout in ``root``.

    Unless ``slowly``, foreign keys and the audit triggers are off while rows are written. The rows are the
    same, except for those of the audit log.
    """
    environment = {**os.environ, **addresses(servers, database)}
    with psycopg.connect(servers.owner_url, autocommit=True) as owner:
        if owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.name]).fetchone() is None:
            owner.execute(f'CREATE DATABASE "{database.name}"')
    _migrate(environment, root)
    started = time.perf_counter()
    with psycopg.connect(superuser_url(servers, database), autocommit=True) as superuser:
        removed = [] if slowly else _drop_triggers_and_indexes(superuser)
        try:
            _manage(["demo", "--skip-checks", "--scale", str(database.leads)], environment, root)
        finally:
            superuser.execute("ALTER ROLE lad_web RESET session_replication_role")
        superuser.execute("SET maintenance_work_mem = '1GB'")
        superuser.execute("SET search_path = lad_dev")
        superuser.execute(SEARCH_TEXTS)
        for definition in removed:
            superuser.execute(definition)
        superuser.execute("VACUUM (ANALYZE)")
        superuser.execute("CHECKPOINT")
    print(f"{database.name}: {database.leads:,} leads ready after {time.perf_counter() - started:.0f} s", flush=True)


def _drop_triggers_and_indexes(superuser: psycopg.Connection) -> list[str]:
    """Disable triggers and drop non-unique indexes. Return the statements that recreate the indexes."""
    superuser.execute("ALTER ROLE lad_web SET session_replication_role = replica")
    found = superuser.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid::regclass::text = ANY(SELECT 'lad_dev.' || t FROM unnest(%s::text[]) t)"
        " AND NOT indisunique AND NOT indisexclusion",
        [list(BIG_TABLES)],
    ).fetchall()
    for name, _definition in found:
        superuser.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def migrate(servers: Servers, database: Database, *, root: Path = ROOT) -> None:
    """Bring the tables of a filled database up to date with the checkout in ``root``."""
    _migrate({**os.environ, **addresses(servers, database)}, root)


def _migrate(environment: Mapping[str, str], root: Path) -> None:
    _manage(["migrate", "-v0", "--skip-checks"], {**environment, "LAD_DATABASE_ACCESS": "owner"}, root)


def _manage(command: list[str], environment: Mapping[str, str], root: Path) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "manage.py", *command], cwd=root, env=environment, check=True)


def addresses(servers: Servers, database: Database) -> dict[str, str]:
    """Return the variables that connect a process to the database."""
    return {
        "DATABASE_URL": servers.web_url.replace("/lad?", f"/{database.name}?"),
        "DATABASE_OWNER_URL": servers.owner_url.replace("/lad?", f"/{database.name}?"),
    }


def superuser_url(servers: Servers, database: Database) -> str:
    """Return the superuser's address of the database."""
    return servers.superuser_url.replace("/postgres?", f"/{database.name}?")
