-- Number the prices of one component in one tenant, from 1, as they are written. A price that keeps its component
-- keeps its number.

CREATE OR REPLACE FUNCTION billing_pricing_catalog_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.tenant_id IS NOT DISTINCT FROM NEW.tenant_id AND OLD.category IS NOT DISTINCT FROM NEW.category
           AND OLD.provider IS NOT DISTINCT FROM NEW.provider AND OLD.model IS NOT DISTINCT FROM NEW.model
           AND OLD.unit IS NOT DISTINCT FROM NEW.unit THEN
            NEW.version := OLD.version;
            RETURN NEW;
        END IF;
    END IF;
    -- Whoever numbers the same component at the same moment waits here until this transaction has ended.
    PERFORM pg_advisory_xact_lock(hashtextextended(jsonb_build_array(
        TG_RELID, NEW.tenant_id::text, NEW.category::text, NEW.provider::text, NEW.model::text, NEW.unit::text
    )::text, 0));
    SELECT COALESCE(max(version), 0) + 1 INTO NEW.version FROM billing_pricing_catalog
    WHERE tenant_id IS NOT DISTINCT FROM NEW.tenant_id AND category IS NOT DISTINCT FROM NEW.category
          AND provider IS NOT DISTINCT FROM NEW.provider AND model IS NOT DISTINCT FROM NEW.model
          AND unit IS NOT DISTINCT FROM NEW.unit;
    RETURN NEW;
END $$;
