-- Return the sum of the amounts of invoice lines.

CREATE OR REPLACE FUNCTION billing_sum_of(lines jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(sum((line ->> 'amount')::numeric), 0) FROM jsonb_array_elements(lines) AS line
$$;
