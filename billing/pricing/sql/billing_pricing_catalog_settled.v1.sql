-- Refuse to change what a price rule once it is in force.

CREATE OR REPLACE FUNCTION billing_pricing_catalog_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.effective_from <= clock_timestamp() AND (
        OLD.category IS DISTINCT FROM NEW.category OR OLD.provider IS DISTINCT FROM NEW.provider
        OR OLD.model IS DISTINCT FROM NEW.model OR OLD.unit IS DISTINCT FROM NEW.unit
        OR OLD.scheme IS DISTINCT FROM NEW.scheme OR OLD.unit_price IS DISTINCT FROM NEW.unit_price
        OR OLD.package_size IS DISTINCT FROM NEW.package_size OR OLD.tiers IS DISTINCT FROM NEW.tiers
        OR OLD.effective_from IS DISTINCT FROM NEW.effective_from
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME,
            MESSAGE = 'a row that has begun keeps what it began with';
    END IF;
    RETURN NEW;
END $$;
