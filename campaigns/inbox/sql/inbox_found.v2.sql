-- Find the conversations of the current tenant in one of whose messages all the words are: the newest ones, at most
-- "wanted". Words of four letters or more are found by their beginning, shorter ones are whole words.
-- The newest messages are read whatever they say, as many as "newest_read"; then the last days one by one, the newest
-- first, until enough are found, and then spans of 128 days. A word that is frequent is met soon, and one that is rare
-- has few messages in a span. While days promise to find the rest soon, they go on.
-- Runs as the owner: beneath the tenant's row-level security PostgreSQL does not use the index.

DROP FUNCTION IF EXISTS inbox_found(text[], integer);
CREATE OR REPLACE FUNCTION inbox_found(words text[], wanted integer, newest_read integer) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    days integer := 22;
    -- So many more days are read one by one if they are enough, going by those before.
    more CONSTANT integer := 30;
    most_days CONSTANT integer := 120;
    -- As the index has them. Sixteen years are searched.
    span CONSTANT integer := 128;
    spans CONSTANT integer := 46;
    -- Messages of one day or span that are looked at.
    most CONSTANT integer := 4000;
    tenant uuid := NULLIF(current_setting('lad.tenant_id', true), '')::uuid;
    seed bigint;
    newest_day bigint;
    place bigint;
    before timestamptz := 'infinity';
    pieces text[];
    of_days text[];
    of_spans text[];
    numbers bigint[];
    met uuid[] := '{}';
    these uuid[];
BEGIN
    -- The last part of an address, such as "com", is in many messages: it is looked for in texts, not in the index.
    SELECT array_agg(DISTINCT CASE WHEN length(piece) >= 4 THEN ' ' || piece ELSE ' ' || piece || ' ' END),
        array_agg(DISTINCT left(piece, CASE WHEN length(piece) >= 6 THEN 6 ELSE 4 END)) FILTER (WHERE is_asked),
        array_agg(DISTINCT left(piece, CASE WHEN length(piece) >= 12 THEN 12 WHEN length(piece) >= 9 THEN 9
            WHEN length(piece) >= 6 THEN 6 ELSE 4 END)) FILTER (WHERE is_asked)
    INTO pieces, of_days, of_spans
    FROM (
        SELECT piece, part_number = 1 OR part_number < cardinality(parts) AS is_asked
        FROM unnest(words) AS word, string_to_array(ltrim(lad_search_text(word), ' '), ' ') AS parts,
            unnest(parts) WITH ORDINALITY AS part (piece, part_number)
        WHERE piece <> ''
    ) AS asked;
    IF tenant IS NULL OR pieces IS NULL THEN RETURN '{}'; END IF;
    SELECT array_agg(conversation_id ORDER BY newest DESC) INTO met FROM (
        SELECT conversation_id, max(said_at) AS newest FROM (
            SELECT conversation_id, said_at, text || ' ' AS content FROM inbox_message_texts
            WHERE tenant_id = tenant ORDER BY said_at DESC LIMIT newest_read
        ) AS read WHERE NOT EXISTS (SELECT FROM unnest(pieces) AS piece WHERE strpos(read.content, piece) = 0)
        GROUP BY conversation_id
    ) AS found;
    met := COALESCE(met, '{}');
    IF cardinality(met) >= wanted THEN RETURN met[1:wanted]; END IF;
    seed := uuid_hash_extended(tenant, 0);
    -- A provider's clock may be ahead.
    newest_day := timezone('UTC', now())::date - DATE '2000-01-01' + 2;
    FOR turn IN 0 .. most_days + spans - 1 LOOP
        EXIT WHEN turn = days + spans;
        IF turn = days AND days < most_days AND (wanted - cardinality(met)) * days <= more * cardinality(met) THEN
            days := least(days + more, most_days);
        END IF;
        IF turn < days THEN
            place := newest_day - turn;
        ELSE
            before := timezone('UTC', (DATE '2000-01-01' + (newest_day - days)::integer)::timestamp);
            place := -((newest_day - days) / span - (turn - days)) - 1;
        END IF;
        SELECT array_agg(hashtextextended(beginning, seed # place)) INTO numbers
        FROM unnest(CASE WHEN turn < days THEN of_days ELSE of_spans END) AS beginning;
        -- Written so that the planner can use no other index, by which it would read all messages of the tenant.
        SELECT array_agg(conversation_id ORDER BY newest DESC) INTO these FROM (
            SELECT conversation_id, max(said_at) AS newest FROM (
                SELECT texts.conversation_id, texts.said_at FROM inbox_message_texts AS texts
                WHERE inbox_word_numbers(texts.tenant_id, texts.said_at, texts.text) @> numbers
                    AND texts.tenant_id IS NOT DISTINCT FROM tenant AND texts.said_at + interval '0' < before
                    AND NOT EXISTS (SELECT FROM unnest(pieces) AS piece WHERE strpos(texts.text || ' ', piece) = 0)
                LIMIT most
            ) AS matching WHERE conversation_id <> ALL (met) GROUP BY conversation_id
        ) AS found;
        met := met || COALESCE(these, '{}');
        EXIT WHEN cardinality(met) >= wanted;
    END LOOP;
    RETURN met[1:wanted];
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION inbox_found(text[], integer, integer) SET search_path = %I, pg_temp', current_schema());
END $$;
-- The index is always right: a plan that reads the whole table looks cheap for common words of a large tenant.
ALTER FUNCTION inbox_found(text[], integer, integer) SET enable_seqscan = off;
-- Its plan does not depend on the words.
ALTER FUNCTION inbox_found(text[], integer, integer) SET plan_cache_mode = force_generic_plan;
REVOKE ALL ON FUNCTION inbox_found(text[], integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION inbox_found(text[], integer, integer) TO lad_app, lad_platform;
