"""The hash of a ledger row, and the triggers that hold ledger and wallet together.

The hash covers the hash before it and everything the row says, as a JSON list: JSON is injective,
and its numbers are those stored (numeric(18,6)), so that no two different rows read the same.
"""

from typing import Final

_ENTRY_HASH: Final = """
CREATE OR REPLACE FUNCTION billing_entry_hash(previous bytea, entry billing_ledger_transactions)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(previous || convert_to(json_build_array(
        entry.id, entry.tenant_id, entry.wallet_id, entry.wallet_version, entry.transaction_type,
        entry.amount, entry.balance_before, entry.balance_after, entry.reserved_after,
        entry.reference_type, entry.reference_id, entry.idempotency_key, entry.created_by,
        entry.description, entry.metadata, entry.lot_movements, entry.terms, entry.hold_id, entry.reverses_id,
        (extract(epoch FROM entry.created_at) * 1000000)::bigint
    )::text, 'UTF8'))
$$;
"""

# LATERAL with LIMIT keeps the planner at one index lookup a row, however the table is distributed.
_CHECK_CHAIN: Final = """
CREATE OR REPLACE FUNCTION billing_check_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT later.wallet_id, later.wallet_version INTO wrong
    FROM new_rows AS later
    LEFT JOIN LATERAL (
        SELECT earlier.balance_after, earlier.reserved_after, earlier.entry_hash
        FROM billing_ledger_transactions AS earlier
        WHERE earlier.tenant_id = later.tenant_id AND earlier.wallet_id = later.wallet_id
              AND earlier.wallet_version = later.wallet_version - 1
        LIMIT 1
    ) AS earlier ON true
    WHERE (earlier.entry_hash IS NULL AND later.wallet_version <> 1)
          OR later.balance_before <> COALESCE(earlier.balance_after, 0)
          OR later.reserved_after <> COALESCE(earlier.reserved_after, 0)
             - CASE WHEN later.transaction_type IN ('reservation', 'release') THEN later.amount ELSE 0 END
          OR later.entry_hash <> billing_entry_hash(
                 COALESCE(earlier.entry_hash, ''), ROW(later.*)::billing_ledger_transactions)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'movement % of wallet % does not follow the one before it',
            wrong.wallet_version, wrong.wallet_id
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END $$;
"""

_CHECK_FOLD: Final = """
CREATE OR REPLACE FUNCTION billing_check_fold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agrees boolean;
BEGIN
    IF NEW.ledger_version = 0 AND (TG_OP = 'INSERT' OR OLD.ledger_version = 0) THEN
        RETURN NULL;
    END IF;
    SELECT head.balance_after = NEW.current_balance - NEW.reserved_balance
           AND head.reserved_after = NEW.reserved_balance
           AND head.entry_hash = NEW.ledger_hash
           AND NOT EXISTS (
               SELECT FROM billing_ledger_transactions AS later
               WHERE later.tenant_id = NEW.tenant_id AND later.wallet_id = NEW.id
                     AND later.wallet_version = NEW.ledger_version + 1)
           AND head.balance_after = (
               SELECT COALESCE(sum(lot.remaining), 0) FROM billing_credit_lots AS lot
               WHERE lot.tenant_id = NEW.tenant_id AND lot.wallet_id = NEW.id AND lot.is_open)
           AND head.reserved_after = (
               SELECT COALESCE(sum(hold.amount), 0) FROM billing_holds AS hold
               WHERE hold.tenant_id = NEW.tenant_id AND hold.wallet_id = NEW.id AND hold.status = 'held')
    INTO agrees
    FROM billing_ledger_transactions AS head
    WHERE head.tenant_id = NEW.tenant_id AND head.wallet_id = NEW.id AND head.wallet_version = NEW.ledger_version;
    IF agrees IS NOT TRUE THEN
        RAISE EXCEPTION 'wallet % does not agree with its ledger, its lots or its holds', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME,
                  HINT = 'Only the ledger moves a balance: post a movement.';
    END IF;
    RETURN NULL;
END $$;
"""

INSTALL: Final = _ENTRY_HASH + _CHECK_CHAIN + _CHECK_FOLD
REMOVE: Final = (
    "DROP FUNCTION IF EXISTS billing_check_fold(), billing_check_chain(),"
    " billing_entry_hash(bytea, billing_ledger_transactions);"
)
