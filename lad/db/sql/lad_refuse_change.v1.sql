-- Refuse UPDATE, DELETE and TRUNCATE of an append-only table.

CREATE OR REPLACE FUNCTION lad_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Write a new row that corrects the old one.';
END $$;
