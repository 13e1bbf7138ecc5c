"""A ledger of millions of rows as the engine would have written it: versions, hashes, lots, holds and balances.

Written set by set with the triggers off, which only the superuser of a server of one's own can do; the
audit afterwards proves the rows right.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

WORKERS: Final = 2
# So many rows are sorted and hashed at once, in memory.
PART: Final = 150_000

PLAN: Final = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.plan (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL, wallet_id uuid NOT NULL, lot_id uuid NOT NULL DEFAULT lad_time_ordered_id(),
    rows integer NOT NULL, part integer, done boolean NOT NULL DEFAULT false
);
CREATE OR REPLACE AGGREGATE bench.chain (billing_ledger_transactions) (
    SFUNC = billing_entry_hash, STYPE = bytea, INITCOND = ''
);
"""

# One row in a thousand is a top-up that expires in the next, one in forty a hold that is released in the next; the
# others are debits of the credit that was there first. So a wallet has had many lots and has few open ones.
ENTRIES: Final = """
SELECT plan.*, place, moment, kind, amount, key,
       CASE WHEN kind IN ('reservation', 'release') THEN hold_id END AS hold_id,
       CASE WHEN kind = 'adjustment' THEN before_key WHEN kind = 'topup' AND place > 1 THEN key
            ELSE plan.lot_id END AS lot,
       sum(amount) OVER (PARTITION BY plan.number ORDER BY place) AS after
FROM (
    SELECT *, CASE kind WHEN 'topup' THEN CASE place WHEN 1 THEN 1000000000 ELSE 250 END
                        WHEN 'adjustment' THEN -250 WHEN 'reservation' THEN -5 WHEN 'release' THEN 5
                        ELSE -round((0.01 + 2 * power(random(), 2))::numeric, 6) END::numeric(18, 6) AS amount,
           lag(key) OVER (PARTITION BY number ORDER BY place) AS before_key,
           CASE kind WHEN 'release' THEN lag(key) OVER (PARTITION BY number ORDER BY place) ELSE key END AS hold_id
    FROM (
        SELECT number, place, bench.key(made) AS key, made AS moment,
               CASE WHEN place = 1 OR place % 1000 = 0 AND place < rows THEN 'topup'
                    WHEN place % 1000 = 1 THEN 'adjustment'
                    WHEN place % 40 = 20 AND place < rows THEN 'reservation'
                    WHEN place % 40 = 21 THEN 'release' ELSE 'debit' END AS kind
        FROM bench.plan, generate_series(1, rows) AS place,
             LATERAL (SELECT now() - interval '2 years' * (1 - place::float8 / (rows + 1)) AS made) AS at
        WHERE part = %(part)s OFFSET 0
    ) AS kinds OFFSET 0
) AS entry JOIN bench.plan USING (number)
"""

# When a row was made, and then chance: keys of one wallet are in order.
KEY: Final = """
CREATE OR REPLACE FUNCTION bench.key(made timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM made) * 1000)::bigint), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;
"""

COLUMNS: Final = {
    "id": "key",
    "tenant_id": "tenant_id",
    "wallet_id": "wallet_id",
    "wallet_version": "place",
    "transaction_type": "kind",
    "amount": "amount",
    "balance_before": "after - amount",
    "balance_after": "after",
    "reserved_after": "CASE kind WHEN 'reservation' THEN 5 ELSE 0 END",
    "reference_type": "CASE kind WHEN 'topup' THEN 'stripe_payment' WHEN 'debit' THEN 'manual'"
    " WHEN 'adjustment' THEN 'credit_lot' ELSE '' END",
    "reference_id": "CASE kind WHEN 'adjustment' THEN lot END",
    "idempotency_key": "'fill-' || number || '-' || place",
    "description": "CASE kind WHEN 'debit' THEN 'Use of voice-agent' ELSE '' END",
    "metadata": "'{}'",
    "terms": "'{}'",
    "lot_movements": "jsonb_build_object(lot, amount::text)",
    "hold_id": "hold_id",
    "created_at": "moment",
}

LOTS: Final = """
INSERT INTO billing_credit_lots
    (id, tenant_id, wallet_id, priority, amount, remaining, created_at, updated_at, expires_at)
SELECT movement.key::uuid, entry.tenant_id, entry.wallet_id,
       CASE WHEN min(entry.wallet_version) = 1 THEN 20 ELSE 50 END,
       max(movement.value::numeric), sum(movement.value::numeric), min(entry.created_at), min(entry.created_at),
       max(entry.created_at) FILTER (WHERE entry.transaction_type = 'adjustment')
FROM billing_ledger_transactions AS entry, jsonb_each_text(entry.lot_movements) AS movement
WHERE entry.wallet_id = ANY (%(wallets)s)
GROUP BY 1, 2, 3
"""

HOLDS: Final = """
INSERT INTO billing_holds (id, tenant_id, wallet_id, amount, status, expires_at, resolved_at, created_at, updated_at)
SELECT hold_id, tenant_id, wallet_id, 5, 'released', created_at + interval '1 hour', created_at, created_at, created_at
FROM billing_ledger_transactions WHERE wallet_id = ANY (%(wallets)s) AND transaction_type = 'reservation'
"""

FOLD: Final = """
UPDATE billing_wallets AS wallet
SET current_balance = head.balance_after, ledger_version = head.wallet_version, ledger_hash = head.entry_hash
FROM bench.plan, LATERAL (
    SELECT * FROM billing_ledger_transactions AS entry
    WHERE entry.tenant_id = plan.tenant_id AND entry.wallet_id = plan.wallet_id AND entry.wallet_version = plan.rows
) AS head
WHERE plan.part = %(part)s AND wallet.id = plan.wallet_id
"""


@dataclass(frozen=True)
class Growth:
    """So many more rows: half of them of the first tenant, whose own wallet and ``members`` wallets share that half."""

    rows: int
    tenants: int
    members: int


def grow(address: str, growth: Growth) -> None:
    """Add wallets with their history to the database at the superuser's address."""
    began = time.perf_counter()
    _people(growth)
    with psycopg.connect(address, autocommit=True, options="-c search_path=lad_dev") as superuser:
        superuser.execute(PLAN)
        superuser.execute(KEY)
        parts = _plan(superuser, growth)
        indexes = _drop_indexes(superuser)
        threads = [threading.Thread(target=_work, args=[address, parts[n::WORKERS]]) for n in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        superuser.execute("SET maintenance_work_mem = '1GB'")
        for definition in indexes:
            superuser.execute(definition)
        left = superuser.execute("SELECT count(*) FROM bench.plan WHERE NOT done").fetchone()
        if left != (0,):
            raise SystemExit("The ledger was not filled.")
        superuser.execute("VACUUM (ANALYZE)")
        superuser.execute("CHECKPOINT")
    print(f"{growth.rows:,} rows written in {time.perf_counter() - began:.0f} s", flush=True)


def workloads(superuser: psycopg.Connection[Any]) -> dict[str, list[tuple[UUID, UUID]]]:
    """The wallets that are paid from: the one with the longest history, those of its tenant, and all."""
    rows = superuser.execute("SELECT tenant_id, wallet_id FROM bench.plan ORDER BY rows DESC").fetchall()
    return {"hot": rows[:1], "members": [row for row in rows if row[0] == rows[0][0]], "many": rows}


def _people(growth: Growth) -> None:
    """Tenants, and members of the first one, with an empty wallet each."""
    from django.db import transaction

    from billing.ledger.models import Wallet
    from lad.db.identifiers import uuid7
    from lad.tenancy.context import platform_context
    from tenants.accounts.models import User
    from tenants.teams.models import Membership, Role, Tenant

    with transaction.atomic(), platform_context():
        first = Tenant.objects.filter(slug="bench-0").first()
        begins = Tenant.objects.count()
        tenants = [
            Tenant(name=f"Bench {n}", slug=f"bench-{n}") for n in range(begins if first else 0, begins + growth.tenants)
        ]
        Tenant.objects.bulk_create(tenants)
        big = first or tenants[0]
        users = [User(email=f"{uuid7().hex}@bench.example", primary_tenant=big) for _ in range(growth.members)]
        User.objects.bulk_create(users)
        Membership.objects.bulk_create([Membership(tenant=big, user=user, role=Role.MEMBER) for user in users])
        Wallet.objects.bulk_create([Wallet(tenant=tenant) for tenant in tenants])
        Wallet.objects.bulk_create([Wallet(tenant=big, user=user) for user in users])


def _plan(superuser: psycopg.Connection[Any], growth: Growth) -> list[int]:
    """Share the rows out among the new wallets, and the wallets into parts; returns the parts."""
    superuser.execute(
        """
        INSERT INTO bench.plan (tenant_id, wallet_id, rows)
        SELECT tenant_id, id, GREATEST(2, CASE
            WHEN slug = 'bench-0' AND user_id IS NULL THEN %(rows)s / 4
            WHEN slug = 'bench-0' THEN %(rows)s / 4 / count(*) FILTER (WHERE user_id IS NOT NULL) OVER ()
            ELSE %(rows)s / 2 * (1.0 / place) / sum(CASE WHEN slug <> 'bench-0' THEN 1.0 / place END) OVER ()
        END)
        FROM (SELECT wallet.*, tenant.slug, row_number() OVER (PARTITION BY slug = 'bench-0' ORDER BY wallet.id) + 20
                     AS place
              FROM billing_wallets AS wallet JOIN tenants AS tenant ON tenant.id = wallet.tenant_id
              WHERE wallet.ledger_version = 0) AS wallet
        """,
        {"rows": growth.rows},
    )
    superuser.execute(
        """
        UPDATE bench.plan SET part = placed.part
        FROM (SELECT number, (SELECT COALESCE(max(part), 0) FROM bench.plan) + 1
                     + floor(sum(rows) OVER (ORDER BY number) / %s)::integer AS part
              FROM bench.plan WHERE NOT done) AS placed
        WHERE plan.number = placed.number
        """,
        [PART],
    )
    return [part for (part,) in superuser.execute("SELECT DISTINCT part FROM bench.plan WHERE NOT done ORDER BY 1")]


def _drop_indexes(superuser: psycopg.Connection[Any]) -> list[str]:
    """Take away the indexes that only reading needs; returns how to make them again."""
    found = superuser.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = 'billing_ledger_transactions'::regclass AND NOT indisunique"
    ).fetchall()
    for name, _definition in found:
        superuser.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in found]


def _work(address: str, parts: list[int]) -> None:
    with psycopg.connect(address, autocommit=True, options="-c search_path=lad_dev") as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("SET work_mem = '512MB'")
        insert = _insert(superuser)
        for part in parts:
            wallets = [row[0] for row in superuser.execute("SELECT wallet_id FROM bench.plan WHERE part = %s", [part])]
            with superuser.transaction():
                for statement in (insert, LOTS, HOLDS, FOLD):
                    superuser.execute(statement, {"part": part, "wallets": wallets})
                superuser.execute("UPDATE bench.plan SET done = true WHERE part = %s", [part])


def _insert(superuser: psycopg.Connection[Any]) -> str:
    """The statement that writes the rows of a part, each with the hash of all before it."""
    columns = [
        (str(name), str(kind))
        for name, kind in superuser.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
            " AND attrelid = 'billing_ledger_transactions'::regclass ORDER BY attnum"
        )
    ]
    values = ", ".join(f"({COLUMNS.get(name, 'NULL')})::{kind}" for name, kind in columns)
    listed = ", ".join("hash" if name == "entry_hash" else f"(entry).{name}" for name, _kind in columns)
    return f"""
        INSERT INTO billing_ledger_transactions ({", ".join(name for name, _kind in columns)})
        SELECT {listed}
        FROM (SELECT entry, bench.chain(entry) OVER (PARTITION BY number ORDER BY place) AS hash
              FROM (SELECT number, place, ROW({values})::billing_ledger_transactions AS entry
                    FROM ({ENTRIES}) AS movement) AS typed) AS chained
    """.replace("% 1000", "%% 1000").replace("% 40", "%% 40")
