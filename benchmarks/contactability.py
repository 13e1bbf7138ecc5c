"""Measure decisions about contact: python benchmarks/contactability.py [--leads 200000] [--batch 1000]

Starts an embedded server and fills it with that many leads of one tenant, in six countries. Each has two touches in
the last week, every fifth a consent, every twentieth is suppressed, and a hundred companies are. Then decides about
all leads in batches chosen at random, as the restricted role: in and outside of contact hours, with and without lock.

Prints leads a second of wall time, which includes the database, and of this process's own time, and the statements of
a batch. The aim is 10,000 leads a second.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.aims import close  # noqa: E402  (importable only after sys.path is set)
from benchmarks.servers import migrated_servers  # noqa: E402

AIM: Final = 10_000
SEED: Final = 14
TENANT: Final = uuid4()
# Leads are in six countries: prefixes of numbers, and their lengths.
NUMBERS: Final = (("+1", 10), ("+4915", 9), ("+97150", 7), ("+447", 9), ("+79", 9), ("+614", 8))
MOMENTS: Final = {
    "within hours": datetime(2026, 6, 10, 12, tzinfo=UTC),
    "at night": datetime(2026, 6, 10, 2, tzinfo=UTC),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--directory", type=Path, default=None)
    options = parser.parse_args()
    directory = options.directory or Path(tempfile.mkdtemp(prefix="lad-contactability-"))
    try:
        with migrated_servers(directory) as database:
            import django

            django.setup()
            keys = _fill(database, options.leads)
            _measure(keys, options.batch)
    finally:
        if options.directory is None:
            shutil.rmtree(directory, ignore_errors=True)


def _fill(database: psycopg.Connection[Any], count: int) -> list[UUID]:
    from leads.contactability.addresses import Kind, hashes

    chosen = random.Random(SEED)
    database.execute(
        "INSERT INTO tenants (id, name, slug, timezone, country) VALUES (%s, 'Bench', 'bench', 'Europe/Berlin', 'DE')",
        [TENANT],
    )
    keys = [uuid4() for _each in range(count)]
    with database.cursor() as cursor:
        columns = "leads (id, tenant_id, email, phone, company_domain, location)"
        with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
            for number, key in enumerate(keys):
                prefix, digits = NUMBERS[number % len(NUMBERS)]
                phone = prefix + str(chosen.randrange(2 * 10 ** (digits - 1), 10**digits))
                copy.write_row((key, TENANT, _email(number), phone, f"company-{number % 5_000}.example", ""))
        cursor.execute(
            "INSERT INTO lead_touches (id, tenant_id, lead_id, channel, direction, source_id, occurred_at, created_at)"
            " SELECT gen_random_uuid(), tenant_id, id, 'email', 'outbound', gen_random_uuid(),"
            " timestamptz '2026-06-09 12:00Z' - each * interval '30 hours', now()"
            " FROM leads, generate_series(0, 1) AS each"
        )
        cursor.execute(
            "INSERT INTO consent_records (id, tenant_id, lead_id, channel, purpose, status, given_at, source)"
            " SELECT gen_random_uuid(), tenant_id, id, 'email', 'outreach', 'given', now(), 'Form'"
            " FROM leads WHERE random() < 0.2"
        )
        listed = [("address", hashes(TENANT, Kind.EMAIL, _email(number))[0]) for number in range(0, count, 20)]
        listed += [("domain", hashes(TENANT, Kind.DOMAIN, f"company-{each}.example")[0]) for each in range(100)]
        with cursor.copy("COPY suppressions (id, tenant_id, channel, scope, address_hash, reason) FROM STDIN") as copy:
            for scope, address_hash in listed:
                copy.write_row((uuid4(), TENANT, "all", scope, address_hash, "unsubscribed"))
        cursor.execute("VACUUM ANALYZE")
    return keys


def _email(number: int) -> str:
    return f"lead{number}@company-{number % 5_000}.example"


def _measure(keys: Sequence[UUID], size: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from lad.tenancy.context import tenant_context
    from leads.channels import Channel
    from leads.contactability.models import Purpose
    from leads.contactability.services import decide

    print(f"{len(keys):,} leads in batches of {size:,}; {os.cpu_count()} cores")
    shuffled = list(keys)
    random.Random(SEED).shuffle(shuffled)
    batches = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    reached = []
    for name, at in MOMENTS.items():
        for lock in (False, True):
            verdicts: dict[str, int] = {}
            wall, own, statements = time.perf_counter(), time.process_time(), 0
            for batch in batches:
                with tenant_context(TENANT), CaptureQueriesContext(connection) as captured:
                    found = decide(lead_ids=batch, channel=Channel.EMAIL, purpose=Purpose.OUTREACH, at=at, lock=lock)
                    statements = len(captured)
                for decision in found.values():
                    verdicts[decision.verdict] = verdicts.get(decision.verdict, 0) + 1
            wall, own = time.perf_counter() - wall, time.process_time() - own
            rate = len(keys) / wall
            reached.append(rate >= AIM)
            print(
                f"{name}, {'with' if lock else 'without'} lock: {rate:,.0f} leads a second (aim {AIM:,}:"
                f" {'reached' if reached[-1] else 'not reached'}), {len(keys) / own:,.0f} by own time,"
                f" {statements} statements a batch; {verdicts}",
                flush=True,
            )
    close(reached)


if __name__ == "__main__":
    main()
