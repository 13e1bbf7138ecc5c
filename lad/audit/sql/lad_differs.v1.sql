-- Return the SQL condition under which any of the columns differs between the rows o and n.

CREATE OR REPLACE FUNCTION lad_differs(columns text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('o.%1$I IS DISTINCT FROM n.%1$I', name), ' OR ') FROM unnest(columns) AS name
$$;
