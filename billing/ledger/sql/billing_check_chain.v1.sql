-- Refuse ledger rows that do not continue their wallet's chain of balances and hashes.
-- LATERAL with LIMIT keeps the planner at one index lookup per row, however the table is distributed.

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
