-- Return the columns that the audit log compares. The key repeats row_id, and updated_at changes with every
-- update.

CREATE OR REPLACE FUNCTION lad_audited_columns(relation oid) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
          AND attname NOT IN ('id', 'updated_at')
$$;
