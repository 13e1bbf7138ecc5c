-- Post money in and out, one row or hundreds, and return a verdict for each.
-- postings maps a wallet's id to a list of rows in the ledger's own columns, with signed amounts. Keys must differ
-- within one call. Wallets are locked in the order of their ids, so that batches cannot deadlock. A row that the
-- wallet cannot pay is refused without blocking the others. A suspended wallet pays for nothing, but LAD may correct
-- it, for example after a refund. billing_settle returns the same columns.
-- Plans are made once a session, by keys: planning costs more than a posting, and statistics of a young table are
-- out of date. A balance is numeric(18,6), so it must stay below 10^12.

CREATE OR REPLACE FUNCTION billing_post(postings jsonb, at timestamptz)
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
    wallet_row billing_wallets;
    moment timestamptz;
    item record;
    asked billing_ledger_transactions;
    entries billing_ledger_transactions[];
    written billing_ledger_transactions[] := '{}';
    heads billing_ledger_transactions[];
    places integer[];
    lots uuid[];
    new_lot uuid;
    credit numeric[];
    spendable numeric(18, 6);
    in_order boolean;
    number integer;
    current integer;
    part numeric;
    missing numeric;
BEGIN
    FOREACH wallet IN ARRAY ARRAY(SELECT key::uuid FROM jsonb_object_keys(postings) AS key ORDER BY 1) LOOP
        SELECT * INTO wallet_row FROM billing_wallets WHERE id = wallet FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;
        moment := COALESCE(at, clock_timestamp());
        currency := wallet_row.currency;
        SELECT array_agg(lot.id ORDER BY lot.priority, lot.expires_at, lot.created_at, lot.id),
               array_agg(lot.remaining ORDER BY lot.priority, lot.expires_at, lot.created_at, lot.id),
               COALESCE(sum(lot.remaining), 0)
        INTO lots, credit, spendable
        FROM billing_credit_lots AS lot
        WHERE lot.tenant_id = wallet_row.tenant_id AND lot.wallet_id = wallet_row.id AND lot.is_open
              AND (lot.expires_at > moment OR lot.expires_at IS NULL);
        entries := '{}';
        IF spendable <> wallet_row.current_balance - wallet_row.reserved_balance AND wallet_row.status <> 'closed' THEN
            entries := COALESCE(billing_expired_lots(wallet_row, moment), entries);
        END IF;
        places := array_fill(NULL::integer, ARRAY[cardinality(entries)]);
        in_order := true;
        current := 1;
        number := 0;
        FOR item IN
            SELECT request, earlier.written AS earlier
            FROM jsonb_populate_recordset(NULL::billing_ledger_transactions, postings -> wallet_row.id::text) AS request
            LEFT JOIN LATERAL (
                SELECT written FROM billing_ledger_transactions AS written
                WHERE written.tenant_id = wallet_row.tenant_id AND written.idempotency_key = request.idempotency_key
                LIMIT 1
            ) AS earlier ON true
        LOOP
            number := number + 1;
            asked := item.request;
            place := number;
            is_low := false;
            field := '';
            available := spendable;
            entry := NULL;
            IF (item.earlier).id IS NOT NULL THEN
                entry := item.earlier;
                asked.wallet_id := wallet_row.id;
                field := billing_difference(entry, asked);
                outcome := CASE field WHEN '' THEN 'replayed' ELSE 'conflict' END;
            ELSIF wallet_row.status = 'closed' THEN
                outcome := 'closed';
            ELSIF (asked.terms ->> 'expires_at')::timestamptz <= moment THEN
                outcome := 'expired';
            ELSIF asked.transaction_type = 'debit' AND asked.amount < 0 AND wallet_row.status = 'suspended' THEN
                outcome := 'suspended';
            ELSIF asked.amount + spendable + wallet_row.reserved_balance >= 1000000000000 THEN
                outcome := 'too_large';
            ELSIF asked.amount + spendable < 0 THEN
                outcome := 'insufficient';
            ELSE
                outcome := 'posted';
            END IF;
            IF outcome <> 'posted' THEN
                RETURN NEXT;
                CONTINUE;
            END IF;
            spendable := spendable + asked.amount;
            IF asked.amount > 0 THEN
                INSERT INTO billing_credit_lots
                    (id, tenant_id, wallet_id, priority, amount, remaining, expires_at, created_at)
                VALUES (lad_time_ordered_id(moment), wallet_row.tenant_id, wallet_row.id,
                        COALESCE((asked.terms ->> 'priority')::smallint, 50), asked.amount, 0,
                        (asked.terms ->> 'expires_at')::timestamptz, moment)
                RETURNING id INTO new_lot;
                lots := lots || new_lot;
                credit := credit || asked.amount::numeric;
                asked.lot_movements := jsonb_build_object(new_lot, asked.amount::text);
                in_order := false;
            ELSE
                IF NOT in_order THEN
                    SELECT array_agg(lot.id ORDER BY lot.priority, lot.expires_at, lot.created_at, lot.id),
                           array_agg(held.left_over ORDER BY lot.priority, lot.expires_at, lot.created_at, lot.id)
                    INTO lots, credit
                    FROM unnest(lots, credit) AS held (id, left_over), billing_lot(held.id) AS lot;
                    in_order := true;
                    current := 1;
                END IF;
                asked.lot_movements := '{}';
                missing := -asked.amount;
                WHILE missing > 0 LOOP
                    part := LEAST(missing, credit[current]);
                    IF part > 0 THEN
                        asked.lot_movements := asked.lot_movements || jsonb_build_object(lots[current], (-part)::text);
                        credit[current] := credit[current] - part;
                        missing := missing - part;
                    END IF;
                    current := current + (credit[current] = 0)::integer;
                END LOOP;
            END IF;
            entries := entries || asked;
            places := places || place;
        END LOOP;
        IF cardinality(entries) > 0 THEN
            entries := billing_chained(wallet_row, entries, moment);
            written := written || entries;
            heads := heads || entries[cardinality(entries)];
            field := '';
            FOR number IN 1 .. cardinality(entries) LOOP
                place := places[number];
                entry := entries[number];
                outcome := 'posted';
                available := entry.balance_after;
                is_low := number = cardinality(entries) AND wallet_row.low_balance_notified_at IS NULL
                          AND COALESCE(wallet_row.low_balance_threshold > entry.balance_after, false);
                RETURN NEXT;
            END LOOP;
        END IF;
    END LOOP;
    IF cardinality(written) > 0 THEN
        PERFORM billing_write(written, heads);
    END IF;
END $$;
