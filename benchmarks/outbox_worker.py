"""The processes of outbox.py: LAD's Celery application with a no-op task, a drain, and raw SQL.

    python -m benchmarks.outbox_worker drain|raw

A process prints ``ready``, waits for a line on its standard input, works until nothing is left and prints how
many events it has handled.
"""

import os
import sys
from typing import Final

import psycopg

RAW_BATCH: Final = 1_000

# The least that a program needs to see each event and have its effect exactly once: claim, inbox, effect and mark in
# one transaction, each for a whole batch, without Django.
RAW_TABLES: Final = """
CREATE TABLE raw_events (
    id uuid PRIMARY KEY, tenant_id uuid NOT NULL, event_type text NOT NULL, aggregate_id uuid NOT NULL,
    payload jsonb NOT NULL, metadata jsonb NOT NULL, processed boolean NOT NULL DEFAULT false,
    processed_at timestamptz, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX raw_events_unprocessed ON raw_events (id) WHERE NOT processed;
CREATE TABLE raw_inbox (consumer text, event_id uuid, PRIMARY KEY (consumer, event_id));
CREATE TABLE raw_effects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL, event_id uuid NOT NULL,
    summary text NOT NULL, created_at timestamptz NOT NULL
);
"""

RAW_CLAIM: Final = """
SELECT id, tenant_id, event_type, payload, created_at FROM raw_events
WHERE NOT processed ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
RAW_INBOX: Final = "INSERT INTO raw_inbox SELECT 'raw', unnest(%s::uuid[]) ON CONFLICT DO NOTHING"
RAW_EFFECTS: Final = """
INSERT INTO raw_effects (tenant_id, event_id, summary, created_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[])
"""
RAW_MARK: Final = "UPDATE raw_events SET processed = true, processed_at = clock_timestamp() WHERE id = ANY(%s)"


def drain_all() -> int:
    """Run the outbox's deliveries until none is left and return how many there were."""
    from lad.outbox.drain import drain

    total = 0
    while True:
        report = drain(seconds=600, only=["activity-feed"])
        total += report.done
        if report.finished:
            return total


def raw_all() -> int:
    """Do the same for the raw tables."""
    total = 0
    with psycopg.connect(os.environ["LAD_BENCH_SUPERUSER"], options="-c search_path=lad_dev") as database:
        while True:
            with database.transaction():
                events = database.execute(RAW_CLAIM, [RAW_BATCH]).fetchall()
                if not events:
                    return total
                ids, tenants, kinds, payloads, times = (list(column) for column in zip(*events, strict=True))
                summaries = [f"{kind} {payload}" for kind, payload in zip(kinds, payloads, strict=True)]
                database.execute(RAW_INBOX, [ids])
                database.execute(RAW_EFFECTS, [tenants, ids, summaries, times])
                database.execute(RAW_MARK, [ids])
            total += len(events)


def main(kind: str) -> None:
    if kind == "drain":
        import django

        django.setup()
        from django.db import connection

        connection.ensure_connection()
    print("ready", flush=True)
    for _line in sys.stdin:
        print(drain_all() if kind == "drain" else raw_all(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
else:
    from lad.celery import app

    @app.task(name="bench.nothing")
    def nothing() -> None:
        """Do nothing, as the cheapest task there is."""
