-- Return numbers for the pieces of a text made by lad_search_text, of which an index of such texts is made.
-- The pieces are every three letters in a row, and the first letter and the first two letters of each word, with the
-- space before it. A text without a space before its first word gives no beginning of that word. The numbers of two
-- tenants differ, so that a search reads its own tenant's part of the index only.

CREATE OR REPLACE FUNCTION lad_search_grams(tenant uuid, value text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(
               array_agg(hashtextextended(gram, seed))
                   FILTER (WHERE length(gram) = 3 AND strpos(substr(gram, 2), ' ') = 0),
               '{}'
           ) || COALESCE(
               array_agg(hashtextextended(left(gram, 2), seed))
                   FILTER (WHERE left(gram, 1) = ' ' AND substr(gram, 2, 1) NOT IN ('', ' ')),
               '{}'
           )
    -- OFFSET 0 keeps the planner from repeating for each piece what is the same for all.
    FROM (
        SELECT substr(line, place, 3) AS gram, seed
        FROM (SELECT translate(value, E'\n', ' ') AS line, uuid_hash_extended(tenant, 0) AS seed OFFSET 0) AS once,
             generate_series(1, length(line)) AS place
        OFFSET 0
    ) AS windows
$$;
