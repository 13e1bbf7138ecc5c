-- Return numbers for the words of a text made by lad_search_text, of which the index of messages is made. Each word has
-- one of the tenant and its first four letters, and one that has the day as well, in UTC.
-- The numbers of two tenants differ, so that a search reads its own tenant's part of the index only.

CREATE OR REPLACE FUNCTION inbox_word_numbers(tenant uuid, said_at timestamptz, value text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(array_agg(hashtextextended(beginning, seed)), '{}')
        || COALESCE(array_agg(hashtextextended(beginning, seed # day)), '{}')
    FROM (
        -- OFFSET 0 keeps the planner from repeating for each word what is the same for all.
        SELECT DISTINCT left(word, 4) AS beginning, seed, day
        FROM (
            SELECT uuid_hash_extended(tenant, 0) AS seed,
                   (timezone('UTC', said_at)::date - DATE '2000-01-01' + 1)::bigint AS day OFFSET 0
        ) AS once, unnest(string_to_array(value, ' ')) AS word
        WHERE word <> ''
        OFFSET 0
    ) AS words
$$;
