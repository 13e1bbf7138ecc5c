-- Find the conversations of the current tenant in one of whose messages all the words are: the newest ones, at most
-- "wanted". Words of four letters or more are found by their beginning, shorter ones are whole words.
-- The last days are read one by one, the newest first, until enough are found; then all the rest at once. A word that
-- is frequent is met soon, and one that is rare has few messages.
-- Runs as the owner: beneath the tenant's row-level security PostgreSQL does not use the index.

CREATE OR REPLACE FUNCTION inbox_found(words text[], wanted integer) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    -- So many days are read one by one, and so many messages of one of them.
    days CONSTANT integer := 21;
    most CONSTANT integer := 4000;
    tenant uuid := NULLIF(current_setting('lad.tenant_id', true), '')::uuid;
    today date;
    pieces text[];
    numbers bigint[];
    met uuid[] := '{}';
    these uuid[];
BEGIN
    SELECT array_agg(DISTINCT CASE WHEN length(piece) >= 4 THEN ' ' || piece ELSE ' ' || piece || ' ' END)
    INTO pieces
    FROM unnest(words) AS word, unnest(string_to_array(lad_search_text(word), ' ')) AS piece WHERE piece <> '';
    IF tenant IS NULL OR pieces IS NULL THEN RETURN '{}'; END IF;
    today := timezone('UTC', now())::date;
    FOR back IN 0 .. days - 1 LOOP
        SELECT array_agg(hashtextextended(left(btrim(piece), 4), uuid_hash_extended(tenant, 0)
            # (today - back - DATE '2000-01-01' + 1)::bigint)) INTO numbers FROM unnest(pieces) AS piece;
        SELECT array_agg(conversation_id ORDER BY newest DESC) INTO these FROM (
            SELECT conversation_id, max(said_at) AS newest FROM (
                SELECT texts.conversation_id, texts.said_at FROM inbox_message_texts AS texts
                WHERE inbox_word_numbers(texts.tenant_id, texts.said_at, texts.text) @> numbers
                    AND texts.tenant_id = tenant
                    AND NOT EXISTS (SELECT FROM unnest(pieces) AS piece WHERE strpos(texts.text || ' ', piece) = 0)
                LIMIT most
            ) AS matching WHERE conversation_id <> ALL (met) GROUP BY conversation_id
        ) AS found;
        met := met || COALESCE(these, '{}');
        IF cardinality(met) >= wanted THEN RETURN met[1:wanted]; END IF;
    END LOOP;
    SELECT array_agg(hashtextextended(left(btrim(piece), 4), uuid_hash_extended(tenant, 0)))
    INTO numbers FROM unnest(pieces) AS piece;
    SELECT array_agg(conversation_id ORDER BY newest DESC) INTO these FROM (
        SELECT conversation_id, max(said_at) AS newest FROM (
            SELECT texts.conversation_id, texts.said_at FROM inbox_message_texts AS texts
            WHERE inbox_word_numbers(texts.tenant_id, texts.said_at, texts.text) @> numbers
                AND texts.tenant_id = tenant
                AND NOT EXISTS (SELECT FROM unnest(pieces) AS piece WHERE strpos(texts.text || ' ', piece) = 0)
            LIMIT most
        ) AS matching WHERE conversation_id <> ALL (met) GROUP BY conversation_id
    ) AS found;
    met := met || COALESCE(these, '{}');
    RETURN met[1:wanted];
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION inbox_found(text[], integer) SET search_path = %I, pg_temp', current_schema());
END $$;
-- The index is always right: a plan that reads the whole table looks cheap for common words of a large tenant.
ALTER FUNCTION inbox_found(text[], integer) SET enable_seqscan = off;
-- Its plan does not depend on the words.
ALTER FUNCTION inbox_found(text[], integer) SET plan_cache_mode = force_generic_plan;
REVOKE ALL ON FUNCTION inbox_found(text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION inbox_found(text[], integer) TO lad_app, lad_platform;
