-- Return the adjustment that removes the credit of one expired lot.

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
