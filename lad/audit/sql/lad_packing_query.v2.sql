-- Return the query that writes the packed entries of a big statement and returns whether it did.
-- It writes nothing for an update whose rows differ in other columns than the given ones, or whose rows have no
-- counterpart.

CREATE OR REPLACE FUNCTION lad_packing_query(
    relation regclass, operation text, tenant_column text, columns text[], others text[], secrets text[], total bigint
) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    side text := CASE operation WHEN 'DELETE' THEN 'o' ELSE 'n' END;
    source text := CASE operation WHEN 'INSERT' THEN 'new_rows n' WHEN 'DELETE' THEN 'old_rows o'
                   ELSE 'old_rows o FULL JOIN new_rows n ON o.id = n.id' END;
    unexpected text := 'false';
    changed_where text := 'true';
    tenant text := 'NULL::uuid';
    is_uuid boolean;
    aggregates text;
    packed text;
BEGIN
    SELECT atttypid = 'uuid'::regtype INTO STRICT is_uuid
    FROM pg_attribute WHERE attrelid = relation AND attname = 'id';
    -- A row that moved between tenants is logged for neither: its values belonged to one and now belong to the other.
    IF tenant_column <> '' THEN
        tenant := format(CASE WHEN operation = 'UPDATE' AND tenant_column = ANY (columns)
                         THEN 'CASE WHEN o.%1$I = n.%1$I THEN n.%1$I END' ELSE side || '.%1$I' END, tenant_column);
    END IF;
    IF operation = 'UPDATE' THEN
        unexpected := concat_ws(' OR ', lad_differs(others), 'o.id IS NULL OR n.id IS NULL');
        changed_where := concat_ws(' OR ', lad_differs(columns), unexpected);
    END IF;
    SELECT string_agg(format('%2$s AS o%1$s, %3$s AS n%1$s, %4$s AS same%1$s', place,
               lad_packed_side('o', operation, name, secret, is_array),
               lad_packed_side('n', operation, name, secret, is_array),
               lad_same_for_all(operation, name, secret)), ', '),
           string_agg(format('(%1$L, CASE WHEN same%2$s THEN jsonb_build_array(o%2$s[1], n%2$s[1]) END,'
               ' CASE WHEN NOT same%2$s THEN jsonb_build_array(to_jsonb(o%2$s), to_jsonb(n%2$s)) END)',
               name, place), ', ')
    INTO aggregates, packed
    FROM (SELECT name, place, name = ANY (secrets) AS secret, typcategory = 'A' AS is_array
          FROM unnest(columns) WITH ORDINALITY AS listed(name, place)
          JOIN pg_attribute ON attrelid = relation AND attname = name
          JOIN pg_type ON pg_type.oid = atttypid) AS described;
    RETURN format('
        WITH packed AS MATERIALIZED (
            SELECT %s AS tenant, %s AS bucket, array_agg(%s) AS keys, bool_or(%s) AS unexpected, %s
            FROM %s WHERE %s GROUP BY 1, 2
        ), written AS (
            INSERT INTO audit_entries (id, tenant_id, table_name, action, row_ids, bucket, row_count,
                                       changes, row_changes, actor_id, request_id, source, login,
                                       client_address, client_agent)
            SELECT lad_time_ordered_id(), tenant, $1, lad_audit_action($2, changes), keys, bucket, cardinality(keys),
                   changes, row_changes, $3, $4, $5, $6, $7, $8
            FROM packed,
            LATERAL (SELECT COALESCE(jsonb_object_agg(name, common) FILTER (WHERE common -> 0 <> common -> 1), ''{}'')
                                AS changes,
                            jsonb_object_agg(name, each_row) FILTER (WHERE each_row IS NOT NULL) AS row_changes
                     FROM (VALUES %s) AS by_column (name, common, each_row)) AS packed_columns
            WHERE NOT EXISTS (SELECT FROM packed WHERE unexpected)
        ) SELECT COALESCE(NOT bool_or(unexpected), true) FROM packed',
        tenant, lad_bucket(side || '.id', is_uuid, total),
        CASE WHEN is_uuid THEN side || '.id' ELSE 'lpad(to_hex(' || side || '.id), 32, ''0'')::uuid' END,
        unexpected, aggregates, source, changed_where, packed);
END $$;
