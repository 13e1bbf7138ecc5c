"""Writing decided movements: places in the chain, balances, hashes, lots and the wallet."""

from typing import Final

# What of a request under the same key differs from what happened first; the first difference is named.
_DIFFERENCE: Final = """
CREATE OR REPLACE FUNCTION billing_difference(
    earlier billing_ledger_transactions, asked billing_ledger_transactions
) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN earlier.wallet_id <> asked.wallet_id THEN 'wallet'
        WHEN earlier.transaction_type <> asked.transaction_type THEN 'transaction_type'
        WHEN earlier.amount <> asked.amount THEN 'amount'
        WHEN earlier.reference_type <> asked.reference_type THEN 'reference_type'
        WHEN earlier.reference_id IS DISTINCT FROM asked.reference_id THEN 'reference_id'
        WHEN earlier.description <> asked.description THEN 'description'
        WHEN earlier.metadata <> asked.metadata THEN 'metadata'
        WHEN earlier.terms <> asked.terms THEN (
            SELECT min(term) FROM jsonb_object_keys(earlier.terms || asked.terms) AS term
            WHERE earlier.terms -> term IS DISTINCT FROM asked.terms -> term)
        ELSE '' END
$$;
"""

# Credit that expired and was not used: one movement a lot, due before anything else happens to the wallet.
_EXPIRED: Final = """
CREATE OR REPLACE FUNCTION billing_expired_lots(wallet billing_wallets, moment timestamptz)
RETURNS billing_ledger_transactions[] LANGUAGE sql VOLATILE AS $$
    SELECT array_agg(billing_expiry(wallet, lot.id, lot.remaining, moment) ORDER BY lot.expires_at, lot.id)
    FROM billing_credit_lots AS lot
    WHERE lot.tenant_id = wallet.tenant_id AND lot.wallet_id = wallet.id AND lot.is_open
          AND lot.expires_at <= moment
$$;
"""

_EXPIRY: Final = """
CREATE OR REPLACE FUNCTION billing_expiry(
    wallet billing_wallets, lot uuid, amount numeric, moment timestamptz)
RETURNS billing_ledger_transactions LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    entry billing_ledger_transactions;
BEGIN
    entry.id := lad_time_ordered_id(moment);
    entry.transaction_type := 'adjustment';
    entry.amount := -amount;
    entry.reference_type := 'credit_lot';
    entry.reference_id := lot;
    entry.idempotency_key := 'credit_expired:' || entry.id;
    entry.description := 'Credit expired';
    entry.lot_movements := jsonb_build_object(lot, (-amount)::text);
    RETURN entry;
END $$;
"""

# The places of decided movements in their wallet's chain, with balances and hashes.
_CHAINED: Final = """
CREATE OR REPLACE FUNCTION billing_chained(
    wallet billing_wallets, entries billing_ledger_transactions[], moment timestamptz
) RETURNS billing_ledger_transactions[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    entry billing_ledger_transactions;
    spendable numeric(18, 6) := wallet.current_balance - wallet.reserved_balance;
    reserved numeric(18, 6) := wallet.reserved_balance;
    version bigint := wallet.ledger_version;
    head bytea := wallet.ledger_hash;
BEGIN
    FOR place IN 1 .. cardinality(entries) LOOP
        entry := entries[place];
        version := version + 1;
        entry.tenant_id := wallet.tenant_id;
        entry.wallet_id := wallet.id;
        entry.wallet_version := version;
        entry.balance_before := spendable;
        spendable := spendable + entry.amount;
        entry.balance_after := spendable;
        IF entry.transaction_type IN ('reservation', 'release') THEN
            reserved := reserved - entry.amount;
        END IF;
        entry.reserved_after := reserved;
        entry.reference_type := COALESCE(entry.reference_type, '');
        entry.description := COALESCE(entry.description, '');
        entry.metadata := COALESCE(entry.metadata, '{}');
        entry.terms := COALESCE(entry.terms, '{}');
        entry.created_at := moment;
        head := billing_entry_hash(head, entry);
        entry.entry_hash := head;
        entries[place] := entry;
    END LOOP;
    RETURN entries;
END $$;
"""

# A lot by its key. LIMIT keeps the planner from joining lots by their tenant, of which it knows the average only.
_LOT: Final = """
CREATE OR REPLACE FUNCTION billing_lot(key uuid) RETURNS SETOF billing_credit_lots LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT * FROM billing_credit_lots WHERE id = key LIMIT 1
$$;
"""

# What the lots of some movements gained or lost together.
_MOVED: Final = """
CREATE OR REPLACE FUNCTION billing_moved(movements jsonb[]) RETURNS TABLE (lot uuid, amount numeric)
LANGUAGE sql STABLE AS $$
    SELECT movement.key::uuid, sum(movement.value::numeric)
    FROM unnest(movements) AS one, jsonb_each_text(one) AS movement GROUP BY 1
$$;
"""

# All movements of all wallets at once, and the last of each: a statement costs as much as ten rows. What is found by
# key is updated where it lies, which the wallet's lock makes safe.
_WRITE: Final = """
CREATE OR REPLACE FUNCTION billing_write(
    entries billing_ledger_transactions[], heads billing_ledger_transactions[]
) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO billing_ledger_transactions SELECT * FROM unnest(entries);
    UPDATE billing_credit_lots AS lot
    SET remaining = lot.remaining + found.amount
    FROM (SELECT lies.ctid AS place, moved.amount
          FROM billing_moved(ARRAY(SELECT lot_movements FROM unnest(entries))) AS moved
          CROSS JOIN LATERAL (SELECT ctid FROM billing_credit_lots WHERE id = moved.lot LIMIT 1) AS lies
          WHERE moved.amount <> 0) AS found
    WHERE lot.ctid = found.place;
    UPDATE billing_wallets AS wallet
    SET current_balance = last.balance_after + last.reserved_after,
        reserved_balance = last.reserved_after,
        ledger_version = last.wallet_version,
        ledger_hash = last.entry_hash,
        low_balance_notified_at = CASE
            WHEN low_balance_threshold <= last.balance_after OR low_balance_threshold IS NULL THEN NULL
            ELSE COALESCE(low_balance_notified_at, last.created_at) END
    FROM unnest(heads) AS last
    CROSS JOIN LATERAL (SELECT ctid AS place FROM billing_wallets WHERE id = last.wallet_id LIMIT 1) AS lies
    WHERE wallet.ctid = lies.place;
END $$;
"""

INSTALL: Final = _DIFFERENCE + _EXPIRY + _EXPIRED + _CHAINED + _LOT + _MOVED + _WRITE
REMOVE: Final = """
DROP FUNCTION IF EXISTS billing_write(billing_ledger_transactions[], billing_ledger_transactions[]),
    billing_moved(jsonb[]), billing_lot(uuid),
    billing_chained(billing_wallets, billing_ledger_transactions[], timestamptz),
    billing_expired_lots(billing_wallets, timestamptz), billing_expiry(billing_wallets, uuid, numeric, timestamptz),
    billing_difference(billing_ledger_transactions, billing_ledger_transactions);
"""
