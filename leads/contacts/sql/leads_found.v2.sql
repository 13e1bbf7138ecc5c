-- Find the leads in whose text all the words are. Return how many of them are not deleted, and the keys of all, deleted
-- ones included. Counting stops one after "most"; instead of more keys than "few" the keys are null.
-- The tenant role finds leads of the current tenant. The platform role names tenants, or null for the current one.
-- Runs as the owner: beneath the tenant's row-level security PostgreSQL does not use the index.

CREATE OR REPLACE FUNCTION leads_found(words text[], tenants uuid[], few integer, most integer)
RETURNS TABLE (total integer, ids uuid[]) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    word text;
    folded text;
    within text;
    piece text;
    wanted text[] := '{}';
    conditions text := '';
    tenant uuid;
    grams bigint[];
    these_rows integer;
    these_live integer;
    these_ids uuid[];
    all_rows integer := 0;
BEGIN
    IF tenants IS NULL OR current_setting('role') <> 'lad_platform' THEN
        tenants := ARRAY[NULLIF(current_setting('lad.tenant_id', true), '')::uuid];
    END IF;
    FOREACH word IN ARRAY words LOOP
        folded := lad_search_text(word);
        CONTINUE WHEN folded = '';
        within := lad_search_within(word);
        piece := COALESCE(within, folded);
        -- The end of an address, such as "com", is in many texts: it is compared, and the index is not asked for it.
        IF piece ~ '.{5} [^ ]+$' THEN piece := regexp_replace(piece, ' [^ ]+$', ''); END IF;
        wanted := wanted || piece;
        -- What selectors.py asks of the text in leads.
        conditions := conditions || format(
            ' AND (strpos(text, %1$L) > 0 OR strpos(text, %2$L) > 0 AND strpos(split_part(text, E''\n'', 2), %2$L) > 0)',
            folded, within
        );
    END LOOP;
    total := 0;
    ids := '{}';
    IF conditions <> '' THEN
        FOREACH tenant IN ARRAY tenants LOOP
            SELECT array_agg(gram) INTO grams
            FROM unnest(wanted) AS asked, unnest(lad_search_grams(tenant, asked)) AS gram;
            EXECUTE 'SELECT count(*), count(*) FILTER (WHERE NOT lead_is_deleted), array_agg(id)'
                ' FROM (SELECT id, lead_is_deleted FROM lead_search_texts'
                ' WHERE lad_search_grams(tenant_id, text) @> $1 AND tenant_id = $2'
                || conditions || ' LIMIT $3) AS matching'
            INTO these_rows, these_live, these_ids USING grams, tenant, most + 1 - all_rows;
            all_rows := all_rows + these_rows;
            total := total + these_live;
            ids := ids || these_ids;
            EXIT WHEN all_rows > most;
        END LOOP;
    END IF;
    IF all_rows > most THEN total := most + 1; END IF;
    IF all_rows > few THEN ids := NULL; END IF;
    RETURN NEXT;
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION leads_found(text[], uuid[], integer, integer) SET search_path = %I, pg_temp',
                   current_schema());
END $$;
-- The index is always right: a plan that reads the whole table looks cheap for common words of a large tenant.
ALTER FUNCTION leads_found(text[], uuid[], integer, integer) SET enable_seqscan = off;
REVOKE ALL ON FUNCTION leads_found(text[], uuid[], integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION leads_found(text[], uuid[], integer, integer) TO lad_app, lad_platform;
