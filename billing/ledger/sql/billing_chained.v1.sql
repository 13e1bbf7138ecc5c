-- Give accepted rows their versions in the wallet's chain, their balances and their hashes.

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
