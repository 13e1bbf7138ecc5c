-- Refuse, at commit, a number that was taken from a series and is on no invoice.

CREATE OR REPLACE FUNCTION billing_check_number_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM billing_invoices
      WHERE tenant_id = NEW.tenant_id AND series = NEW.series AND sequence_number = NEW.last_number;
    IF NOT FOUND AND NEW.last_number <> OLD.last_number THEN
        RAISE EXCEPTION 'number % of the series % was taken and is on no invoice', NEW.last_number, NEW.series
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END $$;
