-- Refuse a change of status that is not a permitted step, and any other change once a row is closed.
-- Trigger arguments, each an array: the open states, the columns that may always change, the permitted steps
-- as 'from>to'. billing.constraints.status_steps writes them.

CREATE OR REPLACE FUNCTION lad_status_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open_states text[] := TG_ARGV[0];
    free_columns text[] := TG_ARGV[1];
    steps text[] := TG_ARGV[2];
    rule text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = ANY (open_states) THEN
            RETURN OLD;
        END IF;
        rule := 'be deleted';
    ELSIF NEW.status <> OLD.status AND NOT OLD.status || '>' || NEW.status = ANY (steps) THEN
        rule := 'become ' || NEW.status;
    ELSIF OLD.status = ANY (open_states) OR to_jsonb(NEW) - free_columns = to_jsonb(OLD) - free_columns THEN
        RETURN NEW;
    ELSE
        rule := 'be changed';
    END IF;
    RAISE EXCEPTION 'a row of % that is % cannot %', TG_TABLE_NAME, OLD.status, rule
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
