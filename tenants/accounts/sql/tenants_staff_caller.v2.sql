-- Return an active user as JSON, with where they may work in the admin, or null. Staff of the platform may have chosen any
-- tenant; those who are no superusers have the rights of a platform role. Memberships are ordered: the preferred one, the
-- primary, then the oldest; the feature settings are of the first.

CREATE OR REPLACE FUNCTION tenants_staff_caller(user_key uuid, preferred_tenant uuid, moment timestamptz)
RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
    caller users;
    on_platform boolean;
    places json;
BEGIN
    SELECT * INTO caller FROM users u WHERE u.id = user_key AND u.deleted_at IS NULL AND u.is_active;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    on_platform := caller.is_superuser OR (caller.is_staff AND caller.platform_role_id IS NOT NULL);
    SELECT COALESCE(json_agg(json_build_array(m.role, to_jsonb(t), (
        SELECT COALESCE(json_agg(json_build_array(c.capability_key, c.enabled)), '[]'::json)
        FROM user_capabilities c
        WHERE c.tenant_id = m.tenant_id AND c.user_id = m.user_id AND (c.expires_at IS NULL OR c.expires_at > moment)
    ), tenants_role_of(m.tenant_id, m.tenant_role_id)) ORDER BY m.tenant_id IS DISTINCT FROM preferred_tenant,
                m.tenant_id IS DISTINCT FROM caller.primary_tenant_id, m.created_at, m.id), '[]'::json)
    INTO places
    FROM memberships m JOIN tenants t ON t.id = m.tenant_id
    WHERE m.user_id = caller.id AND m.deleted_at IS NULL AND caller.is_staff AND NOT on_platform;
    RETURN json_build_object(
        'user', to_jsonb(caller),
        'chosen', (SELECT to_jsonb(t) FROM tenants t WHERE t.id = preferred_tenant AND on_platform),
        'platform_rights', (SELECT r.rights FROM platform_roles r WHERE r.id = caller.platform_role_id),
        'places', places,
        'feature_settings', tenants_feature_settings((places -> 0 -> 1 ->> 'id')::uuid, caller.id, moment)
    );
END $$;
