-- Write down that the carrier placed a call, if the call is still under the lease of that attempt. Return whether it is.
-- As a function, because PostgreSQL then keeps the plans. Planning took longer than the updates themselves.

CREATE OR REPLACE FUNCTION voice_note_placed(
    tenant uuid, call uuid, attempt integer, carrier_reference text, carrier_call text, look_after interval
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    entry uuid;
BEGIN
    UPDATE voice_call_placements SET state = 'placed', lease_until = NULL, error = '', looks = 0,
        placed_at = COALESCE(placed_at, statement_timestamp()), look_at = statement_timestamp() + look_after,
        reference = carrier_reference, carrier_call_id = carrier_call
    WHERE tenant_id = tenant AND call_log_id = call AND attempts = attempt AND state = 'placing'
    RETURNING entry_id INTO entry;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF entry IS NOT NULL THEN
        UPDATE voice_call_batch_entries SET status = 'dispatched'
        WHERE tenant_id = tenant AND id = entry AND call_log_id = call AND status = 'running';
    END IF;
    RETURN true;
END $$;
