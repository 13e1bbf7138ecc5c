-- Write ledger rows and update lots and wallets, in one statement per table: a statement costs as much as ten
-- rows. heads holds the last row of each wallet. Rows are updated by their ctid, which the wallet's lock makes
-- safe.

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
