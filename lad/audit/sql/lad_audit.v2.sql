-- Write the audit entries of one statement: one entry a row up to a hundred rows (FEW_ROWS), packed entries above.
-- Trigger arguments: the column that names the tenant, then the columns to mask.
-- docs/decisions/0005-audit-log.md explains the design.

CREATE OR REPLACE FUNCTION lad_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
-- An audited table may have columns named like the variables below.
#variable_conflict use_variable
DECLARE
    -- What the trigger was made with: the column that names the tenant, then the columns to mask.
    tenant_column text := TG_ARGV[0];
    secrets text[] := TG_ARGV[1:];
    columns text[] := lad_audited_columns(TG_RELID);
    actor uuid := NULLIF(current_setting('lad.user_id', true), '')::uuid;
    request text := left(COALESCE(current_setting('lad.request_id', true), ''), 64);
    origin text := left(COALESCE(NULLIF(current_setting('lad.source', true), ''), 'sql'), 100);
    address text := left(COALESCE(current_setting('lad.client_address', true), ''), 45);
    agent text := left(COALESCE(current_setting('lad.client_agent', true), ''), 255);
    total bigint;
    changed text[];
    others text[];
    written boolean := false;
    old_row_values jsonb[];
    new_row_values jsonb[];
BEGIN
    IF TG_OP = 'DELETE' THEN SELECT count(*) INTO total FROM old_rows;
    ELSE SELECT count(*) INTO total FROM new_rows; END IF;
    IF total = 0 THEN RETURN NULL; END IF;
    -- The entry has the tenant, and the moment.
    IF TG_OP <> 'UPDATE' THEN columns := array_remove(array_remove(columns, 'created_at'), tenant_column); END IF;

    IF total > 100 THEN
        IF TG_OP = 'UPDATE' THEN
            -- The first row nearly always shows which columns the statement changes; packing proves it or rule no.
            SELECT array_agg(name) INTO changed
            FROM (SELECT to_jsonb(o) AS o FROM old_rows o LIMIT 1) AS before,
                 (SELECT to_jsonb(n) AS n FROM new_rows n LIMIT 1) AS after, unnest(columns) AS name
            WHERE o -> 'id' = n -> 'id' AND o -> name <> n -> name;
        ELSE
            changed := columns;
        END IF;
        FOR attempt IN 1..2 LOOP
            IF cardinality(changed) > 0 THEN
                SELECT array_agg(name) INTO others FROM unnest(columns) AS name WHERE name <> ALL (changed);
                EXECUTE lad_packing_query(TG_RELID, TG_OP, tenant_column, changed, others, secrets, total)
                INTO written USING TG_TABLE_NAME, TG_OP, actor, request, origin, session_user,
                                   address, agent;
            END IF;
            EXIT WHEN written OR attempt = 2;
            EXECUTE lad_change_query(columns) INTO changed;
        END LOOP;
        IF written THEN RETURN NULL; END IF;
        IF cardinality(changed) = 0
           AND NOT EXISTS (SELECT FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.id = n.id)) THEN
            RETURN NULL;
        END IF;
    END IF;

    -- Few rows, or rows whose keys were changed, which no entry may hide.
    IF TG_OP = 'INSERT' THEN
        SELECT array_fill(NULL::jsonb, ARRAY[total::integer]), array_agg(to_jsonb(n))
        INTO old_row_values, new_row_values FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(to_jsonb(o)), array_fill(NULL::jsonb, ARRAY[total::integer])
        INTO old_row_values, new_row_values FROM old_rows o;
    ELSE
        SELECT array_agg(to_jsonb(o)), array_agg(to_jsonb(n))
        INTO old_row_values, new_row_values FROM old_rows o FULL JOIN new_rows n ON o.id = n.id
        WHERE o IS DISTINCT FROM n;
    END IF;
    INSERT INTO audit_entries (id, tenant_id, table_name, action, row_id, row_count, changes,
                               actor_id, request_id, source, login, client_address, client_agent)
    SELECT lad_time_ordered_id(),
           CASE WHEN o IS NULL THEN n ->> tenant_column WHEN n IS NULL THEN o ->> tenant_column
                WHEN o ->> tenant_column = n ->> tenant_column THEN n ->> tenant_column END::uuid,
           TG_TABLE_NAME,
           lad_audit_action(CASE WHEN o IS NULL THEN 'INSERT' WHEN n IS NULL THEN 'DELETE' ELSE 'UPDATE' END, changes),
           CASE jsonb_typeof(key) WHEN 'number' THEN lpad(to_hex((key #>> '{}')::bigint), 32, '0')
                ELSE key #>> '{}' END::uuid,
           1, COALESCE(changes, '{}'), actor, request, origin, session_user, address, agent
    FROM (SELECT o, n, COALESCE(n, o) -> 'id' AS key, lad_row_changes(o, n, columns, secrets) AS changes
          FROM unnest(old_row_values, new_row_values) AS row_pairs (o, n)) AS compared
    WHERE changes IS NOT NULL OR o IS NULL OR n IS NULL;
    RETURN NULL;
END $$;

-- Fix the search path: a function of the same name in somebody's temporary schema would write the log elsewhere.
-- Nobody else may execute it: in a trigger of their own they could log what never happened.
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION lad_audit() SET search_path = %I, pg_temp', current_schema());
END $$;
ALTER FUNCTION lad_audit() SET work_mem = '64MB';
REVOKE ALL ON FUNCTION lad_audit() FROM PUBLIC;
