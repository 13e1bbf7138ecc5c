-- Return a lot by its key. LIMIT keeps the planner from joining lots by their tenant, for which it only knows an
-- average.

CREATE OR REPLACE FUNCTION billing_lot(key uuid) RETURNS SETOF billing_credit_lots LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT * FROM billing_credit_lots WHERE id = key LIMIT 1
$$;
