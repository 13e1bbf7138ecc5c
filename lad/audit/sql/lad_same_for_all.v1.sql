-- Return the SQL condition under which a column has the same values in all rows of a statement.

CREATE OR REPLACE FUNCTION lad_same_for_all(operation text, name text, secret boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE WHEN secret THEN 'false' ELSE 'bool_and(' || concat_ws(' AND ',
        CASE WHEN operation <> 'INSERT' THEN 'o.%1$I IS NOT DISTINCT FROM (SELECT %1$I FROM old_rows LIMIT 1)' END,
        CASE WHEN operation <> 'DELETE' THEN 'n.%1$I IS NOT DISTINCT FROM (SELECT %1$I FROM new_rows LIMIT 1)' END
    ) || ')' END, name)
$$;
