-- Return the changed columns of one row as {column: [before, after]}, secrets masked, or NULL without a change.
-- The mask is lad.db.fields.SECRET_MASK.

CREATE OR REPLACE FUNCTION lad_row_changes(old_row jsonb, new_row jsonb, columns text[], secrets text[])
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(name, CASE WHEN name = ANY (secrets)
        THEN jsonb_build_array(CASE WHEN before IN ('null', '""') THEN before ELSE '"••••••"' END,
                               CASE WHEN after IN ('null', '""') THEN after ELSE '"••••••"' END)
        ELSE jsonb_build_array(before, after) END)
    FROM (SELECT name, COALESCE(old_row -> name, 'null') AS before, COALESCE(new_row -> name, 'null') AS after
          FROM unnest(columns) AS name) AS pairs
    WHERE before <> after
$$;
