"""Ledgers by the hundred thousand, as the ledger's own engine would have written them: places, hashes and lots."""

from typing import Final

from demo.scale import Scale


def fill(scale: Scale, *, movements: int) -> None:
    """Give the tenants' wallets so many movements altogether; the database checks every one."""
    scale.execute(MOVEMENTS, rows=movements)
    scale.execute(CHAIN)
    scale.insert("billing_holds", HOLDS)
    scale.insert("billing_ledger_transactions", LEDGER)
    scale.insert("billing_credit_lots", LOTS)
    scale.execute(BALANCES)


# Mostly debits, now and then a hold that is released, and a top-up before the money runs out.
MOVEMENTS: Final = """
DROP TABLE IF EXISTS pg_temp.scale_movements;
CREATE TEMPORARY TABLE scale_movements AS
SELECT number, tenant_id, wallet_id, place, made, kind,
       CASE kind WHEN 'topup' THEN 2500 WHEN 'reservation' THEN -5 WHEN 'release' THEN 5
            ELSE -round((0.01 + 2 * power(random(), 2))::numeric, 6) END AS amount,
       -- The lot it brings, the hold it belongs to, or the use it pays for.
       CASE kind WHEN 'release' THEN lag(own_id) OVER (PARTITION BY wallet_id ORDER BY place)
            ELSE own_id END AS other_id
FROM (SELECT *, pg_temp.key(made) AS own_id FROM (
    SELECT numbered.number, w.tenant_id, w.id AS wallet_id, place,
           %(beginning)s + (%(now)s - %(beginning)s) * sqrt((numbered.number - random()) / %(rows)s) AS made,
           CASE WHEN place %% 1000 = 1 THEN 'topup' WHEN place %% 40 = 20 AND place < last_place THEN 'reservation'
                WHEN place %% 40 = 21 THEN 'release' ELSE 'debit' END AS kind
    FROM (SELECT number, tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY number) AS place,
                 count(*) OVER (PARTITION BY tenant_id) AS last_place
          FROM (SELECT number, floor(random() * 1000)::integer AS slot
                FROM generate_series(1, %(rows)s) AS number) AS drawn
          JOIN pg_temp.scale_slots USING (slot)) AS numbered
    JOIN billing_wallets w ON w.tenant_id = numbered.tenant_id AND w.user_id IS NULL
) AS kinds OFFSET 0) AS movement
"""

# Lots are used up in the order in which they came. A release follows its reservation at once, so that it
# leaves the lots as they were before.
CHAIN: Final = """
CREATE OR REPLACE FUNCTION pg_temp.scale_chain() RETURNS SETOF billing_ledger_transactions LANGUAGE plpgsql AS $$
DECLARE
    moved record;
    entry billing_ledger_transactions;
    lot uuid;
    credit numeric(18, 6);
    waiting uuid[];
    missing numeric(18, 6);
    part numeric(18, 6);
    lot_before uuid;
    credit_before numeric(18, 6);
    waiting_before uuid[];
    taken jsonb;
BEGIN
    entry.description := '';
    entry.metadata := '{}';
    entry.terms := '{}';
    FOR moved IN SELECT * FROM pg_temp.scale_movements ORDER BY wallet_id, place LOOP
        IF moved.place = 1 THEN
            entry.wallet_version := 0;
            entry.balance_after := 0;
            entry.reserved_after := 0;
            entry.entry_hash := '';
            waiting := '{}';
            credit := 0;
        END IF;
        entry.id := pg_temp.key(moved.made);
        entry.tenant_id := moved.tenant_id;
        entry.wallet_id := moved.wallet_id;
        entry.created_at := moved.made;
        entry.wallet_version := entry.wallet_version + 1;
        entry.transaction_type := moved.kind;
        entry.amount := moved.amount;
        entry.balance_before := entry.balance_after;
        entry.balance_after := entry.balance_before + entry.amount;
        entry.reference_type := CASE moved.kind WHEN 'topup' THEN 'stripe_payment' WHEN 'debit' THEN 'usage_event'
                                ELSE '' END;
        entry.reference_id := CASE moved.kind WHEN 'debit' THEN moved.other_id END;
        entry.hold_id := CASE WHEN moved.kind IN ('reservation', 'release') THEN moved.other_id END;
        entry.reserved_after := entry.reserved_after - CASE WHEN entry.hold_id IS NULL THEN 0 ELSE moved.amount END;
        entry.idempotency_key := 'scale-' || moved.number;
        entry.lot_movements := '{}';
        IF moved.kind = 'topup' THEN
            waiting := waiting || moved.other_id;
            entry.lot_movements := jsonb_build_object(moved.other_id, entry.amount::text);
        ELSIF moved.kind = 'release' THEN
            lot := lot_before;
            credit := credit_before;
            waiting := waiting_before;
            SELECT jsonb_object_agg(key, (-value::numeric)::text) INTO entry.lot_movements FROM jsonb_each_text(taken);
        ELSE
            lot_before := lot;
            credit_before := credit;
            waiting_before := waiting;
            missing := -entry.amount;
            WHILE missing > 0 LOOP
                IF credit = 0 THEN
                    lot := waiting[1];
                    waiting := waiting[2:];
                    credit := 2500;
                END IF;
                part := LEAST(missing, credit);
                entry.lot_movements := entry.lot_movements || jsonb_build_object(lot, (-part)::text);
                credit := credit - part;
                missing := missing - part;
            END LOOP;
            taken := entry.lot_movements;
        END IF;
        entry.entry_hash := billing_entry_hash(entry.entry_hash, entry);
        RETURN NEXT entry;
    END LOOP;
END $$
"""

HOLDS: Final = """
INSERT INTO billing_holds (id, tenant_id, created_at, updated_at, wallet_id, amount, status, expires_at, resolved_at)
SELECT other_id, tenant_id, made, made, wallet_id, -amount, 'released', made + interval '1 hour', made
FROM pg_temp.scale_movements WHERE kind = 'reservation' ORDER BY number
"""

LEDGER: Final = "INSERT INTO billing_ledger_transactions SELECT * FROM pg_temp.scale_chain()"

LOTS: Final = """
INSERT INTO billing_credit_lots (id, tenant_id, created_at, updated_at, wallet_id, amount, remaining)
SELECT moved.lot::uuid, entry.tenant_id, min(entry.created_at), max(entry.created_at), entry.wallet_id, 2500,
       sum(moved.amount::numeric)
FROM billing_ledger_transactions AS entry JOIN pg_temp.scale_tenants USING (tenant_id),
     LATERAL jsonb_each_text(entry.lot_movements) AS moved (lot, amount)
GROUP BY moved.lot, entry.tenant_id, entry.wallet_id
"""

BALANCES: Final = """
UPDATE billing_wallets AS wallet
SET current_balance = head.balance_after + head.reserved_after, reserved_balance = head.reserved_after,
    ledger_version = head.wallet_version, ledger_hash = head.entry_hash
FROM (SELECT DISTINCT ON (wallet_id) *
      FROM billing_ledger_transactions JOIN pg_temp.scale_tenants USING (tenant_id)
      ORDER BY wallet_id, wallet_version DESC) AS head
WHERE wallet.id = head.wallet_id
"""
