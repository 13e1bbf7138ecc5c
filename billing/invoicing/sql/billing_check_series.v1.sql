-- Refuse a series of invoice numbers that does not go up by one, begins above 0, or changes its tenant.

CREATE OR REPLACE FUNCTION billing_check_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.last_number = 0 THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.last_number = 0 THEN
            RETURN NEW;
        END IF;
    ELSIF NEW.tenant_id IS DISTINCT FROM OLD.tenant_id THEN
        RAISE EXCEPTION 'a series of invoice numbers stays with its tenant'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
    ELSIF NEW.series = OLD.series AND NEW.last_number IN (OLD.last_number, OLD.last_number + 1) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a series of invoice numbers goes up by one and is never begun again'
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
