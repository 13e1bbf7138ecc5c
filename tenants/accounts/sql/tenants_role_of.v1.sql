-- Return a tenant's own role as JSON, or null for a member who has a default role. A deleted role has no rights.

CREATE OR REPLACE FUNCTION tenants_role_of(tenant uuid, role_key uuid) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF role_key IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT json_build_object('key', r.key, 'name', r.name, 'rights',
                                 CASE WHEN r.deleted_at IS NULL THEN r.rights ELSE '{}' END)
        FROM tenant_roles r WHERE r.tenant_id = tenant AND r.id = role_key
    );
END $$;
