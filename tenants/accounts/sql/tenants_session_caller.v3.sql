-- Return an unexpired session as JSON, or null. With its data come the user it names, as tenants_staff_caller returns them,
-- and the user's session, with whether the user has a second factor; both are null if the user's session was ended.
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
    used user_sessions;
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
    SELECT * INTO used FROM user_sessions u
    WHERE u.id = session_id AND u.user_id = user_key AND u.ended_at IS NULL AND u.expires_at > moment;
    IF NOT FOUND THEN
        RETURN json_build_object('data', stored);
    END IF;
    RETURN json_build_object(
        'data', stored,
        'session', json_build_object(
            'last_used_at', used.last_used_at,
            'second_factor_at', used.second_factor_at,
            'confirmed_at', used.confirmed_at,
            'has_second_factor', EXISTS (
                SELECT FROM second_factors f WHERE f.user_id = user_key AND f.confirmed_at IS NOT NULL
            )
        ),
        'caller', tenants_staff_caller(user_key, preferred_tenant, moment)
    );
END $$;
