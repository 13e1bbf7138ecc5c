-- Return the SQL that gathers one side (o before, n after) of a column into an array. Secrets are masked;
-- an unchanged secret becomes NULL. The mask is lad.db.fields.SECRET_MASK.

CREATE OR REPLACE FUNCTION lad_packed_side(side text, operation text, name text, secret boolean, is_array boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format(CASE
        WHEN operation = CASE side WHEN 'o' THEN 'INSERT' ELSE 'DELETE' END THEN 'NULL::text[]'
        WHEN secret THEN 'array_agg(CASE'
            || CASE operation WHEN 'UPDATE' THEN ' WHEN o.%2$I = n.%2$I THEN NULL' ELSE '' END
            || ' WHEN %1$s.%2$I::text <> '''' THEN ''••••••'' ELSE %1$s.%2$I::text END)'
        WHEN is_array THEN 'array_agg(to_jsonb(%1$s.%2$I))'
        ELSE 'array_agg(%1$s.%2$I)' END, side, name)
$$;
