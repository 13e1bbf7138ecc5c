-- Return a folded word of a search to be found inside words, without the space before it.
-- A word of one or two letters is inside too many words: for it the result is null.

CREATE OR REPLACE FUNCTION lad_search_within(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text := lad_search_text(word);
BEGIN
    RETURN CASE WHEN length(split_part(folded, ' ', 2)) >= 3 THEN ltrim(folded, ' ') END;
END $$;
