-- Refuse changes to the tables of legacy credits once a tenant's move into wallets is final.
-- billing.legacy.services takes the same lock exclusively to freeze: it waits for writes under way, and later
-- writes see the freeze.

CREATE OR REPLACE FUNCTION lad_refuse_moved_credits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tenants uuid[] := CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.tenant_id]
        WHEN 'DELETE' THEN ARRAY[OLD.tenant_id]
        ELSE ARRAY[OLD.tenant_id, NEW.tenant_id] END;
    each_tenant uuid;
BEGIN
    FOREACH each_tenant IN ARRAY tenants LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('billing_legacy_moves:' || each_tenant, 0));
        IF EXISTS (SELECT FROM billing_legacy_moves WHERE tenant_id = each_tenant AND frozen_at IS NOT NULL) THEN
            RAISE EXCEPTION '% is read-only: the tenant''s credits have moved into wallets', TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME,
                      HINT = 'Post to the wallet instead.';
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
