-- Return the action that the audit log shows. A soft deletion and its restore are updates in the database,
-- but not for people.

CREATE OR REPLACE FUNCTION lad_audit_action(operation text, changes jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN operation = 'INSERT' THEN 'created'
        WHEN operation = 'DELETE' OR changes #> '{deleted_at,0}' = 'null' THEN 'deleted'
        WHEN changes #> '{deleted_at,1}' = 'null' THEN 'restored'
        ELSE 'updated' END
$$;
