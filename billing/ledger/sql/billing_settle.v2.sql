-- Reserve, extend, capture, release or expire a hold, reverse a posting, or expire credit, and return the verdict
-- in the columns of billing_post. The lots are known from earlier rows. Plans are made once a session, as in
-- billing_post.
-- A charge that a user's closed wallet paid can be reversed. What comes back is passed on at once: the caller
-- credits it to the tenant's wallet, and the closed one stays empty.

CREATE OR REPLACE FUNCTION billing_settle(operation text, posting jsonb, at timestamptz)
RETURNS TABLE (
    wallet uuid, place integer, outcome text, field text, available numeric, currency text, is_low boolean,
    entry billing_ledger_transactions
)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    asked billing_ledger_transactions := jsonb_populate_record(NULL::billing_ledger_transactions, posting);
    wallet_row billing_wallets;
    hold billing_holds;
    original billing_ledger_transactions;
    given_back billing_ledger_transactions;
    passed_on billing_ledger_transactions;
    entries billing_ledger_transactions[];
    spendable numeric(18, 6);
    moment timestamptz;
    back jsonb := '{}';
BEGIN
    wallet := asked.wallet_id;
    place := 1;
    field := '';
    is_low := false;
    SELECT * INTO wallet_row FROM billing_wallets WHERE id = asked.wallet_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'unknown_wallet';
        RETURN NEXT;
        RETURN;
    END IF;
    moment := COALESCE(at, clock_timestamp());
    currency := wallet_row.currency;
    SELECT written.* INTO entry FROM billing_ledger_transactions AS written
    WHERE written.tenant_id = wallet_row.tenant_id AND written.idempotency_key = asked.idempotency_key;
    IF FOUND THEN
        field := billing_difference(entry, asked);
        outcome := CASE field WHEN '' THEN 'replayed' ELSE 'conflict' END;
        RETURN NEXT;
        RETURN;
    END IF;
    entry := NULL;
    IF wallet_row.status = 'closed' AND operation <> 'reverse' THEN
        outcome := 'closed';
        RETURN NEXT;
        RETURN;
    END IF;

    entries := COALESCE(billing_expired_lots(wallet_row, moment), '{}');
    spendable := wallet_row.current_balance - wallet_row.reserved_balance
                 + COALESCE((SELECT sum(amount) FROM unnest(entries)), 0);
    available := spendable;
    outcome := 'posted';
    IF operation IN ('extend', 'capture', 'release', 'expire') THEN
        SELECT * INTO hold FROM billing_holds WHERE id = asked.hold_id AND wallet_id = wallet_row.id;
        outcome := CASE
            WHEN hold.id IS NULL THEN 'unknown_hold'
            WHEN hold.status <> 'held' THEN 'hold_resolved'
            WHEN operation IN ('extend', 'capture') AND hold.expires_at <= moment THEN 'hold_expired'
            WHEN operation = 'expire' AND hold.expires_at > moment THEN 'hold_not_due'
            WHEN operation = 'capture' AND -asked.amount > hold.amount THEN 'capture_too_large'
            ELSE 'posted' END;
        field := COALESCE(hold.status, '');
    END IF;
    IF outcome = 'posted' AND asked.transaction_type = 'reservation' AND asked.amount < 0 THEN
        outcome := CASE
            WHEN wallet_row.status = 'suspended' THEN 'suspended'
            WHEN asked.amount + spendable < 0 THEN 'insufficient'
            ELSE 'posted' END;
    END IF;
    IF operation = 'reverse' THEN
        SELECT * INTO original FROM billing_ledger_transactions
        WHERE id = asked.reverses_id AND wallet_id = wallet_row.id;
        outcome := CASE
            WHEN original.id IS NULL THEN 'unknown_transaction'
            WHEN wallet_row.status = 'closed' AND (original.amount > 0 OR wallet_row.user_id IS NULL) THEN 'closed'
            WHEN original.transaction_type IN ('reservation', 'release') OR original.reverses_id IS NOT NULL
                 OR original.reference_type = 'credit_lot' THEN 'not_reversible'
            WHEN EXISTS (SELECT FROM billing_ledger_transactions AS other
                         WHERE other.tenant_id = wallet_row.tenant_id AND other.reverses_id = original.id)
                 THEN 'already_reversed'
            WHEN EXISTS (SELECT FROM jsonb_each_text(original.lot_movements) AS movement,
                              billing_lot(movement.key::uuid) AS lot
                         WHERE lot.remaining < movement.value::numeric
                               OR (movement.value::numeric > 0 AND lot.expires_at <= moment))
                 THEN 'credit_spent'
            WHEN spendable + wallet_row.reserved_balance - original.amount >= 1000000000000 THEN 'too_large'
            ELSE 'posted' END;
        asked.amount := -original.amount;
    END IF;
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;
    field := '';

    CASE operation
    WHEN 'reserve' THEN
        INSERT INTO billing_holds (id, tenant_id, wallet_id, amount, expires_at, reference_type, reference_id,
                                   description, created_at)
        VALUES (asked.hold_id, wallet_row.tenant_id, wallet_row.id, -asked.amount,
                moment + make_interval(secs => (asked.terms ->> 'seconds')::double precision),
                COALESCE(asked.reference_type, ''), asked.reference_id, COALESCE(asked.description, ''), moment);
        asked.lot_movements := billing_take(wallet_row, -asked.amount, moment);
    WHEN 'extend' THEN
        UPDATE billing_holds
        SET amount = amount - asked.amount,
            expires_at = GREATEST(expires_at, (asked.terms ->> 'until')::timestamptz)
        WHERE id = hold.id;
        asked.lot_movements := billing_take(wallet_row, -asked.amount, moment);
    WHEN 'capture', 'release', 'expire' THEN
        SELECT jsonb_object_agg(moved.lot, (-moved.amount)::text) INTO back
        FROM billing_moved(ARRAY(SELECT lot_movements FROM billing_ledger_transactions
                                 WHERE tenant_id = wallet_row.tenant_id AND hold_id = hold.id)) AS moved;
        UPDATE billing_holds
        SET status = CASE operation WHEN 'capture' THEN 'captured' WHEN 'release' THEN 'released' ELSE 'expired' END,
            captured_amount = CASE operation WHEN 'capture' THEN -asked.amount END,
            resolved_at = moment
        WHERE id = hold.id;
        given_back := asked;
        given_back.transaction_type := 'release';
        given_back.amount := hold.amount;
        given_back.lot_movements := back;
        IF operation = 'capture' THEN
            given_back.id := lad_time_ordered_id(moment);
            given_back.idempotency_key := 'hold_captured:' || hold.id;
            given_back.terms := '{}';
            entries := entries || given_back;
            asked.lot_movements := billing_take(wallet_row, -asked.amount, moment, back);
        ELSE
            asked := given_back;
        END IF;
    WHEN 'reverse' THEN
        SELECT COALESCE(jsonb_object_agg(movement.key, (-movement.value::numeric)::text), '{}')
        INTO asked.lot_movements FROM jsonb_each_text(original.lot_movements) AS movement;
        back := asked.lot_movements;
    ELSE
        NULL;
    END CASE;
    IF asked.amount IS NOT NULL AND (asked.amount <> 0 OR operation <> 'extend') THEN
        entries := entries || asked;
    END IF;
    -- What came back to a lot that has expired meanwhile expires at once.
    entries := entries || COALESCE((
        SELECT array_agg(billing_expiry(wallet_row, moved.lot, moved.amount, moment) ORDER BY lot.expires_at, lot.id)
        FROM billing_moved(ARRAY[back, CASE operation WHEN 'capture' THEN asked.lot_movements END]) AS moved,
             billing_lot(moved.lot) AS lot
        WHERE lot.expires_at <= moment AND moved.amount > 0), '{}');
    IF operation = 'reverse' AND wallet_row.status = 'closed' THEN
        SELECT -sum(movement.value::numeric), jsonb_object_agg(movement.key, (-movement.value::numeric)::text)
        INTO passed_on.amount, passed_on.lot_movements
        FROM jsonb_each_text(back) AS movement, billing_lot(movement.key::uuid) AS lot
        WHERE lot.expires_at > moment OR lot.expires_at IS NULL;
        IF passed_on.amount < 0 THEN
            passed_on.id := lad_time_ordered_id(moment);
            passed_on.transaction_type := 'adjustment';
            passed_on.idempotency_key := 'passed_on:' || asked.id;
            passed_on.reference_type := 'wallet';
            passed_on.description := 'Passed on, because this wallet is closed';
            entries := entries || passed_on;
        END IF;
    END IF;
    IF cardinality(entries) > 0 THEN
        entries := billing_chained(wallet_row, entries, moment);
        PERFORM billing_write(entries, entries[cardinality(entries):]);
        available := entries[cardinality(entries)].balance_after;
        is_low := wallet_row.low_balance_notified_at IS NULL AND wallet_row.status <> 'closed'
                  AND COALESCE(wallet_row.low_balance_threshold > available, false);
        SELECT written.* INTO entry FROM unnest(entries) AS written WHERE written.id = asked.id;
    END IF;
    RETURN NEXT;
END $$;
