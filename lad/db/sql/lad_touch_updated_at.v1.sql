-- Set updated_at on every update.

CREATE OR REPLACE FUNCTION lad_touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The clock, not the transaction's start: two updates in one transaction must differ.
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
