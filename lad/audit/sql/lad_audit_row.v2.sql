-- Write the audit entry of one updated row, for tables that are logged only when chosen columns change.
-- Trigger arguments: the column that names the tenant, then the columns to mask.

CREATE OR REPLACE FUNCTION lad_audit_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    changes jsonb := lad_row_changes(to_jsonb(OLD), to_jsonb(NEW), lad_audited_columns(TG_RELID), TG_ARGV[1:]);
BEGIN
    INSERT INTO audit_entries (id, tenant_id, table_name, action, row_id, row_count, changes,
                               actor_id, request_id, source, login, client_address, client_agent)
    VALUES (lad_time_ordered_id(), (to_jsonb(NEW) ->> TG_ARGV[0])::uuid, TG_TABLE_NAME,
            lad_audit_action('UPDATE', changes), NEW.id, 1, changes,
            NULLIF(current_setting('lad.user_id', true), '')::uuid,
            left(COALESCE(current_setting('lad.request_id', true), ''), 64),
            left(COALESCE(NULLIF(current_setting('lad.source', true), ''), 'sql'), 100), session_user,
            left(COALESCE(current_setting('lad.client_address', true), ''), 45),
            left(COALESCE(current_setting('lad.client_agent', true), ''), 255));
    RETURN NULL;
END $$;

-- For the reasons given in lad_audit.
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION lad_audit_row() SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION lad_audit_row() FROM PUBLIC;
