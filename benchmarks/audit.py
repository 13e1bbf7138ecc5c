"""What the audit log costs a bulk write: python benchmarks/audit.py [--rows 100000] [--rounds 7]

Starts an embedded server of its own. Every round does each write twice, with the audit trigger on
and off, in changing order, on a table made anew each time; a write is measured with its commit.
Prints the medians, the median of the rounds' ratios, and the same in processor time of the server
process, which other work on the machine disturbs less. ``--limit 1.33`` exits 1 above that ratio.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from cryptography.fernet import Fernet

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.runtime.servers import Servers, embedded_servers

TABLE = "tenant_features"
EVENTS = ("insert", "update", "delete")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

INSERT_SQL = (
    f"INSERT INTO {TABLE} (tenant_id, feature_key, enabled)"
    " SELECT current_setting('lad.tenant_id')::uuid, 'feature-' || number, true FROM generate_series(1, %s) AS number"
)
UPDATE_SQL = f"UPDATE {TABLE} SET enabled = NOT enabled"


@dataclass
class Sample:
    """Seconds a write took, on the clock and of the server's processor time."""

    clock: float
    processor: float


@dataclass
class Case:
    """One kind of bulk write; ``prepare`` runs before it, unmeasured, inside the same scope."""

    name: str
    write: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None
    filled: bool = False
    samples: dict[bool, list[Sample]] = field(default_factory=lambda: {True: [], False: []})

    def ratio(self, what: str) -> float:
        pairs = zip(self.samples[True], self.samples[False], strict=True)
        return statistics.median(getattr(on, what) / getattr(off, what) for on, off in pairs if getattr(off, what))

    def median(self, what: str, *, audited: bool) -> float:
        return statistics.median(getattr(sample, what) for sample in self.samples[audited])


class Bench:
    """The table under measurement, and the connections that see to it between the writes."""

    def __init__(self, servers: Servers, rows: int) -> None:
        from django.conf import settings

        search_path = f"-c search_path={settings.DB_SCHEMA}"
        superuser = servers.superuser_url.replace("/postgres?", "/lad?")
        self.superuser = psycopg.connect(superuser, autocommit=True, options=search_path)
        self.superuser.execute("SET session_replication_role = replica")
        self.owner = psycopg.connect(servers.owner_url, autocommit=True, options=search_path)
        self.rows = rows
        from lad.tenancy.context import platform_context
        from tenants.teams.models import Tenant

        with platform_context():
            self.tenant_id = Tenant.objects.create(name="Benchmark", slug="benchmark").pk

    def measure(self, case: Case, *, audited: bool) -> None:
        from django.db import connection

        from lad.tenancy.context import tenant_context

        self._renew_table(filled=case.filled)
        for event in EVENTS:
            self.owner.execute(
                f"ALTER TABLE {TABLE} {'ENABLE' if audited else 'DISABLE'} TRIGGER {TABLE}_audit_{event}"
            )
        prepared = case.prepare()
        connection.ensure_connection()
        process = connection.connection.info.backend_pid
        ticks, start = _processor_ticks(process), time.perf_counter()
        with tenant_context(self.tenant_id):
            case.write(prepared)
        clock = time.perf_counter() - start
        case.samples[audited].append(Sample(clock, (_processor_ticks(process) - ticks) / TICKS_PER_SECOND))
        self._check(audited=audited)

    def _renew_table(self, *, filled: bool) -> None:
        self.superuser.execute(f"TRUNCATE {TABLE}, audit_entries")
        if filled:
            self.superuser.execute("SELECT set_config('lad.tenant_id', %s, false)", [str(self.tenant_id)])
            self.superuser.execute(INSERT_SQL, [self.rows])
        self.superuser.execute(f"VACUUM (FREEZE, ANALYZE) {TABLE}")
        self.superuser.execute("CHECKPOINT")

    def _check(self, *, audited: bool) -> None:
        told = self.superuser.execute("SELECT COALESCE(sum(row_count), 0) FROM audit_entries").fetchone()
        expected = self.rows if audited else 0
        if told is None or told[0] != expected:
            raise SystemExit(f"The log tells of {told} rows instead of {expected}: the figures would mean nothing.")


def _processor_ticks(process: int) -> int:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def cases(rows: int) -> list[Case]:
    """The four ways a person would write many rows."""
    from django.db import connection

    from tenants.features.models import TenantFeature

    def new_rows() -> list[TenantFeature]:
        return [TenantFeature(feature_key=f"feature-{number}") for number in range(rows)]

    def create(rows: list[TenantFeature]) -> None:
        TenantFeature.objects.bulk_create(rows)

    def execute(sql: str, *arguments: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, arguments or None)

    return [
        Case("Django bulk_create", create, prepare=new_rows),
        Case("Django queryset.update", lambda _: TenantFeature.objects.update(enabled=False), filled=True),
        Case("SQL INSERT ... SELECT", lambda _: execute(INSERT_SQL, rows)),
        Case("SQL UPDATE", lambda _: execute(UPDATE_SQL), filled=True),
    ]


@contextmanager
def ready_database() -> Iterator[Servers]:
    """An embedded server with LAD's tables, and Django signed in to it as the web server is."""
    directory = Path(tempfile.mkdtemp(prefix="lad-"))
    try:
        with embedded_servers(directory) as servers:
            os.environ.update(servers.environment())
            os.environ.update(
                LAD_HOME=str(directory),
                SECRET_KEY="only-for-this-benchmark-" * 3,
                FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
                JWT_SIGNING_KEYS="only-for-this-benchmark-" * 3,
                DJANGO_SETTINGS_MODULE="lad.settings",
                DB_POOL="false",
            )
            manage = [sys.executable, str(Path(__file__).resolve().parents[1] / "manage.py"), "migrate", "-v0"]
            subprocess.run(manage, check=True)
            import django

            django.setup()
            yield servers
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def report(measured: list[Case], rows: int) -> float:
    """Print the table and return the greatest ratio on the clock."""
    print(f"{rows} rows, {len(measured[0].samples[True])} rounds; seconds off → on, median ratio within rounds")
    for case in measured:
        clock = case.median("clock", audited=False), case.median("clock", audited=True), case.ratio("clock")
        server = (
            case.median("processor", audited=False),
            case.median("processor", audited=True),
            case.ratio("processor"),
        )
        print(
            f"{case.name:24} clock {clock[0]:6.2f} → {clock[1]:6.2f}  × {clock[2]:.2f}"
            f"    server processor {server[0]:5.2f} → {server[1]:5.2f}  × {server[2]:.2f}"
        )
    return max(case.ratio("clock") for case in measured)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=float)
    options = parser.parse_args()
    with ready_database() as servers:
        bench = Bench(servers, options.rows)
        measured = cases(options.rows)
        for number in range(options.rounds):
            for case in measured:
                for audited in (True, False) if number % 2 else (False, True):
                    bench.measure(case, audited=audited)
        greatest = report(measured, options.rows)
    return 1 if options.limit and greatest > options.limit else 0


if __name__ == "__main__":
    sys.exit(main())
