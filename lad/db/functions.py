"""Trigger functions every table shares, installed by the first migration of the tenants app."""

from lad.db import audit_function

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

INSTALL = TOUCH_UPDATED_AT + REFUSE_CHANGE + audit_function.INSTALL
REMOVE = "DROP FUNCTION IF EXISTS lad_touch_updated_at(), lad_refuse_change();" + audit_function.REMOVE
