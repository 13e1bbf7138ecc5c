-- Return numbers for the words of a text made by lad_search_text, of which the index of messages is made. Each word has
-- numbers for its first four and six letters and the day, in UTC, and for its first four, six, nine and twelve letters
-- and the 128 days around it, as far as it has so many. A frequent word is met within a few days, and a rare one has few
-- messages in a longer span, if many of its letters are asked for.
-- The numbers of two tenants differ, so that a search reads its own tenant's part of the index only.

CREATE OR REPLACE FUNCTION inbox_word_numbers(tenant uuid, said_at timestamptz, value text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(array_agg(hashtextextended(beginning, seed # -(day / 128) - 1)), '{}')
        || COALESCE(array_agg(hashtextextended(beginning, seed # day)) FILTER (WHERE length(beginning) <= 6), '{}')
    FROM (
        -- OFFSET 0 keeps the planner from repeating for each word what is the same for all.
        SELECT DISTINCT left(word, letters) AS beginning, seed, day
        FROM (
            SELECT uuid_hash_extended(tenant, 0) AS seed,
                   (timezone('UTC', said_at)::date - DATE '2000-01-01' + 1)::bigint AS day OFFSET 0
        ) AS once, unnest(string_to_array(value, ' ')) AS word, (VALUES (4), (6), (9), (12)) AS beginning (letters)
        WHERE word <> '' AND (letters = 4 OR length(word) >= letters)
        OFFSET 0
    ) AS words
$$;
