-- Refuse a key to a shared table's row that belongs to another tenant.
-- Trigger arguments: the key's column, this table's tenant column, the referenced table and its tenant column.

CREATE OR REPLACE FUNCTION lad_refuse_foreign_shared() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- column of the key, own tenant's column, table pointed to, its tenant's column
    target text := to_jsonb(NEW) ->> TG_ARGV[0];
    tenant uuid := (to_jsonb(NEW) ->> TG_ARGV[1])::uuid;
    allowed boolean;
BEGIN
    IF target IS NULL THEN
        RETURN NEW;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I WHERE id = $1::uuid AND (%I IS NULL OR %I = $2))',
                   TG_TABLE_SCHEMA, TG_ARGV[2], TG_ARGV[3], TG_ARGV[3]) INTO allowed USING target, tenant;
    IF NOT allowed THEN
        RAISE EXCEPTION '%.% points to a row of % that is neither the tenant''s nor shared',
            TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[2]
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $$;
