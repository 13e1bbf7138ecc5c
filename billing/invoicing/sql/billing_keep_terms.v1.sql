-- Refuse a row that a tenant's own session inserts with other values than the given ones, a JSON object of columns.
-- Later changes of these columns are kept from tenants by the grants of the table.

CREATE OR REPLACE FUNCTION billing_keep_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'lad_app' AND NOT to_jsonb(NEW) @> TG_ARGV[0]::jsonb THEN
        RAISE EXCEPTION 'a tenant does not set its own terms'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $$;
