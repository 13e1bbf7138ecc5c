-- Keep the row of lead_search_texts that holds the lead's text, after the lead was inserted or its text or deletion
-- changed. Runs as the owner: nobody else may write that table.

CREATE OR REPLACE FUNCTION leads_keep_search_text() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO lead_search_texts (id, tenant_id, created_at, text, lead_is_deleted)
    VALUES (NEW.id, NEW.tenant_id, NEW.created_at, NEW.search_text, NEW.deleted_at IS NOT NULL)
    ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text, lead_is_deleted = EXCLUDED.lead_is_deleted;
    RETURN NULL;
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION leads_keep_search_text() SET search_path = %I, pg_temp', current_schema());
END $$;
-- In a trigger of their own somebody could write another tenant's texts.
REVOKE ALL ON FUNCTION leads_keep_search_text() FROM PUBLIC;
