-- Refuse to move a shared row to another tenant.
-- Trigger argument: the column that names the tenant.

CREATE OR REPLACE FUNCTION lad_keep_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(NEW) ->> TG_ARGV[0] THEN
        RAISE EXCEPTION 'a row of % stays with whom it belongs to', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME,
                  HINT = 'Make a new row for the other tenant.';
    END IF;
    RETURN NEW;
END $$;
