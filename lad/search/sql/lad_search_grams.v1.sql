-- Return numbers for the pieces of a text made by lad_search_text, of which an index of such texts is made.
-- The pieces are every three letters in a row, and the first letter and the first two letters of each word, with the
-- space before it. A text without a space before its first word gives no beginning of that word. The numbers of two
-- tenants differ, so that a search reads its own tenant's part of the index only.

CREATE OR REPLACE FUNCTION lad_search_grams(tenant uuid, value text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(
               array_agg(hashtextextended(gram, uuid_hash_extended(tenant, 0)))
                   FILTER (WHERE length(gram) = 3 AND strpos(substr(gram, 2), ' ') = 0),
               '{}'
           ) || COALESCE(
               array_agg(hashtextextended(left(gram, 2), uuid_hash_extended(tenant, 0)))
                   FILTER (WHERE left(gram, 1) = ' ' AND substr(gram, 2, 1) NOT IN ('', ' ')),
               '{}'
           )
    FROM (
        SELECT substr(translate(value, E'\n', ' '), place, 3) AS gram FROM generate_series(1, length(value)) AS place
    ) AS windows
$$;
