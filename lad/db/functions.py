"""Trigger functions every table shares, installed by the first migration of the tenants app."""

TOUCH_UPDATED_AT = """
CREATE OR REPLACE FUNCTION lad_touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The clock, not the transaction's start: two updates in one transaction must differ.
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
"""

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION lad_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Write a new row that corrects the old one.';
END $$;
"""

# Added after the first release of the tables; the second migration of the tenants app installs them.
SHARED_ROWS = """
CREATE OR REPLACE FUNCTION lad_keep_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> TG_ARGV[0] IS DISTINCT FROM to_jsonb(NEW) ->> TG_ARGV[0] THEN
        RAISE EXCEPTION 'a row of % stays with whom it belongs to', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME,
                  HINT = 'Make a new row for the other tenant.';
    END IF;
    RETURN NEW;
END $$;
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
"""
REMOVE_SHARED_ROWS = "DROP FUNCTION IF EXISTS lad_keep_tenant(), lad_refuse_foreign_shared();"

# What a row may become, and what of it may change when it is no longer open: see billing.constraints.
STATUS_STEPS = """
CREATE OR REPLACE FUNCTION lad_status_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open_states text[] := TG_ARGV[0];
    free_columns text[] := TG_ARGV[1];
    steps text[] := TG_ARGV[2];
    says text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = ANY (open_states) THEN
            RETURN OLD;
        END IF;
        says := 'be deleted';
    ELSIF NEW.status <> OLD.status AND NOT OLD.status || '>' || NEW.status = ANY (steps) THEN
        says := 'become ' || NEW.status;
    ELSIF OLD.status = ANY (open_states) OR to_jsonb(NEW) - free_columns = to_jsonb(OLD) - free_columns THEN
        RETURN NEW;
    ELSE
        says := 'be changed';
    END IF;
    RAISE EXCEPTION 'a row of % that is % cannot %', TG_TABLE_NAME, OLD.status, says
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
"""
REMOVE_STATUS_STEPS = "DROP FUNCTION IF EXISTS lad_status_steps();"

INSTALL = TOUCH_UPDATED_AT + REFUSE_CHANGE
REMOVE = "DROP FUNCTION IF EXISTS lad_touch_updated_at(), lad_refuse_change();"
