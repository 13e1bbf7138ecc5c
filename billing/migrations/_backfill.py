"""What rows written before the second migration get: places in their chains, lots, holds and versions.

Row-level security binds the tables' owner too and append-only tables refuse updates, so both stand
aside for these statements alone.
"""

from typing import Final

from django.db import migrations


def _standing_aside(sql: str, *tables: str) -> migrations.RunSQL:
    open_up = "".join(
        f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {name} DISABLE TRIGGER USER;" for name in tables
    )
    shut = "".join(
        f"ALTER TABLE {name} ENABLE TRIGGER USER; ALTER TABLE {name} FORCE ROW LEVEL SECURITY;" for name in tables
    )
    return migrations.RunSQL(open_up + sql + shut, migrations.RunSQL.noop)


# All that came before lots is one lot, and what was reserved before holds is one hold, due at once.
_CHAIN_SQL: Final = """
-- A charge that was given back: the credit that did so is the reversal of its debit.
UPDATE billing_ledger_transactions AS given_back
SET transaction_type = 'adjustment', reverses_id = debit.id
FROM billing_usage_events AS used
JOIN billing_ledger_transactions AS debit ON debit.id = used.ledger_transaction_id
WHERE used.status = 'voided' AND given_back.reference_id = used.id AND given_back.transaction_type = 'credit'
      AND given_back.wallet_id = debit.wallet_id AND given_back.amount = -debit.amount;
DO $$
DECLARE
    purse billing_wallets;
    entry billing_ledger_transactions;
    lot uuid;
    hold uuid;
    incoming numeric;
    reserved numeric;
    version bigint;
    head bytea;
BEGIN
    FOR purse IN SELECT * FROM billing_wallets
                 WHERE id IN (SELECT wallet_id FROM billing_ledger_transactions) LOOP
        lot := lad_time_ordered_id();
        hold := NULL;
        SELECT sum(amount) FILTER (WHERE amount > 0 AND transaction_type <> 'release') INTO incoming
        FROM billing_ledger_transactions WHERE wallet_id = purse.id;
        INSERT INTO billing_credit_lots (id, tenant_id, wallet_id, priority, amount, remaining, created_at)
        VALUES (lot, purse.tenant_id, purse.id, 50, incoming, purse.current_balance - purse.reserved_balance,
                purse.created_at);
        IF EXISTS (SELECT FROM billing_ledger_transactions
                   WHERE wallet_id = purse.id AND transaction_type IN ('reservation', 'release')) THEN
            hold := lad_time_ordered_id();
            INSERT INTO billing_holds (id, tenant_id, wallet_id, amount, status, expires_at, resolved_at,
                                       description, created_at)
            SELECT hold, purse.tenant_id, purse.id, COALESCE(NULLIF(purse.reserved_balance, 0),
                   (SELECT max(-amount) FROM billing_ledger_transactions
                    WHERE wallet_id = purse.id AND transaction_type = 'reservation')),
                   CASE WHEN purse.reserved_balance > 0 THEN 'held' ELSE 'released' END,
                   clock_timestamp(), CASE WHEN purse.reserved_balance = 0 THEN clock_timestamp() END,
                   'Reservations from before holds', purse.created_at;
        END IF;
        version := 0;
        reserved := 0;
        head := '';
        FOR entry IN SELECT * FROM billing_ledger_transactions
                     WHERE wallet_id = purse.id ORDER BY created_at, id LOOP
            version := version + 1;
            entry.wallet_version := version;
            entry.lot_movements := CASE WHEN entry.amount = 0 THEN '{}'
                                   ELSE jsonb_build_object(lot, entry.amount::text) END;
            IF entry.transaction_type IN ('reservation', 'release') THEN
                entry.hold_id := hold;
                reserved := reserved - entry.amount;
            END IF;
            entry.reserved_after := reserved;
            head := billing_entry_hash(head, entry);
            UPDATE billing_ledger_transactions
            SET wallet_version = version, lot_movements = entry.lot_movements, hold_id = entry.hold_id,
                reserved_after = reserved, entry_hash = head
            WHERE id = entry.id;
        END LOOP;
        UPDATE billing_wallets SET ledger_version = version, ledger_hash = head WHERE id = purse.id;
    END LOOP;
END $$;
"""

_MOMENTS_SQL: Final = """
UPDATE billing_usage_events SET occurred_at = created_at;
UPDATE billing_pricing_catalog AS price SET version = numbered.version
FROM (SELECT id, row_number() OVER (PARTITION BY tenant_id, category, provider, model, unit
                                    ORDER BY effective_from, created_at, id) AS version
      FROM billing_pricing_catalog) AS numbered
WHERE price.id = numbered.id;
"""

CHAIN: Final = _standing_aside(
    _CHAIN_SQL,
    "billing_wallets",
    "billing_ledger_transactions",
    "billing_credit_lots",
    "billing_holds",
    "billing_usage_events",
)
# A number that somebody typed into a draft is kept in its metadata; those of issued invoices are a series.
_NUMBERS_SQL: Final = """
UPDATE billing_invoices
   SET metadata = metadata || jsonb_build_object('typed_number', invoice_number), invoice_number = ''
 WHERE status = 'draft' AND invoice_number <> '';
UPDATE billing_invoices AS invoice
   SET series = 'OLD', sequence_number = numbered.place, finalised_at = invoice.created_at
  FROM (SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY created_at, id) AS place
          FROM billing_invoices WHERE invoice_number <> '') AS numbered
 WHERE numbered.id = invoice.id;
INSERT INTO billing_invoice_series (tenant_id, series, prefix, last_number)
SELECT tenant_id, 'OLD', '', max(sequence_number)
  FROM billing_invoices WHERE sequence_number IS NOT NULL GROUP BY tenant_id;
"""

OPERATIONS: Final = (
    _standing_aside(_MOMENTS_SQL, "billing_usage_events", "billing_pricing_catalog"),
    _standing_aside(_NUMBERS_SQL, "billing_invoices"),
)
