-- Return the net amount that each lot gained or lost in the given lot movements.

CREATE OR REPLACE FUNCTION billing_moved(movements jsonb[]) RETURNS TABLE (lot uuid, amount numeric)
LANGUAGE sql STABLE AS $$
    SELECT movement.key::uuid, sum(movement.value::numeric)
    FROM unnest(movements) AS one, jsonb_each_text(one) AS movement GROUP BY 1
$$;
