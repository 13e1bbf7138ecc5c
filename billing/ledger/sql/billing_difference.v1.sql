-- Return the first field in which a request differs from the row posted earlier under the same key, or ''.

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
