-- Return the SQL for the bucket of a row: the number of buckets plus the low bits of the row's key.
-- There is about one bucket for a thousand rows and at most 2^16, as lad.audit.trigger rule
-- (ROWS_PER_ENTRY, MOST_BUCKET_BITS).

CREATE OR REPLACE FUNCTION lad_bucket(key text, is_uuid boolean, total bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE WHEN is_uuid
        THEN '%1$s + ((get_byte(uuid_send(%2$s), 14) << 8 | get_byte(uuid_send(%2$s), 15)) & %3$s)'
        ELSE '%1$s + (%2$s & %3$s)::integer' END, size, key, size - 1)
    FROM (SELECT LEAST(16, GREATEST(0, ceil(log(2, total / 1000.0)))) AS bits) AS b,
         LATERAL (SELECT 1 << bits::integer AS size) AS s
$$;
