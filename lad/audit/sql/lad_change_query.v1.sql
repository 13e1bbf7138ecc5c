-- Return the query that lists the columns which a statement changed in any row.

CREATE OR REPLACE FUNCTION lad_change_query(columns text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT array_remove(ARRAY[%s], NULL) FROM old_rows o JOIN new_rows n USING (id)',
                  string_agg(format('CASE WHEN bool_or(%s) THEN %L END', lad_differs(ARRAY[name]), name), ', '))
    FROM unnest(columns) AS name
$$;
