-- Return an unexpired session as JSON, or null. With its data come the user it names, as tenants_staff_caller returns them,
-- and when the session was used last; both are null if the user's session was ended.
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
    session_id uuid;
    last_used timestamptz;
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
        session_id := content ->> 'session_id';
    EXCEPTION WHEN data_exception THEN
        user_key := NULL;
    END;
    SELECT u.last_used_at INTO last_used FROM user_sessions u
    WHERE u.id = session_id AND u.user_id = user_key AND u.ended_at IS NULL AND u.expires_at > moment;
    RETURN json_build_object(
        'data', stored,
        'last_used_at', last_used,
        'caller', CASE WHEN last_used IS NOT NULL THEN tenants_staff_caller(user_key, preferred_tenant, moment) END
    );
END $$;
