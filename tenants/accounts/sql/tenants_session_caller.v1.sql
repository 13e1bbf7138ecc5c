-- Return an unexpired session as JSON, with its data and the user it names as tenants_staff_caller returns them; or null.
-- The data is JSON in base64, and a signature. Only the application can check the signature, and it must do so before it
-- believes who the user is. Data in another form names no user.

CREATE OR REPLACE FUNCTION tenants_session_caller(session_name text, moment timestamptz)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    stored text;
    encoded text;
    content jsonb;
    user_key uuid;
    preferred_tenant uuid;
BEGIN
    SELECT s.session_data INTO stored FROM django_session s
    WHERE s.session_key = session_name AND s.expire_date > moment;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    BEGIN
        encoded := translate(split_part(stored, ':', 1), '-_', '+/');
        encoded := rpad(encoded, (length(encoded) + 3) / 4 * 4, '=');
        content := convert_from(decode(encoded, 'base64'), 'UTF8');
        user_key := content ->> '_auth_user_id';
        preferred_tenant := content ->> 'tenant_id';
    EXCEPTION WHEN data_exception THEN
        user_key := NULL;
    END;
    RETURN json_build_object('data', stored, 'caller', tenants_staff_caller(user_key, preferred_tenant, moment));
END $$;
