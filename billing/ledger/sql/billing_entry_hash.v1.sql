-- Return the hash of a ledger row: over the previous row's hash and everything the row rule, as a JSON list.
-- JSON is injective and its numbers are those stored (numeric(18,6)), so two different rows never hash the same
-- text.

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
