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

_APPEND: Final = """
CREATE OR REPLACE FUNCTION billing_append(
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
    INSERT INTO billing_ledger_transactions SELECT * FROM unnest(entries);
    UPDATE billing_credit_lots AS lot
    SET remaining = lot.remaining + moved.amount
    FROM (SELECT movement.key::uuid AS id, sum(movement.value::numeric) AS amount
          FROM unnest(entries) AS written, jsonb_each_text(written.lot_movements) AS movement
          GROUP BY 1) AS moved
    WHERE lot.id = moved.id AND moved.amount <> 0;
    UPDATE billing_wallets
    SET current_balance = spendable + reserved,
        reserved_balance = reserved,
        ledger_version = version,
        ledger_hash = head,
        low_balance_notified_at = CASE
            WHEN low_balance_threshold <= spendable OR low_balance_threshold IS NULL THEN NULL
            ELSE COALESCE(low_balance_notified_at, moment) END
    WHERE id = wallet.id;
    RETURN entries;
END $$;
"""

INSTALL: Final = _DIFFERENCE + _EXPIRY + _EXPIRED + _APPEND
REMOVE: Final = """
DROP FUNCTION IF EXISTS billing_append(billing_wallets, billing_ledger_transactions[], timestamptz),
    billing_expired_lots(billing_wallets, timestamptz), billing_expiry(billing_wallets, uuid, numeric, timestamptz),
    billing_difference(billing_ledger_transactions, billing_ledger_transactions);
"""
