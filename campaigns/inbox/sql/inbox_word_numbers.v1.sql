-- Return numbers for the words of a text made by lad_search_text, of which the index of messages is made. Each word has
-- them for its first four letters, and for its first seven if it has as many: one with the day, and one with the 128
-- days around it, in UTC. So a frequent word is met within a few days, and a rare one within few of the longer spans.
-- The numbers of two tenants differ, so that a search reads its own tenant's part of the index only.

CREATE OR REPLACE FUNCTION inbox_word_numbers(tenant uuid, said_at timestamptz, value text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(array_agg(hashtextextended(beginning, seed # day)), '{}')
        || COALESCE(array_agg(hashtextextended(beginning, seed # -(day / 128) - 1)), '{}')
    FROM (
        -- OFFSET 0 keeps the planner from repeating for each word what is the same for all.
        SELECT DISTINCT left(word, letters) AS beginning, seed, day
        FROM (
            SELECT uuid_hash_extended(tenant, 0) AS seed,
                   (timezone('UTC', said_at)::date - DATE '2000-01-01' + 1)::bigint AS day OFFSET 0
        ) AS once, unnest(string_to_array(value, ' ')) AS word, (VALUES (4), (7)) AS beginning (letters)
        WHERE word <> '' AND (letters = 4 OR length(word) >= letters)
        OFFSET 0
    ) AS words
$$;
