-- Return the caller of a request as JSON: user, role, the tenant's own role that replaces it, tenant, changed rights, whether
-- the session lives and when its user last proved to be there, and feature settings.
-- Without a chosen tenant it is that of the first membership of: preferred, primary, oldest. An unknown user gives null.

CREATE OR REPLACE FUNCTION tenants_caller(
    user_key uuid, chosen_tenant uuid, preferred_tenant uuid, session_key uuid, moment timestamptz
) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    caller users;
    member memberships;
    place tenants;
BEGIN
    SELECT * INTO caller FROM users u WHERE u.id = user_key AND u.deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF chosen_tenant IS NOT NULL THEN
        SELECT * INTO member FROM memberships m
        WHERE m.tenant_id = chosen_tenant AND m.user_id = user_key AND m.deleted_at IS NULL;
    ELSE
        SELECT * INTO member FROM memberships m
        WHERE m.user_id = user_key AND m.deleted_at IS NULL
        ORDER BY m.tenant_id IS DISTINCT FROM preferred_tenant,
                 m.tenant_id IS DISTINCT FROM caller.primary_tenant_id, m.created_at, m.id
        LIMIT 1;
    END IF;
    IF FOUND THEN
        SELECT * INTO place FROM tenants t WHERE t.id = member.tenant_id;
    END IF;
    RETURN json_build_object(
        'user', to_jsonb(caller) - 'password_hash',
        'role', member.role,
        'tenant_role', tenants_role_of(member.tenant_id, member.tenant_role_id),
        'tenant', CASE WHEN place.id IS NOT NULL THEN to_jsonb(place) END,
        'capabilities', (
            SELECT COALESCE(json_agg(json_build_array(c.capability_key, c.enabled)), '[]'::json)
            FROM user_capabilities c WHERE c.tenant_id = place.id AND c.user_id = user_key AND (c.expires_at IS NULL OR c.expires_at > moment)
        ),
        'session_live', EXISTS (
            SELECT 1 FROM refresh_tokens r
            WHERE r.session_id = session_key AND r.revoked_at IS NULL AND r.expires_at > moment
        ),
        'confirmed_at', (SELECT s.confirmed_at FROM user_sessions s WHERE s.id = session_key AND s.user_id = user_key),
        'feature_settings', tenants_feature_settings(place.id, user_key, moment)
    );
END $$;
